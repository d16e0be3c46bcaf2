// Counts what stands in a text field, as the server does: characters, a line break as one.
const words = new Intl.NumberFormat("en");

for (const counter of document.querySelectorAll("[data-counter]")) {
  const field = document.getElementById(counter.dataset.counter);
  const shown = counter.querySelector("b");
  const most = Number(field?.dataset.counted);
  if (!field) continue;
  const count = () => {
    const length = [...field.value].length;
    shown.textContent = words.format(length);
    shown.classList.toggle("bad", length > most);
  };
  field.addEventListener("input", count);
  count();
}
