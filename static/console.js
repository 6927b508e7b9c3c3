// The risk table page: saves and questions over htmx, live parts over the socket, keys.
import { replaceLive } from "./live.js";
import * as rows from "./rows.js";
import { sumFoot } from "./foot.js";
import { openQuestion, closeQuestion, toast, announce, alarm } from "./words.js";
import "./keys.js";

const main = document.getElementById("main");
const act = document.getElementById("act");
const drawer = document.getElementById("drawer");
let arriving = [];

const bodyOf = (element) => element.closest("tbody.row");
const rowOfPath = (path) => document.getElementById(`body-${/^\/rows\/(\d+)\//.exec(path)?.[1]}`);

// ---- Editing
document.addEventListener("input", (event) => {
  const body = event.target.closest(".limit") && bodyOf(event.target);
  if (!body) return;
  rows.clearError(event.target); // the sentence was about what stood there before
  rows.refresh(body);
});
document.addEventListener("reset", (event) => {
  const body = bodyOf(event.target);
  if (!body) return;
  event.preventDefault();
  rows.undo(body);
});
document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.dataset.action !== "enabled") return;
  const path = box.checked ? box.dataset.on : box.dataset.off;
  box.checked = !box.checked; // it shows what holds; the answer moves it
  if (path === box.dataset.on) whenIdle(box.id, path);
  else send(path);
});

// An enable names the revision that the row shows, so it waits for the answer to the row's own save.
function whenIdle(id, path) {
  const body = bodyOf(document.getElementById(id));
  if (body.dataset.busy) setTimeout(whenIdle, 50, id, path);
  else send(path);
}

function send(path) {
  const button = Object.assign(document.createElement("button"), { formAction: path, hidden: true });
  button.setAttribute("form", "act");
  document.body.append(button);
  act.requestSubmit(button);
  button.remove();
}
addEventListener("beforeunload", (event) => {
  if (rows.dirtyBodies().length) event.preventDefault();
});

// ---- Requests
document.addEventListener("htmx:configRequest", (event) => {
  const { detail } = event;
  const submitter = detail.triggeringEvent?.submitter;
  if (event.target === act && submitter) {
    detail.path = new URL(submitter.formAction).pathname;
    if (submitter.name) detail.parameters[submitter.name] = submitter.value;
    const form = rowOfPath(detail.path)?.querySelector("form[id^=form-]");
    if (form) for (const [name, value] of new FormData(form)) detail.parameters[name] ??= value;
  } else if (submitter?.name === "keep") {
    detail.parameters.keep = submitter.value;
  }
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id === "table" && rows.dirtyBodies().length) {
    event.preventDefault();
    const unsaved = document.getElementById("unsaved").textContent;
    toast(`Order and filter are held: save or undo ${unsaved.replace(" unsaved", "")} first.`);
    return;
  }
  const body = rowOfPath(event.detail.requestConfig.path);
  if (body && event.detail.requestConfig.verb === "post") rows.sending(body);
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  if (!target.matches?.("tbody.row")) return;
  arriving.push([target.id, rows.typedSince(target), rows.heldFocus(target)]);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const body = rowOfPath(event.detail.requestConfig?.path ?? "");
  if (body) delete body.dataset.busy;
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => alarm("PM did not answer. It may or may not have happened; the row shows it."));
}
document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  alarm(status === 403 ? "Your role does not allow this, or the page is too old: load it again." : `It did not work (${status}).`);
});
document.addEventListener("htmx:afterSettle", (event) => {
  const { target } = event.detail;
  if (target.id === "ask") return;
  for (const [id, typed, focused] of arriving) {
    const body = document.getElementById(id);
    if (!body) continue;
    rows.retype(body, typed);
    // The button that was pressed may be gone: who works by keyboard stays in the row.
    if (focused && document.activeElement === document.body) body.querySelector(".name a")?.focus();
    rows.refresh(body);
    closeQuestion();
    sum();
  }
  arriving = [];
  if (target.id === "table" || event.target.id === "table") whole();
  if (target.id === "drawer") openDrawer();
});
document.addEventListener("ask", openQuestion);
document.addEventListener("toast", (event) => toast(event.detail.said));
document.addEventListener("alarm", (event) => alarm(event.detail.said));

// ---- Live
document.addEventListener("live", (event) => {
  for (const message of event.detail.rows) {
    if (rows.follow(message)) announceKill(message);
    else if (!document.getElementById(`body-${message.dataset.row}`)) appear(message.dataset.row);
    if (drawer.querySelector(`#drawer-live[data-row="${message.dataset.row}"]`)) refreshDrawer();
  }
  sum();
});

function announceKill(message) {
  alarm(`${message.dataset.label}: KILLED.`);
}

// A strategy first seen after the page was made; while a filter hides rows, it may be one of those.
const asked = new Set();
function appear(number) {
  if (document.querySelector("#table[data-filtered]") || asked.has(number)) return;
  asked.add(number);
  if (!rows.dirtyBodies().length) htmx.ajax("GET", location.pathname + location.search, { target: "#table", swap: "outerHTML" });
}

let refreshing = 0;
function refreshDrawer() {
  if (refreshing) return;
  refreshing = setTimeout(() => {
    refreshing = 0;
    const live = document.getElementById("drawer-live");
    if (live) htmx.trigger(live, "refresh");
  }, 1000);
}

// Part by part and only where something differs: a button is never replaced under the pointer for nothing.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "drawer-live") return;
  const held = drawer.contains(document.activeElement);
  const box = document.createElement("template");
  box.innerHTML = event.detail.serverResponse;
  replaceLive(box.content);
  if (held && !drawer.contains(document.activeElement)) drawer.focus();
});

// ---- Totals of what is shown
function sum() {
  sumFoot();
  const all = Number(document.getElementById("totals").dataset.killed);
  const title = document.body.dataset.title;
  document.title = all ? `(${all} killed) ${title}` : title;
}

let spoken = 0;
setInterval(() => {
  const words = [...document.querySelectorAll("#totals > div")].map((one) => one.innerText.replace("\n", " ")).join(", ");
  if (Date.now() - spoken > 60000) {
    spoken = Date.now();
    announce(words);
  }
}, 5000);

// ---- Drawer
let opener = null;
document.addEventListener("click", (event) => {
  const link = event.target.closest(".name a");
  if (link) opener = link.id;
  const leave = event.target.closest("[data-action=leave]");
  if (leave && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    closeDrawer();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drawer.contains(document.activeElement)) closeDrawer();
});

function openDrawer() {
  drawer.hidden = false;
  drawer.focus();
}

function closeDrawer() {
  drawer.hidden = true;
  drawer.replaceChildren();
  if (location.pathname !== "/") history.replaceState(null, "", "/");
  document.getElementById(opener)?.focus();
}

// ---- Beginning, also of a table that a filter has brought
function whole() {
  rows.bodies().forEach(rows.refresh);
  rows.count();
  sum();
}

whole();
openQuestion();
main.dataset.ready = "1";
