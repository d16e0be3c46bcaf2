// Parts of a page that are asked for again: whoever is on a link of one stays on it, by keyboard.
// htmx itself keeps the focus of what has an id, and of nothing else.
let place = null;

function linksTo(href) {
  return [...document.querySelectorAll("main a[href]")].filter(
    (link) => link.getAttribute("href") === href,
  );
}

document.addEventListener("htmx:beforeSwap", () => {
  const link = document.activeElement;
  const href = link?.getAttribute("href");
  place = href && link.closest("main") ? { href, nth: linksTo(href).indexOf(link) } : null;
});

document.addEventListener("htmx:afterSettle", () => {
  if (place && document.activeElement === document.body) {
    linksTo(place.href)[place.nth]?.focus({ preventScroll: true });
  }
});
