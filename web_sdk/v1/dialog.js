const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { --a: var(--proactive-accent, #2b3fe0); --o: var(--proactive-on-accent, #fff);
  --s: var(--proactive-surface, Canvas); --i: var(--proactive-ink, CanvasText);
  --b: color-mix(in srgb, var(--i) 10%, var(--s)); color: var(--i);
  font: var(--proactive-font, 1rem/1.45 system-ui) }
button, textarea { font: inherit; color: var(--o); background: var(--a); border: 0;
  border-radius: 1.4em; padding: .6em 1em }
:focus-visible { outline: 2px solid var(--i); outline-offset: -4px }
:host > * { position: fixed; right: 1rem; bottom: 1rem; z-index: 99 }
section { width: 23rem; height: min(36rem, 100% - 2rem); display: flex; flex-direction: column;
  background: var(--s); border-radius: 1rem; box-shadow: 0 8px 40px #0005 }
header, form { display: flex; align-items: center; gap: .5em; padding: .6em }
b, textarea { flex: 1; min-width: 0 }
textarea { background: var(--b); color: inherit; resize: none }
[role=log] { flex: 1; overflow: auto; padding: .6em; display: grid; align-content: start; gap: .5em }
p { margin: 0; padding: .5em .8em; border-radius: 1em; background: var(--b);
  justify-self: start; white-space: pre-wrap; overflow-wrap: anywhere }
.consumer { background: var(--a); color: var(--o); justify-self: end }
i { position: absolute; clip-path: inset(50%); white-space: nowrap }
[role=status] { background: none }
[hidden] { display: none }
@media (max-width: 30rem) { :host > section { inset: 0; width: auto; height: auto } }`);

const make = (tag, values, ...children) => {
  const made = Object.assign(document.createElement(tag), values);
  made.append(...children);
  return made;
};

/** A button, and the dialog that it opens. Give it a `client`. */
customElements.define(
  "proactive-dialog",
  class extends HTMLElement {
    words = {
      open: "Messages",
      close: "Close",
      write: "Message",
      send: "Send",
      me: "You: ",
      them: "Answer: ",
      typing: "Typing …",
      failed: "Not sent. Try again.",
    };
    #client;

    get client() {
      return this.#client;
    }

    set client(client) {
      this.#client = client;
      const { open, close, write, send, me, them, typing, failed } = this.words;
      const button = make("button", { onclick: () => this.open() });
      const log = make("div", { role: "log", tabIndex: 0, ariaLabel: open });
      const state = make("p", { role: "status" });
      let answers, fault, id, isSending;
      const toEnd = () => (log.scrollTop = 1e6);

      const submit = async (event) => {
        event.preventDefault();
        const text = field.value;
        if (isSending || !text.trim()) return;
        isSending = true;
        toEnd();
        try {
          await client.reply(text, (id ??= crypto.randomUUID()), answers);
          // What was typed meanwhile stays.
          if (field.value.startsWith(text)) field.value = field.value.slice(text.length);
          id = answers = fault = null;
        } catch (error) {
          fault = error.detail ?? failed;
        }
        isSending = false;
        draw();
      };
      const field = make("textarea", {
        rows: 1,
        ariaLabel: write,
        placeholder: write,
        maxLength: 5000,
        oninput() {
          id = fault = null;
          client.typing();
        },
        onkeydown(event) {
          if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
        },
      });
      const shut = () => {
        panel.hidden = true;
        button.focus();
      };
      const panel = make(
        "section",
        { role: "dialog", ariaLabel: open, hidden: true },
        make("header", {}, make("b", {}, open), make("button", { onclick: shut }, close)),
        log,
        state,
        make("form", { onsubmit: submit }, field, make("button", {}, send)),
      );
      panel.onkeydown = ({ key }) => {
        if (key === "Escape") shut();
      };

      const draw = () => {
        const { unread, welcome, outbound, messages, isTyping } = client;
        button.textContent = open + (unread ? ` (${unread})` : "");
        state.textContent = fault ?? (isTyping ? typing : "");
        const first = { messageId: "welcome", text: welcome };
        const said = [first, ...outbound, ...messages].filter((one) => one.text);
        // Who reads further up is left there.
        const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
        said.forEach(({ messageId, sender, text }, i) => {
          const was = log.children[i];
          if (was?.id === messageId) return;
          const who = make("i", {}, sender === "consumer" ? me : them);
          const line = make("p", { id: messageId, className: sender, dir: "auto" }, who, text);
          was ? was.replaceWith(line) : log.append(line);
        });
        while (log.children[said.length]) log.lastChild.remove();
        if (isAtEnd) toEnd();
        if (!panel.hidden && !document.hidden) client.see().catch(() => {});
      };

      /** Of a message: what the next reply answers. */
      this.open = (messageId) => {
        answers = messageId;
        panel.hidden = false;
        toEnd();
        field.focus();
        draw();
      };
      const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheet];
      root.replaceChildren(button, panel);
      client.addEventListener("change", draw);
      client.addEventListener("tap", () => this.open(client.tapped));
      draw();
      if (client.tapped) this.open(client.tapped);
    }
  },
);
