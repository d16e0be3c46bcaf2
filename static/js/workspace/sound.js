// Two soft notes, made here: no file to fetch. Whether they are wanted is kept in this browser.
import { $ } from "./page.js";

const STORED = "workspace-sound";
const isLoud = () => localStorage.getItem(STORED) !== "off";
let context = null;

export function setUp() {
  const button = $("[data-sound]");
  button.hidden = false;
  button.setAttribute("aria-pressed", `${isLoud()}`);
  button.addEventListener("click", () => {
    localStorage.setItem(STORED, isLoud() ? "off" : "on");
    button.setAttribute("aria-pressed", `${isLoud()}`);
    beep();
  });
}

// Browsers let no page make a noise before somebody has pressed something there.
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, () => (context ??= new AudioContext()), { once: true });
}

export function beep() {
  if (!isLoud() || !context) return;
  if (context.state === "suspended") context.resume();
  [660, 880].forEach((frequency, nth) => {
    const at = context.currentTime + nth * 0.14;
    const tone = new OscillatorNode(context, { frequency, type: "sine" });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.32);
  });
}
