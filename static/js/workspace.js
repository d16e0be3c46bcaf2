// The workspace while it is open: told by the server's stream that something changed, it asks for
// what moves. What is being typed is in no part that is asked for.
import { beep, isLoud, setLoud } from "./workspace-sound.js";
import { watchCanned } from "./workspace-canned.js";

const REFRESH_MS = 30_000;
const RETRY_MS = 5_000;
const GATHER_MS = 150;
const TYPING_MS = 3_000;
const WRITING_MS = 6_000;

const $ = (selector) => document.querySelector(selector);
const desk = () => $(".chat[data-desk]");
const token = () => $("#presence [name=csrfmiddlewaretoken]").value;
const drafts = new Map();

function post(action, values) {
  const path = `${desk().dataset.desk}${desk().dataset.conversation}/${action}/`;
  const body = new URLSearchParams({ ...values, csrfmiddlewaretoken: token() });
  return fetch(path, { method: "POST", body }).catch(() => null);
}

// ---- what moves ----------------------------------------------------------------------------

let asked = null;

function look(delay = GATHER_MS) {
  asked ??= setTimeout(() => {
    asked = null;
    const mode = $("[data-mode]")?.dataset.mode ?? "";
    htmx.ajax("GET", `${location.pathname}?live=${mode}`, { source: desk(), swap: "none" });
  }, delay);
}

const log = () => $("#log");
const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 60;
const lastMessage = () => [...document.querySelectorAll("#log [data-message]")].at(-1);
let follows = true;
let shown = 0;

function toEnd() {
  if (log()) log().scrollTop = log().scrollHeight;
}

function begin() {
  if (!desk()) return;
  shown = Number(lastMessage()?.dataset.message ?? 0);
  follows = true;
  toEnd();
  setWaiting(Number(desk().dataset.waiting));
  setUpButtons();
  if ($("[data-reply]")) setUpReply();
  restoreTab();
  tellWidgets();
  markRead();
}

function afterLook() {
  if (!log()) return;
  if (follows) toEnd();
  const reply = $("[data-reply]");
  if (reply && !reply.dataset.isReady) setUpReply();
  const heard = [...document.querySelectorAll("#log [data-heard]")].filter(
    (one) => Number(one.dataset.message) > shown,
  );
  if (heard.length) {
    writing(false);
    $("#told").textContent = `${desk().dataset.who}: ${heard.map((one) => one.innerText).join(" ")}`;
  }
  shown = Math.max(shown, Number(lastMessage()?.dataset.message ?? 0));
  markRead();
}

function markRead() {
  const isMine = $("[data-mode]")?.dataset.mode === "mine";
  if (isMine && shown && document.visibilityState === "visible" && desk().dataset.read !== `${shown}`) {
    desk().dataset.read = shown;
    post("read", { up_to: shown });
  }
}

document.addEventListener("htmx:beforeSwap", () => {
  follows = !log() || isAtEnd(log());
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "main") begin();
});
document.addEventListener("htmx:afterRequest", () => setTimeout(afterLook));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") look();
  markRead();
});

// ---- the stream ----------------------------------------------------------------------------

let stream = null;

function listen() {
  stream = new EventSource(desk().dataset.live);
  stream.addEventListener("queue", (event) => {
    const told = JSON.parse(event.data);
    setWaiting(told.waiting);
    if (told.arrived) beep();
    look();
  });
  stream.addEventListener("typing", (event) => {
    const told = JSON.parse(event.data);
    if (told.conversation === desk().dataset.conversation) writing(told.isTyping);
  });
  // A browser gives up for good where the answer was no stream: too many are open, or signed out.
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  });
}

let silence = null;

function writing(is) {
  const line = $("#writing");
  clearTimeout(silence);
  if (!line) return;
  line.hidden = !is;
  if (is) silence = setTimeout(() => writing(false), WRITING_MS);
}

function setWaiting(n) {
  const plain = document.title.replace(/^\(\d+\) /, "");
  document.title = n ? `(${n}) ${plain}` : plain;
}

// ---- the reply -----------------------------------------------------------------------------

let toldTypingAt = 0;

