// The agent widget in its frame: whose messages, may they be read, and what they are.
import { CodeRefused, Unauthorized, messagesOf, openWindow, redeem } from "./access.js";
import { consumerIn, themeIn, withoutCode } from "./address.js";
import { followChatwoot } from "./chatwoot.js";
import { followAgentSdk } from "./liveperson.js";
import { showIn } from "./messages.js";

const REFRESH = 30_000;
// As many as the installation tells of.
const MOST = 5;
const page = document.body.dataset;
const list = document.querySelector("#list");
const say = document.querySelector("#say");
const told = document.querySelector("#told");
const signIn = document.querySelector("#sign-in");
const origins = [location.origin, ...page.origins.split(" ").filter(Boolean)];

// The token lives here and nowhere else: a reload asks to sign in again.
let token = "";
let consumer = "";
let asked = 0;

function tell(sentence) {
  if (say.textContent !== sentence) say.textContent = sentence;
}

function clear() {
  list.replaceChildren();
  list.hidden = told.hidden = true;
}

function askToSignIn(sentence) {
  token = "";
  clear();
  signIn.hidden = false;
  tell(sentence);
}

function show(messages) {
  showIn(list, messages, page.timeZone);
  list.hidden = told.hidden = messages.length === 0;
  told.textContent = messages.length < MOST ? `${messages.length} in 30 days` : `The last ${MOST}`;
  tell(messages.length ? "" : "Nothing was sent to this consumer in the last 30 days.");
}

async function refresh() {
  const turn = ++asked;
  if (!token) return;
  if (!consumer) {
    clear();
    tell("Waiting for the workspace to say whose conversation this is.");
    return;
  }
  try {
    const messages = await messagesOf(page.messagesUrl, consumer, token);
    // Meanwhile the agent may have turned to somebody else.
    if (turn === asked) show(messages);
  } catch (error) {
    if (turn !== asked) return;
    if (error instanceof Unauthorized) askToSignIn("Your sign-in has ended.");
    else tell("The messages could not be fetched. It is tried again by itself.");
  }
}

function turnTo(id) {
  if (id === consumer) return;
  consumer = id;
  clear();
  refresh();
}

function setTheme(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

async function enter(code) {
  try {
    token = await redeem(page.tokenUrl, code);
  } catch (error) {
    const sentence =
      error instanceof CodeRefused ? error.message : "The installation could not be reached.";
    askToSignIn(sentence);
    return;
  }
  signIn.hidden = true;
  tell("");
  refresh();
}

signIn.addEventListener("click", () => {
  const opened = openWindow(page.signInUrl, enter);
  tell(opened ? "" : "The browser kept the window closed. Allow pop-ups for this page.");
});
document.addEventListener("visibilitychange", () => document.hidden || refresh());
setInterval(() => document.hidden || refresh(), REFRESH);

function readAddress() {
  const { consumer: named, code } = consumerIn(location);
  if (named) turnTo(named);
  if (!code) return false;
  history.replaceState(null, "", withoutCode(location));
  enter(code);
  return true;
}

setTheme(themeIn(location));
followChatwoot(origins, turnTo);
followAgentSdk(window.lpTag?.agentSDK, { turnTo, setTheme });
// A workspace that changes what is behind the # turns to somebody else without a reload.
window.addEventListener("hashchange", readAddress);
if (!readAddress()) askToSignIn("Sign in to see what this consumer was sent.");
