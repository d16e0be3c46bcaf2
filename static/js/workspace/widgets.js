// Named widgets are told of the conversation as Chatwoot tells its own: when they have loaded, and
// when they ask. The tab that was chosen stays chosen for the next conversation.
import { all } from "./page.js";

const ASKED = "chatwoot-dashboard-app:fetch-info";
let chosen = "";

export function setUp() {
  for (const frame of frames()) frame.addEventListener("load", () => tell(frame));
  for (const radio of all(".tabs input")) {
    const name = radio.parentElement.textContent.trim();
    if (name === chosen) radio.checked = true;
    radio.addEventListener("change", () => (chosen = name));
  }
}

const frames = () => all("iframe[data-context]");

function tell(frame) {
  frame.contentWindow.postMessage(frame.dataset.context, frame.dataset.origin);
}

addEventListener("message", (event) => {
  const frame = frames().find((one) => one.contentWindow === event.source);
  if (frame && event.origin === frame.dataset.origin && event.data === ASKED) tell(frame);
});
