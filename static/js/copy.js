// Copy buttons: what stands in the element that data-copy names, or the button's own data-text.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy], [data-text]");
  if (!button) return;
  const shown = button.dataset.copy
    ? [...document.querySelectorAll(button.dataset.copy)].find((one) => one.offsetParent !== null)
    : null;
  const text = button.dataset.text ?? shown?.textContent ?? "";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return; // Not allowed, or plain http: the text can still be selected by hand.
  }
  const label = button.getAttribute("aria-label");
  button.setAttribute("aria-label", "Copied");
  button.dataset.copied = "";
  setTimeout(() => {
    button.setAttribute("aria-label", label);
    delete button.dataset.copied;
  }, 1500);
});
