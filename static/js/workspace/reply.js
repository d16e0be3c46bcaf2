// The reply: sent by Ctrl+Enter, kept while one looks at another conversation, told as being written.
import { watchCanned } from "./canned.js";
import { $, conversation, post, rows } from "./page.js";

const TELL_AGAIN_MS = 3_000;
const WRITING_MS = 6_000;

// In this page only: nothing that was typed outlives it.
const drafts = new Map();
let toldAt = 0;
let silence = null;

export function setUp() {
  const form = $("[data-reply]");
  if (!form || form.dataset.isReady) return;
  form.dataset.isReady = "yes";
  const field = form.elements.text;
  if (!field.value) field.value = drafts.get(conversation()) ?? "";
  watchCanned(form, field);
  field.addEventListener("input", () => {
    drafts.set(conversation(), field.value);
    tellTyping(field.value !== "");
  });
  field.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "Escape") {
      ($("[data-row][aria-current]") ?? rows()[0])?.focus();
    }
  });
}

function tellTyping(is) {
  if (is && Date.now() - toldAt < TELL_AGAIN_MS) return;
  toldAt = is ? Date.now() : 0;
  post("typing", { is_typing: `${is}` });
}

// The other side writes; a word that it stopped may be lost.
export function showWriting(is) {
  const line = $("#writing");
  clearTimeout(silence);
  if (!line) return;
  line.hidden = !is;
  if (is) silence = setTimeout(() => showWriting(false), WRITING_MS);
}

// Both forms below the dialog: the answer brings what has changed.
export async function send(form) {
  const text = form.elements.text?.value;
  const key = conversation();
  // Accepting sends no text: what was typed before is there again.
  if (text !== undefined) drafts.delete(key);
  toldAt = 0;
  await htmx.ajax("POST", form.getAttribute("action"), {
    source: form,
    values: Object.fromEntries(new FormData(form)),
    swap: "none",
  });
  if (form.isConnected && text) drafts.set(key, text);
  $("#reply")?.focus();
}

export function sayNotSent(form, why) {
  form.querySelector(".note")?.remove();
  const note = document.createElement("div");
  note.className = "note note--bad";
  note.setAttribute("role", "alert");
  note.textContent = why;
  form.prepend(note);
}
