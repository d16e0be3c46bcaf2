// Plays the workspace around the widget, as the page was asked to.
const frame = document.querySelector("#widget");
const { host, consumer } = frame.dataset;

function send() {
  if (host === "chatwoot") {
    const data = { contact: { identifier: consumer, name: "Somebody" } };
    tell(JSON.stringify({ event: "appContext", data }));
  }
  if (host === "liveperson") tell({ type: "stand-in", "visitorInfo.visitorId": consumer });
}

function tell(message) {
  frame.contentWindow.postMessage(message, location.origin);
}

window.addEventListener("message", (event) => {
  if (event.source !== frame.contentWindow || event.origin !== location.origin) return;
  const asks = ["chatwoot-dashboard-app:fetch-info", "stand-in:get"];
  if (asks.includes(event.data)) send();
});
frame.addEventListener("load", send);
// It may have loaded before this script did.
send();
