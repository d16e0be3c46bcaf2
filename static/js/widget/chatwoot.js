// Chatwoot's dashboard app: the conversation's contact comes as a message of the page around us.
const ASK = "chatwoot-dashboard-app:fetch-info";

/** The id that the brand gave the contact; null for a message of another kind. */
export function consumerOf(data) {
  if (typeof data !== "string") return null;
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    return null;
  }
  if (message?.event !== "appContext") return null;
  return String(message.data?.contact?.identifier ?? "");
}

/** The page around us, where the browser tells who it is. */
function parentOrigin() {
  if (location.ancestorOrigins?.length) return location.ancestorOrigins[0];
  return document.referrer ? new URL(document.referrer).origin : "";
}

/** Calls `turnTo` with each consumer that a listed page around us names. */
export function followChatwoot(origins, turnTo) {
  if (window.parent === window) return;
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || !origins.includes(event.origin)) return;
    const consumer = consumerOf(event.data);
    if (consumer !== null) turnTo(consumer);
  });
  const origin = parentOrigin();
  if (origins.includes(origin)) window.parent.postMessage(ASK, origin);
}
