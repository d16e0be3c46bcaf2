// How the frame gets in, and what it asks for. Cookies are never sent: the frame has none.

export class CodeRefused extends Error {}

export class Unauthorized extends Error {}

/** Opens the first-party window; `take` gets the code of whoever is signed in there. */
export function openWindow(url, take) {
  const opened = window.open(url, "_blank", "popup,width=460,height=620");
  if (!opened) return false;
  window.addEventListener("message", function listen(event) {
    // From that window, while it shows a page of ours.
    if (event.source !== opened || event.origin !== location.origin) return;
    if (event.data?.type !== "proactive-widget-code") return;
    window.removeEventListener("message", listen);
    take(String(event.data.code));
  });
  return true;
}

/** A token for a code. */
export async function redeem(url, code) {
  const response = await fetch(url, {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
  const told = await response.json();
  if (!response.ok) throw new CodeRefused(told.detail);
  return told.token;
}

/** What the consumer was sent, the newest first. */
export async function messagesOf(url, consumer, token) {
  const response = await fetch(`${url}?${new URLSearchParams({ consumerId: consumer })}`, {
    credentials: "omit",
    headers: { Authorization: `Bearer ${token}` },
  });
  if (response.status === 401) throw new Unauthorized();
  if (!response.ok) throw new Error(`${response.status}`);
  return (await response.json()).messages;
}
