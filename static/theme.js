// Puts the remembered theme in place before the page is painted; without one the system decides.
"use strict";
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // storage may be switched off: the system's theme then
}
