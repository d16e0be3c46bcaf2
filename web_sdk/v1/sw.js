// A brand's own worker is one line: importScripts("https://HOST/sdk/v1/sw.js")
{
  const ours = () => caches.open("proactive");

  const tidy = async () => {
    for (const one of await registration.getNotifications()) {
      if (one.data?.until < Date.now()) one.close();
    }
  };

  const show = async (push) => {
    const { id, title = "", message, badge, backendService, expirationEpochTime } = push;
    const kept = await (await ours()).match("/");
    const { api, icon, page, token } = (await kept?.json()) ?? {};
    const data = { proactive: id, until: expirationEpochTime * 1000, page };
    await registration.showNotification(title, { body: message, tag: id, icon, data });
    navigator.setAppBadge?.(badge);
    await tidy();
    if (!token || backendService === "ams") return;
    const headers = { Authorization: `Bearer ${token}` };
    await fetch(`${api}messages/${id}/delivered`, { method: "POST", headers });
  };

  const open = async ({ proactive, page = registration.scope }) => {
    const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
    const found = windows.find((one) => one.url.startsWith(page));
    if (!found) return clients.openWindow(`${page}#proactive=${proactive}`);
    found.postMessage({ proactive });
    return found.focus();
  };

  addEventListener("push", (event) => {
    try {
      const push = event.data.json();
      if (push.backendService) event.waitUntil(show(push));
    } catch {} // not ours
  });

  addEventListener("notificationclick", (event) => {
    const { data } = event.notification;
    if (!data?.proactive) return;
    event.notification.close();
    event.waitUntil(open(data));
  });

  addEventListener("message", (event) => {
    const told = event.data?.proactive;
    const keep = async () => (await ours()).put("/", Response.json(told));
    if (told) event.waitUntil(keep().then(tidy));
  });
}