function setUpReply() {
  const form = $("[data-reply]");
  const field = form.elements.text;
  form.dataset.isReady = "yes";
  const id = desk().dataset.conversation;
  if (!field.value && drafts.has(id)) field.value = drafts.get(id);
  watchCanned(form, field);
  field.addEventListener("input", () => {
    drafts.set(id, field.value);
    if (Date.now() - toldTypingAt > TYPING_MS) {
      toldTypingAt = Date.now();
      post("typing", { is_typing: "true" });
    }
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "Escape" && !event.defaultPrevented) {
      ($("[data-row][aria-current]") ?? $("[data-row]") ?? field).focus();
    }
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const isReply = "reply" in form.dataset;
  if (!isReply && !("accept" in form.dataset)) return;
  event.preventDefault();
  if (isReply) {
    drafts.delete(desk().dataset.conversation);
    toldTypingAt = 0;
  }
  follows = true;
  await htmx.ajax("POST", form.getAttribute("action"), {
    source: form,
    values: Object.fromEntries(new FormData(form)),
    swap: "none",
  });
  $("#reply")?.focus();
});

// ---- buttons and keys ----------------------------------------------------------------------

function setUpButtons() {
  for (const button of document.querySelectorAll("[data-sound], [data-keys]")) button.hidden = false;
  const sound = $("[data-sound]");
  sound.setAttribute("aria-pressed", `${isLoud()}`);
  sound.addEventListener("click", () => {
    setLoud(!isLoud());
    sound.setAttribute("aria-pressed", `${isLoud()}`);
    if (isLoud()) beep();
  });
  $("[data-keys]").addEventListener("click", () => $("#keys").showModal());
  const single = $("[data-keys-on]");
  single.checked = hasKeys();
  single.addEventListener("change", () => {
    localStorage.setItem("workspace-keys", single.checked ? "on" : "off");
  });
}

const hasKeys = () => localStorage.getItem("workspace-keys") !== "off";
const rows = () => [...document.querySelectorAll("[data-row]")];

function move(step) {
  const all = rows();
  if (!all.length) return;
  const from = all.indexOf(document.activeElement);
  const current = all.findIndex((row) => row.hasAttribute("aria-current"));
  const place = from >= 0 ? from + step : Math.max(current, 0);
  all[Math.min(Math.max(place, 0), all.length - 1)].focus();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  a: () => $("[data-accept]")?.requestSubmit(),
  r: () => $("#reply")?.focus(),
  "/": () => {
    const field = $("#reply");
    if (!field) return;
    field.focus();
    if (!field.value) field.setRangeText("/", 0, 0, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  },
  "?": () => $("#keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && event.target.matches("[data-row]")) {
    event.preventDefault();
    move(step);
  } else if (KEYS[event.key] && hasKeys()) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

// ---- another conversation, in place --------------------------------------------------------

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-row]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  open(link.getAttribute("href"), true);
});

async function open(path, isNew) {
  await htmx.ajax("GET", path, { target: "#main", select: "#main", swap: "outerHTML" });
  if (isNew) history.pushState({}, "", path);
}

addEventListener("popstate", () => open(location.pathname, false));

// ---- widgets -------------------------------------------------------------------------------

let tab = "";

function restoreTab() {
  const radios = [...document.querySelectorAll(".tabs input")];
  for (const radio of radios) {
    if (radio.parentElement.textContent.trim() === tab) radio.checked = true;
    radio.addEventListener("change", () => {
      tab = radio.parentElement.textContent.trim();
    });
  }
}

const frames = () => [...document.querySelectorAll("iframe[data-context]")];
const tellWidget = (frame) =>
  frame.contentWindow.postMessage(frame.dataset.context, frame.dataset.origin);

function tellWidgets() {
  for (const frame of frames()) frame.addEventListener("load", () => tellWidget(frame));
}

// As Chatwoot's widgets ask for what they missed.
addEventListener("message", (event) => {
  const frame = frames().find((one) => one.contentWindow === event.source);
  const isTheirs = frame && event.origin === frame.dataset.origin;
  if (isTheirs && event.data === "chatwoot-dashboard-app:fetch-info") tellWidget(frame);
});

if (desk()) {
  begin();
  listen();
  setInterval(() => document.visibilityState === "visible" && look(), REFRESH_MS);
  addEventListener("pagehide", () => stream.close());
}
