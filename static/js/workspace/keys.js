// Single keys, which can be switched off (WCAG 2.1.4), and their list. None acts while one types.
import { $, rows } from "./page.js";

const STORED = "workspace-keys";
const PAUSE_MS = 2_000;
let resumeAt = 0;

const areOn = () => Date.now() >= resumeAt && localStorage.getItem(STORED) !== "off";

// Somebody's field went away under their fingers.
export function pause() {
  resumeAt = Date.now() + PAUSE_MS;
}

export function setUp() {
  const button = $("[data-keys]");
  button.hidden = false;
  button.addEventListener("click", () => $("#keys").showModal());
  const box = $("[data-keys-on]");
  box.checked = localStorage.getItem(STORED) !== "off";
  box.addEventListener("change", () => localStorage.setItem(STORED, box.checked ? "on" : "off"));
}

function move(step) {
  const list = rows();
  const from = list.indexOf(document.activeElement);
  const current = list.findIndex((row) => row.hasAttribute("aria-current"));
  const place = from >= 0 ? from + step : Math.max(current, 0);
  list[Math.min(Math.max(place, 0), list.length - 1)]?.focus();
}

function offerCanned() {
  const field = $("#reply");
  if (!field) return;
  field.focus();
  if (!field.value) field.setRangeText("/", 0, 0, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  a: () => $("[data-accept]")?.requestSubmit(),
  r: () => $("#reply")?.focus(),
  "/": offerCanned,
  "?": () => $("#keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, dialog[open], [contenteditable]")) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && event.target.matches("[data-row]")) {
    event.preventDefault();
    move(step);
  } else if (KEYS[event.key] && areOn()) {
    event.preventDefault();
    KEYS[event.key]();
  }
});
