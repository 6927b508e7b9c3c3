// The totals of what is shown, in micro-dollars (whole numbers), and what they lack: as screen.py says it.

const money = (micros, signed) => {
  const cents = Math.round(micros / 1e4);
  const digits = (Math.abs(cents) / 100).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
  return (cents < 0 ? "\u2212" : signed && cents > 0 ? "+" : "") + digits;
};

function put(name, text) {
  const place = document.querySelector(`tfoot [data-sum=${name}]`);
  if (place && place.textContent !== text) place.textContent = text;
}

// The sum of one cell over all rows, and the sources of which some or all is not known.
function total(cell) {
  const told = new Set();
  const untold = new Set();
  let micros = 0;
  for (const one of document.querySelectorAll(`tbody [data-cell=${cell}]`)) {
    const known = one.dataset.micros !== "";
    (known ? told : untold).add(one.closest("tr").dataset.source);
    micros += Number(one.dataset.micros);
  }
  return { micros, told, untold };
}

function putSum(name, words, cell, signed, silent) {
  const { micros, told, untold } = total(cell);
  put(name, told.size ? money(micros, signed) : "\u2013");
  const mark = document.querySelector(`tfoot [data-mark=${name}]`);
  if (mark) mark.hidden = untold.size === 0 && silent.length === 0;
  return [...untold].sort().map((source) => `${words} without ${told.has(source) ? "all of " : ""}${source}`);
}

export function sumFoot() {
  const line = document.getElementById("foot-lacks");
  if (!line) return;
  put("killed", String(document.querySelectorAll("tbody:is(.killed, .killing)").length));
  const shown = new Set([...document.querySelectorAll("tbody.silent tr[data-source]")].map((row) => row.dataset.source));
  const silent = [...document.querySelectorAll("#links [data-source]")].filter((link) => shown.has(link.dataset.source) && link.dataset.asOf);
  const lacks = [
    ...putSum("pnl", "PnL", "total_pnl", true, silent),
    ...putSum("open", "positions", "position", false, silent),
    ...silent.map((link) => `${link.dataset.source} as of ${link.dataset.asOf} UTC`),
  ];
  put("lacks", lacks.join(", "));
  line.hidden = lacks.length === 0;
}
