// Keys: / search, arrows within a column, Esc puts a field back, ? help; and the remembered theme.
import { fieldsOf, revert, bodies } from "./rows.js";

const help = document.getElementById("keys");
const typing = (element) => element.matches("input:not([type=checkbox]), select, textarea");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const { target, key } = event;
  const field = target.closest?.(".limit input");
  if (field && key === "Escape") {
    event.preventDefault();
    revert(field);
  } else if (field && (key === "ArrowUp" || key === "ArrowDown")) {
    event.preventDefault();
    move(field, key === "ArrowUp" ? -1 : 1);
  } else if (!typing(target) && key === "/") {
    event.preventDefault();
    document.getElementById("q").focus();
  } else if (!typing(target) && key === "?") {
    event.preventDefault();
    help.showModal();
  }
});

function move(field, step) {
  const all = [...bodies()];
  const next = all[all.indexOf(field.closest("tbody")) + step];
  const found = next && fieldsOf(next).find((input) => input.name === field.name);
  found?.focus();
  found?.select();
}

const helpButton = document.getElementById("help");
helpButton.hidden = false;
helpButton.addEventListener("click", () => help.showModal());

const themes = ["", "light", "dark"];
const names = { "": "Auto", light: "Light", dark: "Dark" };
const themeButton = document.getElementById("theme");
const root = document.documentElement;

function showTheme() {
  const theme = root.dataset.theme ?? "";
  themeButton.textContent = names[theme];
  themeButton.setAttribute("aria-label", `Theme: ${names[theme]}`);
}

themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  const following = themes[(themes.indexOf(root.dataset.theme ?? "") + 1) % themes.length];
  if (following) root.dataset.theme = following;
  else delete root.dataset.theme;
  localStorage.setItem("theme", following);
  showTheme();
});
showTheme();
