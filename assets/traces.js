// The list of all traces: searched, sorted and filtered, its state kept in the address.
(() => {
  "use strict";
  const { el, ms, count, status, data, clocks, operation, fragment } = window.Telemetry;
  const KINDS = ["chat", "processing", "command", "tool", "llm", "log"];
  const PAGE = 200;
  const COLUMNS = { start: 3, ms: 4, events: 5, errors: 6, operations: 7 };
  const table = document.getElementById("traces");
  const form = document.getElementById("trace-filters");
  if (!table || !form) return;
  const note = document.getElementById("trace-count");
  const { moment } = clocks(table.dataset.zone);
  let all = null;
  let shown = PAGE;

  const state = () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));

  function fill(from) {
    for (const field of form.elements) if (field.name) field.value = from.get(field.name) || "";
  }

  function rowOf(i) {
    const id = all.id[i];
    const link = el("a", { class: "mono", href: "trace.html#" + encodeURIComponent(id) }, id.length > 36 ? id.slice(0, 36) + "…" : id);
    const number = (value, text, bad) => el("td", { class: "n" + (bad ? " bad" : "") }, text);
    return el("tr", {}, el("td", {}, link), el("td", { class: "op" }, operation(all.root[i], all.root[i].slice(0, 80))), el("td", {}, status(all.status[i])),
      el("td", { class: "nowrap", title: new Date(all.start[i]).toISOString() }, moment(all.start[i])), number(all.ms[i], ms(all.ms[i])),
      number(all.events[i], count(all.events[i])), number(all.errors[i], count(all.errors[i]), all.errors[i] > 0),
      number(all.operations[i], count(all.operations[i])));
  }

  async function chosen(wanted) {
    const text = (wanted.q || "").trim().toLowerCase();
    const kind = wanted.kind ? 1 << KINDS.indexOf(wanted.kind) : 0;
    const operation = wanted.operation ? all.names.indexOf(wanted.operation) : null;
    const least = wanted.min ? Number(wanted.min) : 0;
    const rows = [];
    for (let i = 0; i < all.id.length; i++) {
      if (wanted.status && all.status[i] !== wanted.status) continue;
      if (kind && !(all.kinds[i] & kind)) continue;
      if (operation !== null && !all.operations_of[i].includes(operation)) continue;
      if (all.ms[i] < least) continue;
      if (wanted.since && (all.start[i] + all.ms[i] < Number(wanted.since) || all.start[i] >= Number(wanted.until))) continue;
      if (text && !all.id[i].toLowerCase().includes(text) && !all.root[i].toLowerCase().includes(text)) continue;
      rows.push(i);
    }
    // Another id (of a message, a conversation, a command's execution) leads to the traces that bear it.
    if (text && !rows.length) {
      const ids = await data("trace-ids");
      const exact = (wanted.q || "").trim();
      if (Object.hasOwn(ids, exact)) rows.push(...ids[exact]);
    }
    const [name, direction] = (wanted.sort || "start-").split(/(?=[+-]$)/);
    if (COLUMNS[name]) rows.sort((a, b) => (all[name][a] - all[name][b]) * (direction === "+" ? 1 : -1) || a - b);
    return rows;
  }

  async function update() {
    if (!all) {
      all = await data("traces");
      const list = form.elements.operation;
      list.replaceChildren(list.options[0], ...all.names.map((name) => el("option", { value: name }, name)));
      fill(fragment());
    }
    const wanted = state();
    const rows = await chosen(wanted);
    table.tBodies[0].replaceChildren(...rows.slice(0, shown).map(rowOf));
    note.textContent = count(rows.length) + " of " + count(all.id.length) + " traces" + (wanted.since ? " between " + moment(Number(wanted.since)) + " and " + moment(Number(wanted.until)) : "") + (rows.length > shown ? ", the first " + shown + " shown" : "");
    document.getElementById("trace-more").hidden = rows.length <= shown;
    const address = new URLSearchParams(wanted).toString();
    history.replaceState(null, "", address ? "#" + address : location.pathname + location.search);
    dispatchEvent(new Event("telemetry-filter"));
    [...table.tHead.rows[0].cells].forEach((cell, index) => {
      const [name, direction] = (wanted.sort || "start-").split(/(?=[+-]$)/);
      if (COLUMNS[name] === index) cell.setAttribute("aria-sort", direction === "+" ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
    table.setAttribute("data-shown", String(performance.now()));
  }

  for (const [name, index] of Object.entries(COLUMNS)) {
    const header = table.tHead.rows[0].cells[index];
    const sort = () => {
      form.elements.sort.value = form.elements.sort.value === name + "-" ? name + "+" : name + "-";
      update();
    };
    header.replaceChildren(el("button", { type: "button", click: sort }, header.textContent));
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { shown = PAGE; update(); });
  document.getElementById("trace-more").addEventListener("click", () => { shown += 5 * PAGE; update(); });
  addEventListener("hashchange", () => { fill(fragment()); update(); });
  addEventListener("telemetry-renewed", () => {
    const wasLoaded = all;
    all = null;
    if (wasLoaded) update();
  });
  if (location.hash.length > 1) { fill(fragment()); update(); }
})();
