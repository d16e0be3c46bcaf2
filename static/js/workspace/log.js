// What was said: it stays at its end while the reader is there, says aloud what is new, and tells
// the server what has been looked at.
import { $, all, desk, mode, post } from "./page.js";
import { showWriting } from "./reply.js";

const log = () => $("#log");
const number = (message) => Number(message?.dataset.message ?? 0);
let isFollowed = true;
let last = 0;
let read = 0;

function lookAtEnd() {
  if (isFollowed && log()) log().scrollTop = log().scrollHeight;
}

export function begin() {
  isFollowed = true;
  read = 0;
  last = number(all("#log [data-message]").at(-1));
  lookAtEnd();
  markRead();
}

export function beforeChange() {
  const box = log();
  isFollowed = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 60;
}

export function follow() {
  isFollowed = true;
}

export function afterChange() {
  lookAtEnd();
  const news = all("#log [data-message]").filter((message) => number(message) > last);
  const heard = news.filter((message) => "heard" in message.dataset);
  if (heard.length) {
    showWriting(false);
    $("#told").textContent = `${desk().dataset.who}: ${heard.map((one) => one.innerText).join(" ")}`;
  }
  last = Math.max(last, ...news.map(number));
  markRead();
}

export function markRead() {
  if (mode() !== "mine" || last <= read || document.visibilityState !== "visible") return;
  read = last;
  post("read", { up_to: last });
}
