// The page's socket: replaces live parts by id, judges silence by its own clock, ticks ages.
// A message is markup; only elements marked data-live are taken from it, and none of them is a field.

const SILENT_MS = 5000;
const RETRY_MS = 1000;
const FROZEN_MS = 20000;
const TOGETHER_MS = 100;
const NARROW = "\u202f";

let heardAt = performance.now();
let heardClock = new Date();
let offset = Date.now() - performance.now(); // server's clock minus ours
let socket = null;
let opened = 0;

export const isLost = () => performance.now() - heardAt > SILENT_MS;

export function ageText(ms, long = false) {
  const seconds = Math.max(ms, 0) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)}${NARROW}s`;
  if (seconds < 60) return `${Math.floor(seconds)}${NARROW}s`;
  if (seconds < 3600) {
    const rest = long ? ` ${Math.floor(seconds % 60)}${NARROW}s` : "";
    return `${Math.floor(seconds / 60)}${NARROW}min${rest}`;
  }
  const rest = long ? ` ${Math.floor((seconds % 3600) / 60)}${NARROW}min` : "";
  return `${Math.floor(seconds / 3600)}${NARROW}h${rest}`;
}

// A field holds what somebody is typing: whatever a message says, none is replaced.
const holdsField = (element) => element.querySelector("input, select, textarea") !== null;

export function replaceLive(root) {
  for (const fresh of root.querySelectorAll("[data-live]")) {
    const old = document.getElementById(fresh.id);
    if (!old || holdsField(old) || old.isEqualNode(fresh)) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    old.replaceWith(fresh);
    if (focused) fresh.querySelector(`[data-action="${focused}"]`)?.focus();
  }
}

// What comes in a burst is put on the page together: its sums and its layout are made once for all of it.
let waiting = [];

function receive(text) {
  heardAt = performance.now();
  heardClock = new Date();
  if (!waiting.length) setTimeout(putAll, TOGETHER_MS);
  waiting.push([text, heardAt]);
}

function putAll() {
  const rows = [];
  for (const [text, at] of waiting) {
    const box = document.createElement("template");
    box.innerHTML = text;
    const now = Number(box.content.querySelector("[data-now]")?.dataset.now);
    if (now) offset = now - at;
    rows.push(...box.content.querySelectorAll("table[data-row]"));
    replaceLive(box.content);
  }
  waiting = [];
  tick();
  document.dispatchEvent(new CustomEvent("live", { detail: { rows } }));
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  opened = performance.now();
  socket = new WebSocket(`${scheme}//${location.host}${document.body.dataset.live}`);
  const mine = socket;
  socket.addEventListener("message", (event) => mine === socket && receive(event.data));
  socket.addEventListener("close", (event) => {
    if (mine !== socket) return;
    if (event.code === 4401) location.reload(); // the session is over: the page leads to the login
    else setTimeout(connect, RETRY_MS);
  });
}

function heardOf(source) {
  const heard = document.querySelector(`#links [data-source="${CSS.escape(source)}"]`)?.dataset.heard;
  return heard ? Number(heard) : null;
}

function tickSources(now) {
  for (const one of document.querySelectorAll("#links [data-heard], #silent [data-source]")) {
    const heard = one.dataset.heard ? Number(one.dataset.heard) : heardOf(one.dataset.source);
    const age = one.querySelector("[data-age]");
    if (heard && age) setText(age, ageText(now - heard, one.classList.contains("banner")));
    if (heard) quieten(one, now - heard > SILENT_MS);
  }
}

// What the server called live when it last spoke is live no longer.
function quieten(link, silent) {
  const word = link.querySelector("[data-word]");
  if (!word) return;
  link.classList.toggle("silent", silent);
  setText(word, silent ? "silent" : "live");
}

function tickRows(now) {
  const heard = new Map();
  for (const cell of document.querySelectorAll("[data-cell=age]")) {
    const source = cell.dataset.follows;
    if (source && !heard.has(source)) heard.set(source, heardOf(source));
    const at = Math.max(Number(cell.dataset.asOf) || 0, heard.get(source) ?? 0);
    setText(cell, at ? ageText(now - at) : "never");
  }
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tick() {
  const now = performance.now() + offset;
  tickSources(now);
  tickRows(now);
  for (const one of document.querySelectorAll("[data-since]")) setText(one, ageText(now - Number(one.dataset.since)));
  const lost = isLost();
  for (const link of document.querySelectorAll("#links li:not([data-heard])")) quieten(link, lost);
  const banner = document.getElementById("lost");
  if (banner) {
    banner.hidden = !lost;
    if (lost) {
      setText(banner.querySelector("[data-lost=age]"), ageText(performance.now() - heardAt, true));
      setText(banner.querySelector("[data-lost=since]"), heardClock.toISOString().slice(11, 19) + " UTC");
    }
    const stale = document.getElementById("stale");
    if (stale) stale.hidden = !lost && !document.querySelector("#silent .banner");
  }
  document.body.classList.toggle("lost", lost);
}

function watch() {
  tick();
  // An open socket with a frozen server behind it: begin again, rather than wait for it.
  const quiet = performance.now() - Math.max(heardAt, opened);
  if (socket?.readyState === WebSocket.OPEN && quiet > FROZEN_MS) {
    const old = socket;
    connect();
    old.close();
  }
}

if (document.body.dataset.live) {
  connect();
  tick();
  setInterval(watch, 500);
}
