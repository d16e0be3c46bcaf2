// On a phone the list of settings is one line to push sideways: it begins with the page one is on.
const nav = document.querySelector(".subnav");
const current = nav?.querySelector("[aria-current]");

if (current) {
  const [line, place] = [nav, current].map((one) => one.getBoundingClientRect());
  nav.scrollLeft += place.left + place.width / 2 - (line.left + line.width / 2);
}
