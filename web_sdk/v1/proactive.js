const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
const within = (ms, work) =>
  Promise.race([work, sleep(ms).then(() => Promise.reject(Error("timeout")))]);

// What is left of somebody who has logged out.
const NOTHING = {
  welcome: "",
  outbound: [],
  conversation: null,
  messages: [],
  unread: 0,
  isTyping: false,
  device: null,
};

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
  const tapped = location.hash.split("#proactive=")[1];
  let token, registration, stream, seen, quiet;
  let [typedAt, asked, shown] = [0, 0, 0];

  const renew = async () => {
    const fresh = await getToken();
    setTimeout(tellWorker);
    return fresh;
  };

  const ask = async (path, body, signal, isAgain) => {
    over.signal.throwIfAborted();
    const used = (token ??= renew());
    const drop = () => {
      if (token === used) token = null;
    };
    // One that cannot be had now is asked for again by the next call.
    used.catch(drop);
    const answer = await fetch(api + path, {
      method: body ? "POST" : "GET",
      headers: { Authorization: `Bearer ${await used}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
      signal: signal ?? over.signal,
    });
    if (answer.ok) return signal || answer.status === 204 ? answer : answer.json();
    if (answer.status !== 401 || isAgain) throw Object.assign(Error(), await answer.json());
    drop();
    return ask(path, body, signal, true);
  };

  const set = (values, event = "change") => {
    Object.assign(client, values);
    client.dispatchEvent(new Event(event));
  };

  const tellWorker = async () => {
    const told = { api, page, icon, token: keepToken && (await token) };
    if (!client.device && !over.signal.aborted) return;
    registration?.active?.postMessage({ proactive: told });
  };

  const client = Object.assign(new EventTarget(), {
    tapped,

    /** What is not opened yet. */
    inbox: () => client.outbound.filter((one) => !one.openedAt && !one.repliedAt),

    async refresh() {
      const turn = ++asked;
      const found = { ...(await ask("dialog")), ...(await ask("unread")) };
      // One that was asked for later may have come before.
      if (turn < shown) return;
      shown = turn;
      set(found);
    },

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
      // Said is said: what cannot be read now comes with the stream.
      await client.refresh().catch(() => {});
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
      // Safari on iOS has none outside the home screen.
      for (const one of (await registration?.getNotifications?.()) ?? []) {
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
        stream.abort();
        token = "";
        set(NOTHING);
        await tellWorker();
        const subscription = await registration?.pushManager?.getSubscription();
        if (unregisterType === "ALL") await subscription?.unsubscribe();
      }
    },
  });

  /** Whether the dialog is another one now. */
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
      return true;
    }
  };

  const follow = async ({ signal }) => {
    for (let wait = 1; !signal.aborted; wait = Math.min(wait * 2, 60)) {
      let reader;
      try {
        const { body } = await ask("events", null, signal);
        reader = body.pipeThrough(new TextDecoderStream()).getReader();
        await within(45e3, client.refresh());
        wait = 1;
        for (let text = "", got; !(got = await within(45e3, reader.read())).done; ) {
          const events = (text + got.value).split("\n\n");
          text = events.pop();
          if (events.filter(take).length) await within(45e3, client.refresh());
        }
      } catch {}
      reader?.cancel().catch(() => {});
      await sleep(500 * wait * (1 + Math.random()));
    }
  };

  const listen = (target, name, react) => target?.addEventListener(name, react, over);

  listen(serviceWorker, "message", ({ data }) => {
    if (data?.proactive) set({ tapped: data.proactive }, "tap");
  });
  await client.refresh();
  if (tapped) history.replaceState(history.state, "", here);
  registration = await serviceWorker?.getRegistration();
  if (await registration?.pushManager?.getSubscription()) await client.subscribe().catch(() => {});
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
