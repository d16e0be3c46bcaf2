// The theme button: follow the system, or pin light or dark. The choice is a cookie, so that the
// server writes it on <html> and a page never flashes.
const NEXT = { system: "light", light: "dark", dark: "system" };
const WORDS = { system: "Theme: follow the system", light: "Theme: light", dark: "Theme: dark" };
const root = document.documentElement;
const button = document.querySelector("[data-theme-switch]");

function show(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  button.setAttribute("aria-label", WORDS[theme]);
  button.title = WORDS[theme];
  for (const icon of button.children) {
    icon.toggleAttribute("hidden", icon.dataset.icon !== theme);
  }
}

if (button) {
  button.hidden = false;
  show(root.dataset.theme ?? "system");
  button.addEventListener("click", () => {
    const theme = NEXT[root.dataset.theme ?? "system"];
    const age = theme === "system" ? 0 : 365 * 24 * 3600;
    document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax`;
    show(theme);
  });
}
