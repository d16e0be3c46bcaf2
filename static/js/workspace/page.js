// What the parts of the workspace's script share: where things are on the page, and small requests.
export const $ = (selector) => document.querySelector(selector);
export const all = (selector) => [...document.querySelectorAll(selector)];

export const desk = () => $(".chat[data-desk]");
export const conversation = () => desk()?.dataset.conversation ?? "";
export const mode = () => $("[data-mode]")?.dataset.mode ?? "";
export const rows = () => all("[data-row]");

// The address of what the page shows.
export function here() {
  return desk().dataset.desk + (conversation() && `${conversation()}/`);
}

// Which conversation a path is about, or none.
export const conversationIn = (path) => /\/workspace\/([0-9a-f-]{36})\//.exec(path)?.[1] ?? "";

export function postTo(path, values = {}) {
  const token = $("#presence [name=csrfmiddlewaretoken]").value;
  const body = new URLSearchParams({ ...values, csrfmiddlewaretoken: token });
  return fetch(path, { method: "POST", body }).catch(() => null);
}

export const post = (action, values) => postTo(`${here()}${action}/`, values);
