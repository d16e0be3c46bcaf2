// Named widgets are told of the conversation as Chatwoot tells its own: when they have loaded, and
// when they ask. The tab that was chosen stays chosen for the next conversation.
import { all, postTo } from "./page.js";

const ASKED = "chatwoot-dashboard-app:fetch-info";
let chosen = "";

export function setUp() {
  for (const frame of frames()) {
    frame.addEventListener("load", () => tell(frame));
    frame.addEventListener("load", () => letIn(frame), { once: true });
  }
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

// Who sits here has signed in: ours takes a code for that, behind the #, and is not loaded again.
async function letIn(frame) {
  if (!frame.dataset.signIn) return;
  const response = await postTo(frame.dataset.signIn);
  if (!response?.ok || !frame.isConnected) return;
  const { code } = await response.json();
  frame.src = `${frame.src.split("#")[0]}#${new URLSearchParams({ code })}`;
}

addEventListener("message", (event) => {
  const frame = frames().find((one) => one.contentWindow === event.source);
  if (frame && event.origin === frame.dataset.origin && event.data === ASKED) tell(frame);
});
