const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
const within = (ms, work) =>
  Promise.race([work, sleep(ms).then(() => Promise.reject(Error("timeout")))]);

/**
 * Signs in and stays live. The client tells "change" of what it holds, and "tap".
 * @param {{account: number, app: string, getToken: () => Promise<string>, url?: string,
 *   worker?: string, page?: string, icon?: string, keepToken?: boolean}} options
 */
export async function connect({ account, app, getToken, icon, keepToken = true, ...more }) {
  const { url = new URL(import.meta.url).origin, worker = "/sw.js" } = more;
  const here = location.href.split("#")[0];
  const page = new URL(more.page ?? here, here).href;
  const api = `${url}/api/sdk/v1/account/${account}/`;
  const { serviceWorker } = navigator;
  const over = new AbortController();
  let token, registration, stream, seen, quiet;
  let typedAt = 0;

  const renew = async () => {
    const fresh = await getToken();
    setTimeout(tellWorker);
    return fresh;
  };

  const ask = async (path, body, signal, isAgain) => {
    over.signal.throwIfAborted();
    const used = (token ??= renew());
    const answer = await fetch(api + path, {
      method: body ? "POST" : "GET",
      headers: { Authorization: `Bearer ${await used}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
      signal,
    });
    if (answer.ok) return signal || answer.status === 204 ? answer : answer.json();
    if (answer.status !== 401 || isAgain) throw Object.assign(Error(), await answer.json());
    if (token === used) token = null;
    return ask(path, body, signal, true);
  };

  const set = (values, event = "change") => {
    Object.assign(client, values);
    client.dispatchEvent(new Event(event));
  };

  const tellWorker = async () => {
    const told = { api, page, icon, token: keepToken && (await token) };
    if (client.device) registration.active.postMessage({ proactive: told });
  };

  const client = Object.assign(new EventTarget(), {
    tapped: location.hash.split("#proactive=")[1],

    /** What is not opened yet. */
    inbox: () => client.outbound.filter((one) => !one.openedAt && !one.repliedAt),

    refresh: async () => set({ ...(await ask("dialog")), ...(await ask("unread")) }),

    /** Asks for permission: call it when something was pressed. */
    async subscribe() {
      if (!window.PushManager) throw Error("unsupported");
      if ((await Notification.requestPermission()) !== "granted") throw Error("denied");
      const options = { userVisibleOnly: true, ...(await ask(`apps/${app}/push-key`)) };
      await serviceWorker.register(worker, { updateViaCache: "none" });
      const subscribe = async () => {
        registration = await serviceWorker.ready;
        const { pushManager } = registration;
        return pushManager.subscribe(options).catch(async () => {
          // There may be one with an older key.
          await (await pushManager.getSubscription())?.unsubscribe();
          return pushManager.subscribe(options);
        });
      };
      const { endpoint, keys } = (await within(2e4, subscribe())).toJSON();
      const device = await ask("devices", {
        platform: "web",
        appName: app,
        subscription: { endpoint, keys },
        locale: navigator.language,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      });
      set({ device });
      await tellWorker();
    },

    /** With the same `clientMessageId` it is said once. */
    async reply(text, clientMessageId = crypto.randomUUID(), messageId = null) {
      await ask("replies", { text, clientMessageId, messageId });
      typedAt = 0;
      await client.refresh();
    },

    typing() {
      if (Date.now() < typedAt + 3000) return;
      typedAt = Date.now();
      ask("typing", { isTyping: true }).catch(() => {});
    },

    /** The person has everything before them. */
    async see() {
      const messageId = client.messages.findLast((one) => one.sender === "agent")?.messageId;
      const news = client.inbox();
      if (messageId === seen && !news.length) return;
      for (const one of (await registration?.getNotifications()) ?? []) {
        if (one.data?.proactive) one.close();
      }
      for (const one of news) {
        one.openedAt = new Date();
        await ask(`messages/${one.messageId}/opened`, {});
      }
      const left = await (messageId ? ask("read", { messageId }) : ask("unread"));
      seen = messageId;
      set(left);
    },

    /** @param {"ALL" | "AGENT" | "NONE"} unregisterType which pushes end */
    async logout(unregisterType = "ALL") {
      stream.abort();
      try {
        if (client.device) await ask(`devices/${client.device.id}/logout`, { unregisterType });
      } finally {
        over.abort();
        token = "";
        await tellWorker();
        const subscription = await registration?.pushManager.getSubscription();
        if (unregisterType === "ALL") await subscription?.unsubscribe();
        set({ welcome: "", outbound: [], messages: [], unread: 0, device: null });
      }
    },
  });

  const take = (event) => {
    const name = /^event: (.*)/m.exec(event)?.[1];
    const data = /^data: (.*)/m.exec(event)?.[1];
    if (name === "expired") token = null;
    else if (name === "replaced") stream.abort();
    else if (name === "unread") set(JSON.parse(data));
    else if (name === "typing") {
      set(JSON.parse(data));
      clearTimeout(quiet);
      quiet = setTimeout(() => set({ isTyping: false }), 8e3);
    } else if (name) {
      if (name === "message") client.isTyping = false;
      client.refresh().catch(() => {});
    }
  };

  const follow = async ({ signal }) => {
    for (let wait = 1; !signal.aborted; wait = Math.min(wait * 2, 60)) {
      let reader;
      try {
        const { body } = await ask("events", null, signal);
        await client.refresh();
        wait = 1;
        reader = body.pipeThrough(new TextDecoderStream()).getReader();
        for (let text = "", got; !(got = await within(45e3, reader.read())).done; ) {
          const events = (text + got.value).split("\n\n");
          text = events.pop();
          events.forEach(take);
        }
      } catch {}
      reader?.cancel().catch(() => {});
      await sleep(500 * wait * (1 + Math.random()));
    }
  };

  const listen = (target, name, react) => target?.addEventListener(name, react, over);

  await client.refresh();
  if (client.tapped) history.replaceState(null, "", here);
  registration = await serviceWorker?.getRegistration();
  if (await registration?.pushManager.getSubscription()) await client.subscribe().catch(() => {});
  listen(serviceWorker, "message", ({ data }) => {
    if (data?.proactive) set({ tapped: data.proactive }, "tap");
  });
  // A hidden page hangs up, and pushes take over.
  const look = () => {
    stream?.abort();
    stream = new AbortController();
    if (!document.hidden) follow(stream);
  };
  listen(document, "visibilitychange", look);
  look();
  return client;
}
