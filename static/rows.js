// Rows being edited: what is unsaved, which way it goes, what others did meanwhile. Moves no revision.

const FIELDS = ["risk_per_trade", "stop_loss_dollars", "max_strategy_loss"];
const SHORT = { risk_per_trade: "risk", stop_loss_dollars: "stop", max_strategy_loss: "max" };
const LABELS = { risk_per_trade: "Risk/Trade (%)", stop_loss_dollars: "Stop Loss ($)", max_strategy_loss: "Max DD ($)" };
const TONES = ["silent", "killed", "killing", "waiting", "refused", "attention"];

export const bodies = () => document.querySelectorAll("tbody.row");
export const dirtyBodies = () => document.querySelectorAll("tbody.row.dirty");
export const fieldsOf = (body) => [...body.querySelectorAll(".limit input")];

// As the server reads it (forms.py), as far as telling a change takes; null for what is no number.
export function typedNumber(text) {
  const bare = text.trim().replace(/(\d)[ \u00a0\u2009\u202f'](?=\d{3}(?!\d))/g, "$1").replace("\u2212", "-");
  return /^[-+]?\d{1,15}([.,]\d{1,12})?$/.test(bare) ? Number(bare.replace(",", ".")) : null;
}

export function isChanged(input) {
  const text = input.value.trim();
  if (text === "" || text === input.dataset.shown) return text === "" && input.dataset.shown !== "";
  return typedNumber(text) !== Number(input.dataset.stored);
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

function span(classes, ...parts) {
  const made = document.createElement("span");
  if (classes) made.className = classes;
  made.append(...parts);
  return made;
}

function remark(input) {
  const number = typedNumber(input.value);
  if (number === null || number <= 0 || input.ariaInvalid) return null;
  const up = number > Number(input.dataset.stored);
  const old = document.createElement("s");
  old.textContent = input.dataset.shown;
  const words = [icon("pen"), `${LABELS[input.name]} `, old, " ", icon(up ? "up" : "down"), ` ${input.value.trim()}`];
  return span(up ? "say warn" : "say mine", ...words, up ? ", loosens" : ", tighter");
}

// What counts against Max DD, by what the trader kills on; null where it is not known.
function lost(body) {
  const micros = body.querySelector("[data-cell=meter]")?.dataset.lost;
  return micros ? Number(micros) / 1e6 : null;
}

// Marks fields and row, lights Save and Undo, says which way it goes and whether Save will ask.
export function refresh(body) {
  const fields = fieldsOf(body);
  if (!fields.length) return;
  const changed = fields.filter(isChanged);
  for (const input of fields) input.classList.toggle("changed", changed.includes(input) && !input.ariaInvalid);
  const conflict = body.querySelector(".conflict") !== null;
  const dirty = changed.length > 0;
  body.classList.toggle("dirty", dirty);
  if (dirty) body.classList.remove("saved");
  const known = changed.map((input) => [input, typedNumber(input.value)]).filter(([, number]) => number !== null);
  const looser = known.some(([input, number]) => number > Number(input.dataset.stored));
  const loss = lost(body);
  const kills = known.some(([input, number]) => input.name === "max_strategy_loss" && loss !== null && loss > number);
  const killed = body.matches(".killed, .killing");
  const save = body.querySelector("[data-action=save]");
  const undo = body.querySelector("[data-action=undo]");
  const refused = body.querySelector(".limit [aria-invalid=true]") !== null;
  save.disabled = !dirty && !conflict && !refused;
  undo.disabled = save.disabled;
  save.classList.toggle("primary", dirty && !looser);
  save.classList.toggle("loosen", looser);
  save.lastChild.textContent = looser ? "Save\u2026" : "Save";
  note(body, changed, kills && !killed, looser);
  count();
}

function note(body, changed, kills, looser) {
  const cell = body.querySelector("[data-note=edit]");
  cell.replaceChildren(...changed.map(remark).filter(Boolean));
  const killsOn = body.querySelector("[data-cell=meter]").dataset.killsOn || "loss";
  if (kills) cell.append(span("say bad", icon("stop"), `Would kill now: the ${killsOn} is already above it.`));
  if (looser || kills) cell.append(span("dim", "Save asks first"));
  cell.parentElement.hidden = cell.childElementCount === 0;
}

export function count() {
  const unsaved = dirtyBodies().length;
  const place = document.getElementById("unsaved");
  const words = unsaved ? `${unsaved} unsaved row${unsaved === 1 ? "" : "s"}` : "";
  if (place.textContent !== words) place.textContent = words;
  document.getElementById("held").hidden = unsaved === 0;
}

export function revert(input) {
  input.value = input.dataset.shown;
  clearError(input);
  refresh(input.closest("tbody"));
}

export function clearError(input) {
  if (!input.ariaInvalid) return;
  input.removeAttribute("aria-invalid");
  input.removeAttribute("aria-describedby");
  const body = input.closest("tbody");
  const error = body.querySelector(`[data-error="${input.name}"]`);
  error.replaceChildren();
  error.hidden = true;
  if (!body.querySelector(".limit [aria-invalid=true]")) {
    body.classList.remove("refused");
    body.querySelector(".errors").hidden = true;
  }
}

export function undo(body) {
  const theirs = body.querySelector(".conflict [data-action=theirs]");
  if (theirs) theirs.click();
  else fieldsOf(body).forEach(revert);
}

// A push about a row: its tones follow, its fields and its revision stay. Gives whether it has just been killed.
export function follow(message) {
  const body = document.getElementById(`body-${message.dataset.row}`);
  if (!body) return false;
  const tones = message.dataset.tones.split(" ");
  const before = body.matches(".killed, .killing");
  for (const tone of TONES) {
    const typed = tone === "refused" && body.querySelector(".limit [aria-invalid=true]");
    body.classList.toggle(tone, tones.includes(tone) || Boolean(typed));
  }
  const arrived = !before && message.dataset.killed === "1";
  if (arrived) {
    body.classList.add("arrived");
    setTimeout(() => body.classList.remove("arrived"), 2500);
  }
  const box = body.querySelector("[data-action=enabled]");
  if (box) box.disabled = message.dataset.killed === "1"; // what it says stays as it is
  if (fieldsOf(body).length) {
    others(body, message);
    refresh(body);
  }
  return arrived;
}

// Somebody else changed what this row shows: say so, keep what is typed.
function others(body, message) {
  const row = body.querySelector("tr[data-revision]");
  const line = body.querySelector(".other");
  const newer = Number(message.dataset.revision) > Number(row.dataset.revision);
  if (!newer || body.dataset.busy || body.querySelector(".conflict")) {
    line.hidden = line.hidden || !newer;
    return;
  }
  const words = fieldsOf(body)
    .map((input) => [input, Number(message.dataset[SHORT[input.name]])])
    .filter(([input, theirs]) => theirs !== Number(input.dataset.stored))
    .map(([input, theirs]) => `${LABELS[input.name]} is ${theirs.toFixed(2).replace(/\.?0+$/, "")} there`);
  const box = body.querySelector("[data-action=enabled]");
  const enabled = message.dataset.enabled === "1";
  if (box && enabled !== box.checked) words.push(enabled ? "enabled there" : "disabled there");
  line.hidden = words.length === 0;
  const by = message.dataset.by ? ` by ${message.dataset.by}` : "";
  if (words.length) line.querySelector("[data-note=other]").textContent = `Changed elsewhere${by}: ${words.join(", ")}.`;
}

// What is typed between sending a row and its answer is kept over the answer.
const sent = new WeakMap();

export function sending(body) {
  body.dataset.busy = "1";
  sent.set(body, fieldsOf(body).map((input) => input.value));
  body.dataset.focused = body.contains(document.activeElement) ? "1" : "";
}

// Whether the keyboard was in the row when it was sent: a push may take the button away before the answer comes.
export const heldFocus = (body) => body.dataset.focused === "1";

export function typedSince(body) {
  const before = sent.get(body) ?? [];
  return fieldsOf(body)
    .map((input, place) => [input.name, input.value, before[place]])
    .filter(([, value, old]) => old !== undefined && value !== old);
}

export function retype(body, typed) {
  for (const [name, value] of typed) {
    const input = body.querySelector(`.limit input[name="${name}"]`);
    if (input) input.value = value;
  }
}

export { FIELDS };
