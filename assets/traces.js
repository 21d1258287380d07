// The list of all traces, as the page's filter chooses of them: filter.js keeps that in the form and the address.
(() => {
  "use strict";
  const { el, ms, count, cut, status, data, clocks, operation } = window.Telemetry;
  const { tracesOf, isTraceElsewhere } = window.TelemetrySelection;
  const KINDS = ["chat", "processing", "command", "tool", "llm", "log"];
  const PAGE = 200;
  const COLUMNS = { start: 3, ms: 4, events: 5, failed: 6, operations: 7 };
  const table = document.getElementById("traces");
  const form = document.getElementById("page-filters");
  if (!table || !form) return;
  const note = document.getElementById("trace-count");
  const { moment } = clocks(table.dataset.zone);
  let all = null;
  let shown = PAGE;

  function rowOf(i) {
    const id = all.id[i];
    const link = el("a", { class: "mono", href: "trace.html#" + encodeURIComponent(id) }, cut(id, 36));
    const number = (value, text, bad) => el("td", { class: "n" + (bad ? " bad" : "") }, text);
    return el("tr", {}, el("td", {}, link), el("td", { class: "op" }, operation(all.root[i], cut(all.root[i], 80))), el("td", {}, status(all.status[i])),
      el("td", { class: "nowrap", title: new Date(all.start[i]).toISOString() }, moment(all.start[i])), number(all.ms[i], ms(all.ms[i])),
      number(all.events[i], count(all.events[i])), number(all.failed[i], count(all.failed[i]), all.failed[i] > 0),
      number(all.operations[i], count(all.operations[i])));
  }

  // The traces that what is chosen is of (null: all of them), and where rows stand for many operations, what can be told of a trace itself.
  function fitting(wanted, chosen) {
    const of = chosen && tracesOf(chosen);
    if (!chosen || of) return (i) => !of || of[i];
    const text = (wanted.q || "").trim().toLowerCase();
    const wantedOne = wanted.operation ? all.names.indexOf(wanted.operation.replace(/^(chat|processing|command|tool|llm|log) /, "")) : null;
    return (i) => (!wanted.status || all.status[i] === wanted.status) && (!wanted.kind || all.kinds[i] & (1 << KINDS.indexOf(wanted.kind)))
      && !isTraceElsewhere(chosen, i) && (wantedOne === null || all.operations_of[i].includes(wantedOne))
      && (!wanted.since || (all.start[i] + all.ms[i] >= Number(wanted.since) && all.start[i] < Number(wanted.until)))
      && (!text || all.id[i].toLowerCase().includes(text) || all.root[i].toLowerCase().includes(text));
  }

  function listed(wanted, chosen) {
    const fits = fitting(wanted, chosen);
    const least = wanted.min ? Number(wanted.min) : 0;
    const rows = [...all.id.keys()].filter((i) => all.ms[i] >= least && fits(i));
    const [name, direction] = order(wanted);
    if (COLUMNS[name]) rows.sort((a, b) => (all[name][a] - all[name][b]) * (direction === "+" ? 1 : -1) || a - b);
    return rows;
  }
  const order = (wanted) => (wanted.sort || "start-").split(/(?=[+-]$)/);

  async function update() {
    const wanted = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
    const [name, direction] = order(wanted);
    if (!all) {
      if (!Object.keys(wanted).length) return;
      all = await data("traces");
    }
    const rows = listed(wanted, window.telemetryChosen);
    table.tBodies[0].replaceChildren(...rows.slice(0, shown).map(rowOf));
    note.textContent = count(rows.length) + " of " + count(all.id.length) + (all.id.length === 1 ? " trace" : " traces") + (wanted.since ? " between " + moment(Number(wanted.since)) + " and " + moment(Number(wanted.until)) : "") + (rows.length > shown ? ", the first " + shown + " shown" : "");
    document.getElementById("trace-more").hidden = rows.length <= shown;
    [...table.tHead.rows[0].cells].forEach((cell, index) => {
      if (COLUMNS[name] === index) cell.setAttribute("aria-sort", direction === "+" ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
    table.setAttribute("data-shown", String(performance.now()));
  }

  for (const [name, index] of Object.entries(COLUMNS)) {
    const header = table.tHead.rows[0].cells[index];
    const sort = () => {
      form.elements.sort.value = form.elements.sort.value === name + "-" ? name + "+" : name + "-";
      dispatchEvent(new Event("telemetry-set"));
    };
    header.replaceChildren(el("button", { type: "button", click: sort }, header.textContent));
  }
  addEventListener("telemetry-chosen", () => { shown = PAGE; update(); });
  document.getElementById("trace-more").addEventListener("click", () => { shown += 5 * PAGE; update(); });
  addEventListener("telemetry-renewed", () => { all = all && null; });
})();
