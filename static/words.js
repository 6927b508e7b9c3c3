// What the page says: questions, success in a toast, kills and errors to whoever only listens.

const place = (id) => document.getElementById(id);
let asker = null;

export function openQuestion() {
  const dialog = place("question");
  if (!dialog) return;
  asker = document.activeElement;
  dialog.removeAttribute("open"); // as it stands without a script; a modal one keeps the focus
  dialog.showModal();
  dialog.addEventListener("close", closeQuestion, { once: true });
  dialog.querySelector("[data-action=cancel]").addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
}

export function closeQuestion() {
  const dialog = place("question");
  if (!dialog) return;
  const back = asker?.id ? place(asker.id) : asker;
  place("ask").replaceChildren();
  back?.focus();
}

let fading = 0;
export function toast(words) {
  if (!words) return;
  place("toast-text").textContent = words;
  place("toast").hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { place("toast").hidden = true; }, 6000);
}

export function announce(words) {
  place("said").textContent = words;
}

export function alarm(words) {
  if (words) place("alarm").textContent = words;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-action=dismiss]")) place("toast").hidden = true;
});
