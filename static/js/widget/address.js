// What the frame's own address says: any workspace can set it.
const NAMES = ["consumerId", "visitorId", "customerId"];

function first(names, ...places) {
  for (const place of places) {
    for (const name of names) {
      const found = place.get(name);
      if (found) return found;
    }
  }
  return "";
}

/** The consumer, and the code that a brand's server put behind the #. */
export function consumerIn({ search, hash }) {
  const query = new URLSearchParams(search);
  const fragment = new URLSearchParams(hash.slice(1));
  return { consumer: first(NAMES, fragment, query), code: first(["code"], fragment) };
}

/** The address without the code: it is good once. */
export function withoutCode({ pathname, search, hash }) {
  const fragment = new URLSearchParams(hash.slice(1));
  fragment.delete("code");
  const rest = String(fragment);
  return pathname + search + (rest && `#${rest}`);
}

export function themeIn({ search }) {
  return new URLSearchParams(search).get("theme") ?? "";
}
