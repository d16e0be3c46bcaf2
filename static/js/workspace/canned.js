// A slash and the beginning of a shortcut, at the end of what is typed, offers canned replies: a list
// that the field keeps the focus of (WAI-ARIA's combobox), or the menu below it.
const TYPED = /(?:^|\s)\/([\p{L}\p{N}._-]*)$/u;
const MOST = 8;

export function watchCanned(form, field) {
  const menu = form.querySelector("[data-canned-menu]");
  if (!menu) return;
  const all = [...menu.querySelectorAll("[data-canned]")].map((button) => ({
    shortcut: button.dataset.canned,
    words: button.dataset.words,
    button,
  }));
  const list = document.createElement("div");
  list.className = "canned canned--open";
  list.id = "canned-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Canned replies");
  list.hidden = true;
  field.before(list);
  let found = [];
  let chosen = 0;

  const typed = () => TYPED.exec(field.value.slice(0, field.selectionStart));

  function show() {
    const match = typed();
    const begin = match?.[1].toLowerCase();
    found = match ? all.filter((one) => one.shortcut.toLowerCase().startsWith(begin)) : [];
    found = found.slice(0, MOST);
    chosen = 0;
    draw();
  }

  function draw() {
    list.hidden = !found.length;
    list.replaceChildren(
      ...found.map((one, nth) => {
        const option = document.createElement("div");
        option.id = `canned-${nth}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", `${nth === chosen}`);
        const name = document.createElement("b");
        name.textContent = `/${one.shortcut}`;
        const words = document.createElement("span");
        words.className = "clip";
        words.dir = "auto";
        words.textContent = one.words;
        option.append(name, words);
        option.addEventListener("mousedown", (event) => {
          event.preventDefault();
          insert(one);
        });
        return option;
      }),
    );
    field.setAttribute("aria-expanded", `${!list.hidden}`);
    if (list.hidden) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `canned-${chosen}`);
  }

  function insert(one) {
    const end = field.selectionStart;
    const match = typed();
    const start = match ? end - match[1].length - 1 : end;
    field.setRangeText(one.words, start, end, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function close() {
    found = [];
    draw();
  }

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-haspopup", "listbox");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
  field.addEventListener("input", show);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      chosen = (chosen + step + found.length) % found.length;
      draw();
    } else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") {
      insert(found[chosen]);
    } else if (event.key === "Escape") {
      close();
    } else {
      return;
    }
    event.preventDefault();
  });
  for (const one of all) {
    one.button.addEventListener("click", (event) => {
      event.preventDefault();
      menu.open = false;
      insert(one);
    });
  }
}
