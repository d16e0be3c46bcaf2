// What the Tab key has to reach. Radios of one group are one stop; what a closed menu holds is none.
({
  mark() {
    const pressable =
      "a[href], button, input, select, textarea, summary, [tabindex='0']";
    const stops = [...document.querySelectorAll(pressable)].filter(
      (one) =>
        !one.disabled && one.type !== "hidden" && one.checkVisibility({ visibilityProperty: true }),
    );
    stops.forEach((one, i) => {
      one.dataset.mark = one.type === "radio" ? `radio ${one.name}` : i;
    });
    return new Set(stops.map((one) => one.dataset.mark)).size;
  },

  focused() {
    const one = document.activeElement;
    // What has the focus inside a frame shows it there.
    if (!one || one === document.body || one.tagName === "IFRAME") return null;
    const ring = [one, one.closest("label") ?? one].some((part) => {
      const style = getComputedStyle(part);
      return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    });
    return { mark: one.dataset.mark ?? null, hasRing: ring, html: one.outerHTML.slice(0, 120) };
  },
})
