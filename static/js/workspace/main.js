// The workspace while it is open: told by the server's stream that something changed, it asks for
// what moves. What is being typed is in no part that is asked for.
import * as keys from "./keys.js";
import * as log from "./log.js";
import { $, conversation, conversationIn, desk, here, mode } from "./page.js";
import * as reply from "./reply.js";
import * as sound from "./sound.js";
import * as widgets from "./widgets.js";

// Waiting times grow by themselves.
const REFRESH_MS = 30_000;
const RETRY_MS = 5_000;
// What is told at once is asked for once.
const GATHER_MS = 150;

const NARROW = matchMedia("(max-width: 56rem)");

let asked = null;

function look() {
  asked ??= setTimeout(() => {
    asked = null;
    htmx.ajax("GET", `${here()}?live=${mode()}`, { source: desk(), swap: "none" });
  }, GATHER_MS);
}

function begin() {
  sound.setUp();
  keys.setUp();
  reply.setUp();
  widgets.setUp();
  log.begin();
  showWaiting(Number(desk().dataset.waiting));
  // On a phone the queue stands above what was opened.
  if (conversation() && NARROW.matches) desk().scrollIntoView();
}

function showWaiting(n) {
  const plain = document.title.replace(/^\(\d+\) /, "");
  document.title = n ? `(${n}) ${plain}` : plain;
}

// ---- the stream ----------------------------------------------------------------------------

let stream = null;
// What the page was made from, or was told last.
let seen = "";

function listen() {
  stream = new EventSource(desk().dataset.live);
  stream.addEventListener("queue", (event) => {
    const told = JSON.parse(event.data);
    showWaiting(told.waiting);
    if (told.arrived) sound.beep();
    if (told.mark !== seen) look();
    seen = told.mark;
  });
  stream.addEventListener("typing", (event) => {
    const told = JSON.parse(event.data);
    if (told.conversation === conversation()) reply.showWriting(told.isTyping);
  });
  // A browser gives up for good where the answer was no stream: too many are open, or signed out.
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  });
}

// ---- what comes back -----------------------------------------------------------------------

let wasTyping = false;

const isWhole = (event) => event.detail.target?.id === "main";
const pathOf = (event) => event.detail.pathInfo.requestPath;

document.addEventListener("htmx:beforeSwap", (event) => {
  // An answer about the conversation that was shown before comes too late.
  const isStale = !isWhole(event) && conversationIn(pathOf(event)) !== conversation();
  if (isStale) event.detail.shouldSwap = false;
  else log.beforeChange();
  wasTyping = document.activeElement?.id === "reply";
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "main") begin();
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful || isWhole(event)) return;
  reply.setUp();
  log.afterChange();
  if (wasTyping && !$("#reply")) {
    keys.pause();
    $("#told").textContent = "You no longer answer this conversation. What you typed is kept.";
  }
});

function refused(event) {
  const form = event.detail.elt.matches("form") ? event.detail.elt : $("[data-reply]");
  if (isWhole(event)) location.assign(pathOf(event));
  else if (event.detail.xhr.status === 404 && form) {
    reply.sayNotSent(form, "This conversation is no longer one that you see. Copy what you typed.");
  } else if (event.detail.elt === form) {
    reply.sayNotSent(form, "It was not sent: the server did not take it. Try again.");
  }
}

document.addEventListener("htmx:responseError", refused);
document.addEventListener("htmx:sendError", refused);

// ---- what people do ------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-reply], [data-accept]")) return;
  event.preventDefault();
  log.follow();
  reply.send(form);
});

async function open(path) {
  await htmx.ajax("GET", path, { target: "#main", select: "#main", swap: "outerHTML" });
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("[data-row]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const path = link.getAttribute("href");
  await open(path);
  if (path === here()) history.pushState({}, "", path);
});

addEventListener("popstate", () => open(location.pathname));

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") look();
  log.markRead();
});

if (desk()) {
  seen = desk().dataset.seen;
  begin();
  listen();
  setInterval(() => document.visibilityState === "visible" && look(), REFRESH_MS);
  addEventListener("pagehide", () => stream.close());
  // A page that a browser had kept is shown again as it was, without its stream.
  addEventListener("pageshow", (event) => event.persisted && listen());
}
