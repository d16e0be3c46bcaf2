// What is cut off or overlaps, where no page scrolls for it. What may be pushed sideways has room.
() => {
  const faults = [...document.querySelectorAll(".card")]
    .filter((card) => card.scrollWidth > card.clientWidth + 1)
    .map((card) => `cut off: ${card.textContent.trim().replace(/\s+/g, " ").slice(0, 60)}`);
  const tools = document.querySelector(".top__tools")?.getBoundingClientRect();
  const crumb = document.querySelector(".crumbs")?.lastElementChild?.getBoundingClientRect();
  if (tools && crumb && (crumb.right > tools.left + 1 || crumb.height > 52)) faults.push("crumbs too long");
  const nav = document.querySelector(".subnav")?.getBoundingClientRect();
  const place = document.querySelector(".subnav [aria-current]")?.getBoundingClientRect();
  if (nav && place && (place.left < nav.left || place.right > nav.right + 1)) faults.push("place not seen");
  return faults;
}
