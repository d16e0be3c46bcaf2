// Larkfield's own app: all that a brand writes around the web SDK.
import { connect } from "/sdk/v1/proactive.js";
import "/sdk/v1/dialog.js";

const { account, app, signIn, worker, icon } = document.body.dataset;
const find = (selector) => document.querySelector(selector);
const dialog = find("proactive-dialog");
const form = find("#sign-in");
const inbox = find("#inbox");
const pushState = find("#push-state");
const subscribe = find("#subscribe");
let client = null;

// What a brand's sign-in hands to its app. The person stays signed in for the next visit.
async function getToken(person) {
  const body = new FormData(form);
  body.set("person", person);
  const answer = await fetch(signIn, { method: "POST", body });
  const { token, detail } = await answer.json();
  if (!answer.ok) throw new Error(detail);
  return token;
}

async function enter(person) {
  client = await connect({
    account,
    app,
    worker,
    icon: new URL(icon, location.href).href,
    getToken: () => getToken(person),
  });
  localStorage.setItem("person", person);
  find("#hello").textContent = `Hello, ${find(`option[value="${CSS.escape(person)}"]`).dataset.name}`;
  find("#out").hidden = true;
  find("#in").hidden = false;
  find("#hello").focus();
  client.addEventListener("change", drawInbox);
  drawInbox();
  dialog.hidden = false;
  dialog.client = client;
  drawPush(Boolean(client.device));
}

function drawInbox() {
  const waiting = client.inbox();
  find("#empty").hidden = waiting.length > 0;
  inbox.replaceChildren(
    ...waiting.map((one) => {
      const title = document.createElement("b");
      title.textContent = one.title;
      const text = document.createElement("span");
      text.textContent = one.text;
      const button = document.createElement("button");
      button.append(title, text);
      button.addEventListener("click", () => dialog.open(one.messageId));
      const row = document.createElement("li");
      row.append(button);
      return row;
    }),
  );
}

function drawPush(isOn) {
  pushState.textContent = isOn ? "On in this browser." : "Off in this browser.";
  subscribe.hidden = isOn;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const alert = find("#sign-in [role=alert]");
  alert.textContent = "";
  try {
    await enter(find("#person").value);
  } catch (error) {
    alert.textContent = error.detail ?? error.message;
  }
});

subscribe.addEventListener("click", async () => {
  pushState.textContent = "Asking …";
  try {
    await client.subscribe();
    drawPush(true);
  } catch (error) {
    pushState.textContent = WHY[error.message] ?? error.detail ?? "That did not work.";
  }
});
const WHY = {
  unsupported: "This browser has no notifications.",
  denied: "This browser does not allow notifications from here.",
  timeout: "The browser’s push service does not answer.",
};

find("#log-out").addEventListener("submit", async (event) => {
  event.preventDefault();
  localStorage.removeItem("person");
  await client.logout(find("#type").value);
  location.reload();
});

const person = localStorage.getItem("person");
if (person && app) enter(person).catch(() => localStorage.removeItem("person"));
