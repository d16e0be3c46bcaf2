// The first-party window of somebody who is signed in: one code for the frame that opened it.
const say = document.querySelector("#say");
const CHANNEL = "proactive-widget";

async function handOver() {
  const response = await fetch(location.pathname, {
    method: "POST",
    body: new FormData(document.querySelector("#code")),
  });
  if (response.status !== 201) {
    say.textContent = "That did not work. Close this window and press Sign in once more.";
    return;
  }
  const { code } = await response.json();
  // To a page of this origin and to no other: whoever else opened this window gets nothing.
  window.opener.postMessage({ type: "proactive-widget-code", code }, location.origin);
  window.close();
}

if (window.opener) {
  handOver();
} else {
  // The tab in which somebody signed in: the window that sent them here waits for it.
  new BroadcastChannel(CHANNEL).postMessage("signed-in");
}
