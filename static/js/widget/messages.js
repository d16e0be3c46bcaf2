// One message as it stands in the list. What people wrote is only ever set as text.
const SOURCES = { API: "Proactive Messaging", IVR: "IVR deflection" };
const DAY = 86_400;
const HOUR = 3600;

/** Shows the messages of the API; what stands there already keeps its focus, and stays open. */
export function showIn(list, messages, timeZone) {
  const before = [...list.children];
  const items = messages.map((message) => {
    const id = message.messageId;
    const item = before.find((one) => one.dataset.id === id) ?? newItem(id);
    fill(item, message, timeZone);
    return item;
  });
  before.filter((one) => !items.includes(one)).forEach((one) => one.remove());
  items.forEach((item, i) => {
    if (list.children[i] !== item) list.insertBefore(item, list.children[i] ?? null);
  });
}

function newItem(id) {
  const item = document.querySelector("#message").content.cloneNode(true).firstElementChild;
  item.dataset.id = id;
  return item;
}

function fill(item, message, timeZone) {
  const part = (name) => item.querySelector(`[data-of="${name}"]`);
  for (const name of ["title", "text", "campaignName", "engagementName", "skill"]) {
    part(name).textContent = message[name];
  }
  part("title").hidden = !message.title;
  part("source").textContent = SOURCES[message.source] ?? message.source;
  part("state").replaceChildren(chip(message.repliedAt ? "replied" : message.state));
  part("left").textContent = left(message.lookbackSecondsLeft);
  const time = part("time");
  time.hidden = !message.sentAt;
  if (message.sentAt) {
    time.dateTime = message.sentAt;
    time.textContent = when(new Date(message.sentAt), timeZone, new Date());
    time.title = `${message.sentAt} (shown in ${timeZone})`;
  }
}

function chip(state) {
  const known = document.querySelector(`#state-${CSS.escape(state)}`);
  return known ? known.content.cloneNode(true) : document.createTextNode(state);
}

/** "Today 10:36", else "17 Nov 11:05", by the clock of the brand. */
function when(at, timeZone, now) {
  const day = (one) => one.toLocaleDateString("en-GB", { timeZone, day: "numeric", month: "short" });
  const clock = at.toLocaleTimeString("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  return `${day(at) === day(now) ? "Today" : day(at)} ${clock}`;
}

/** How long an answer still goes to the skill of the call. */
function left(seconds) {
  if (seconds <= 0) return "lookback over";
  const days = Math.floor(seconds / DAY);
  const hours = Math.floor((seconds % DAY) / HOUR);
  const whole = days === 1 ? "1 day" : `${days} days`;
  if (days) return hours ? `${whole} ${hours} h left` : `${whole} left`;
  return hours ? `${hours} h left` : `${Math.max(1, Math.floor(seconds / 60))} min left`;
}
