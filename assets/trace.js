// The list of all traces, and one trace by the id behind the #. Data comes from data/*.js, since file:// has no fetch.
(() => {
  "use strict";
  const NAMES = { ok: "✓ ok", error: "✕ failed", unfinished: "… unfinished" };
  const SHOWN = 300;

  function el(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function svg(name, attributes) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  function ms(value) {
    if (value === null || value === undefined) return "–";
    if (value < 9.995) return value ? value.toFixed(1) + " ms" : "0 ms";
    if (value < 999.5) return value.toFixed(0) + " ms";
    if (value < 59950) return (value / 1000).toFixed(value < 9995 ? 2 : 1) + " s";
    const seconds = Math.round(value / 1000);
    if (seconds < 3600) return Math.floor(seconds / 60) + " min " + (seconds % 60) + " s";
    return Math.floor(seconds / 3600) + " h " + Math.floor((seconds % 3600) / 60) + " min";
  }

  const DATA_FILE = /^data\/trace(s|-\d+)\.js$/;
  const checked = (path) => {
    if (!DATA_FILE.test(path)) throw new TypeError("not a data file: " + path);
    return path;
  };
  const policy = window.trustedTypes ? trustedTypes.createPolicy("telemetry-data", { createScriptURL: checked }) : null;

  function load(path) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = policy ? policy.createScriptURL(path) : checked(path);
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  }

  const status = (value) => el("span", { class: "status " + value }, NAMES[value] || value);
  const kind = (value) => el("span", { class: "kind " + value }, value);

  // ---- the list
  const table = document.getElementById("traces");
  const filter = document.getElementById("trace-filter");
  let all = null;
  window.telemetryTraces = (columns) => { all = columns; };

  function rowOf(i) {
    const id = all.id[i];
    const link = el("a", { class: "mono", href: "trace.html#" + encodeURIComponent(id) }, id.length > 36 ? id.slice(0, 36) + "…" : id);
    const number = (value, text, bad) => el("td", { class: "n" + (bad ? " bad" : ""), "data-v": value }, text);
    return el("tr", {}, el("td", {}, link), el("td", { class: "op" }, all.root[i].slice(0, 80)), el("td", {}, status(all.status[i])),
      el("td", { class: "nowrap" }, all.start[i]), number(all.ms[i], ms(all.ms[i])), number(all.events[i], String(all.events[i])),
      number(all.errors[i], String(all.errors[i]), all.errors[i] > 0), number(all.operations[i], String(all.operations[i])));
  }

  async function search() {
    if (!all) await load("data/traces.js");
    const wanted = filter.value.trim().toLowerCase();
    const found = [];
    for (let i = 0; i < all.id.length && found.length < SHOWN; i++) {
      if ((all.id[i] + " " + all.root[i] + " " + all.status[i]).toLowerCase().includes(wanted)) found.push(rowOf(i));
    }
    table.tBodies[0].replaceChildren(...found);
  }
  if (table && filter) filter.addEventListener("input", search);

  // ---- one trace
  const place = document.getElementById("trace");
  const shards = {};
  window.telemetryShard = (number, traces) => { shards[number] = traces; };

  // FNV-1a of the UTF-8 bytes, as in reporter/site/pages/traces.py
  function shardOf(id, count) {
    let value = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(id)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
    return value % count;
  }

  function waterfall(trace) {
    const total = Math.max(1, trace.ms, ...trace.spans.map((span) => span[0] + (span[1] || 0)));
    const box = el("div", { class: "fall panel" });
    for (const [start, duration, spanKind, operation, state] of trace.spans) {
      const picture = svg("svg", { preserveAspectRatio: "none", viewBox: "0 0 1000 18", role: "img" });
      const left = Math.min(998, (start / total) * 1000);
      const width = state === "unfinished" ? 1000 - left : Math.max(2, ((duration || 0) / total) * 1000);
      picture.append(svg("rect", { x: left, y: 3, width: Math.min(width, 1000 - left), height: 12, rx: 2, class: "bar " + spanKind + " " + state }));
      box.append(el("span", { title: operation }, kind(spanKind), " ", operation), picture,
        el("span", { class: "n" }, state === "ok" ? ms(duration) : state === "error" ? "✕ " + ms(duration) : "…"));
    }
    return box;
  }

  function eventRow([offset, clock, eventKind, event, operation, state, duration, level, message, source, at, context]) {
    let text = context;
    try { text = context && JSON.stringify(JSON.parse(context), null, 2); } catch { /* cut off: shown as it is */ }
    const more = el("details", {}, el("summary", {}, message && message !== event ? message.slice(0, 200) : "context"),
      el("pre", {}, (message && message !== event ? message + "\n\n" : "") + (text || "no context")), el("p", { class: "soft" }, source + " at " + at));
    return el("tr", { class: state || "" }, el("td", { class: "n" }, "+" + ms(Math.max(0, offset))), el("td", { class: "nowrap" }, clock),
      el("td", {}, kind(eventKind)), el("td", { class: "op" }, event || level || ""), el("td", { class: "op" }, operation === event ? "" : operation || ""),
      el("td", {}, state ? status(state) : ""), el("td", { class: "n" }, ms(duration)), el("td", {}, more));
  }

  async function show() {
    let id = location.hash.slice(1);
    if (!id) return;
    try { id = decodeURIComponent(id); } catch { /* as it stands */ }
    const number = shardOf(id, Number(place.dataset.shards));
    if (!shards[number]) await load("data/trace-" + number + ".js").catch(() => {});
    const trace = (shards[number] || {})[id];
    document.title = "Trace " + id.slice(0, 40);
    if (!trace) {
      place.replaceChildren(el("h1", {}, "Trace not in this report"), el("p", { class: "mono" }, id),
        el("p", {}, "This report carries " + place.dataset.detailed + " of " + place.dataset.total +
          " traces with their events: failing, unfinished, slowest and latest. In the terminal: telemetry-report trace ID"));
      return;
    }
    const head = ["time", "clock", "kind", "event", "operation", "status", "took", "details"].map((name) => el("th", {}, name));
    place.replaceChildren(
      el("h1", {}, trace.root + " ", status(trace.status)),
      el("p", { class: "mono" }, id),
      el("p", { title: trace.utc }, trace.start + " · " + ms(trace.ms) + " · " + trace.events.length + " events · " + trace.operations + " operations"),
      waterfall(trace),
      el("div", { class: "scroll panel" }, el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...trace.events.map(eventRow)))),
    );
    place.setAttribute("data-shown", "");
  }
  if (place) {
    addEventListener("hashchange", show);
    show();
  }
})();
