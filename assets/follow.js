// A page follows the filter: what an element shows is said in its markup (data-tile, data-table, data-c on a column's head), and is put
// there anew of what is chosen. Whatever says nothing is marked as not following. What the page was built with comes back as it was.
window.TelemetryFollow = (() => {
  "use strict";
  const { el, ms, count, cut, rate, usd, status, kind, fixed, clocks, operation } = window.Telemetry;
  const { TABLES, TILES, SENTENCES, said, groupAt, total, traceCount, cutsBucket, elsewhere, all } = window.TelemetryFigures;
  const form = document.getElementById("page-filters");
  const { moment } = clocks(form ? form.dataset.zone : "UTC");
  const WEEKDAY = new Intl.DateTimeFormat("en", { weekday: "short", timeZone: "UTC" });
  const NAME_CHARS = 60;
  const MOODS = { errors: "bad", error_events: "bad", faults: "bad", failed_traces: "bad", unfinished: "warn", open: "warn" };
  // What elements were built with.
  let built = new Map();
  // Those with the filter's own marks.
  const marked = [];

  // ---- cells
  const classOf = (name) => el("span", { class: "class " + (name || "none").replace(" ", "-") }, name || "–");
  function drawing(attributes, name, shape) {
    const [svg, part] = ["svg", name].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
    for (const [element, given] of [[svg, attributes], [part, shape]]) for (const [key, value] of Object.entries(given)) element.setAttribute(key, value);
    svg.append(part);
    return svg;
  }
  const meter = (share) => drawing({ class: "meter", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, "rect", { width: fixed(Math.min(share * 100, 100), 1), height: 8 });
  function bars(values, mood = "", height = 20) {
    const most = Math.max(...values, 1);
    const path = values.map((v, n) => (v ? "M" + n + " " + height + "v-" + Math.max(1.5, (height * v) / most).toFixed(1) + "h.8V" + height + "z" : "")).join("");
    const label = said(values.reduce((a, b) => a + b, 0), "event") + ", at most " + count(most) + " at a time";
    return drawing({ class: "spark " + mood, viewBox: "0 0 " + values.length + " " + height, preserveAspectRatio: "none", role: "img", "aria-label": label }, "path", { d: path });
  }

  const named = (text) => (text.length <= NAME_CHARS ? text : el("span", { class: "long", title: text }, text));
  const link = (row, name) => operation(row.kind + " " + name, named(name));
  const isOneFile = () => document.querySelector("section.page");
  const trace = (id, chars = 36) => (id === undefined ? "" : el("a", { class: "mono", href: (isOneFile() ? "#t-" : "trace.html#") + encodeURIComponent(id) }, chars < 36 ? id.slice(0, chars) : cut(id, chars)));
  const time = (at) => el("td", { class: "nowrap", title: new Date(at).toISOString(), "data-v": at }, moment(at));
  // Some of many, and how many there are.
  const some = ({ shown, all: many }, made, between = ", ") => [...shown.map((one, n) => [n ? between : "", made(one)]), many > shown.length ? " … " + count(many) + " in all" : ""];
  const size = (bytes) => (bytes < 1000 ? Math.floor(bytes) + " B" : bytes < 1e6 ? fixed(bytes / 1000, 1) + " kB" : fixed(bytes / 1e6, 1) + " MB");
  const LAYERS = ["model", "command", "tool"];
  const CELLS = {
    conversation: (row) => el("td", {}, el("a", { class: "mono", href: isOneFile() ? "#page-traces" : "traces.html#q=" + encodeURIComponent(row.conversation) }, cut(row.conversation, 40))),
    models: (row) => el("td", { class: "op" }, some(row.models, (one) => link(one, one.operation))),
    latest: (row) => el("td", { class: "ids" }, some(row.traces, (id) => trace(id, 8), " ")),
    weekday: (row) => el("td", {}, row.weekday),
    host: (row) => el("td", { class: "mono nowrap" }, el("a", { href: isOneFile() ? "#page-overview" : "index.html#host=" + encodeURIComponent(row.key) }, row.key)),
    day: (row) => el("td", { class: "nowrap", "data-v": row.t }, row.day.slice(0, 10) + " " + WEEKDAY.format(Date.parse(row.day.slice(0, 10)))),
    first: (row) => time(row.first),
    last: (row) => time(row.last),
    source: (row) => el("td", { class: "op" }, row.layer ? link({ kind: LAYERS[row.layer - 1] === "model" ? "chat" : "command" }, row.source) : row.source),
    target: (row) => el("td", { class: "op told" }, LAYERS[row.layer], " ", link({ kind: ["chat", "command", "tool"][row.layer] }, row.target)),
    failed: (row) => number(row.errors, [count(row.errors), row.errors ? el("span", { class: "soft" }, " " + rate(row.errors / row.count)) : ""], row.errors ? " bad" : ""),
    second: (row) => el("td", { class: "op" }, link(row.second, row.second.operation)),
    linked: (row) => el("td", { class: "op" }, kind(row.kind), " ", link(row, row.operation)),
    state: (row) => el("td", {}, row.state || "–"),
    changed: (row) => (row.changed ? time(row.changed) : el("td", {}, "–")),
    said: (row) => el("td", { class: "what" }, row.said || "–"),
    kind: (row) => el("td", {}, kind(row.kind)),
    operation: (row) => el("td", { class: "op" }, link(row, row.operation)),
    callee: (row) => el("td", { class: "op" }, link(row, row.callee)),
    caller: (row) => el("td", { class: "op" }, row.caller ? [row.caller.kind, " ", link(row.caller, row.caller.operation)] : row.first),
    command: (row) => el("td", { class: "op" }, row.caller ? link(row.caller, row.command) : ""),
    title: (row) => el("td", { class: "what" }, row.title ? [el("strong", {}, row.title), el("br"), el("span", { class: "msg" }, cut(row.message, 220))] : el("strong", {}, cut(row.message, 220))),
    status: (row) => el("td", {}, status(row.status)),
    trace: (row) => el("td", {}, trace(row.trace)),
    ts: (row) => time(row.ts),
    first_seen: (row) => time(row.first_seen),
    last_seen: (row) => time(row.last_seen),
    duration_class: (row) => el("td", {}, classOf(row.duration_class)),
    trend: (row) => el("td", { "data-v": row.trend[row.trend.length - 1] }, bars(row.trend, row.key ? "bad" : "")),
    meter: (row) => el("td", { "data-v": row.share_rate || 0 }, row.share_rate === null ? "" : meter(row.share_rate)),
    times_median: (row) => number(row.times_median, fixed(row.times_median, 0) + "×"),
    tokens_per_second: (row) => number(row.tokens_per_second, row.tokens_per_second === null ? "–" : fixed(row.tokens_per_second, 0)),
  };

  function number(value, text, mark = "") {
    return el("td", { class: "n" + mark, "data-v": value === null || value === undefined ? "" : value }, text);
  }

  function cell(row, name, old, keepsWhole) {
    if (name === "whole" && old && keepsWhole) return old.cloneNode(true);
    if (name === "keep") return old ? old.cloneNode(true) : el("td", {});
    if (name === "whole") return el("td", { class: "n soft", title: "told of the whole window only" }, "–");
    if (CELLS[name]) return old && name === "title" ? old.cloneNode(true) : CELLS[name](row);
    const value = row[name];
    if (value === null || value === undefined) return number(null, "–");
    if (name.endsWith("_ms")) return number(value, ms(value));
    if (name.endsWith("_rate")) return number(value, rate(value));
    if (name.endsWith("_bytes")) return number(value, size(value));
    if (name.endsWith("_usd")) return number(value, usd(value));
    return number(value, count(value), value && MOODS[name] ? " " + MOODS[name] : "");
  }

  // ---- putting it there
  function once(element) {
    if (!built.has(element)) built.set(element, { nodes: [...element.childNodes], mood: element.className });
    return built.get(element).nodes;
  }
  const words = (cellOf) => cellOf.textContent.trim();

  function putTable(chosen, table) {
    const rows = TABLES[table.dataset.table](chosen, table);
    const body = table.tBodies[0];
    const old = once(body).filter((node) => node.nodeType === 1);
    if (!rows) { body.replaceChildren(...once(body)); return false; }
    const heads = [...table.tHead.rows[0].cells].map((head) => head.dataset.c);
    const at = heads.indexOf("operation");
    const known = new Map(old.map((row) => [row.dataset.key || row.id || (at < 0 ? "" : words(row.cells[at])), row]));
    // What was compared with another window holds of a kind too.
    const keepsWhole = Object.keys(chosen.wanted).every((name) => name === "kind");
    body.replaceChildren(...rows.map((row) => {
      const before = known.get(row.key || (table.id === "ops" ? "op-" + row.kind + "-" + row.operation : row.operation));
      const cells = heads.map((name, n) => cell(row, name, before && before.cells[n], keepsWhole));
      if (before) cells.forEach((made, n) => { if (before.cells[n].dataset.label) made.dataset.label = before.cells[n].dataset.label; });
      return el("tr", { id: before && before.id, "data-key": before && before.dataset.key }, cells);
    }));
    if (!rows.length) body.append(el("tr", {}, el("td", { colspan: heads.length, class: "soft" }, "Nothing fits the filter.")));
    table.dispatchEvent(new Event("telemetry-rows", { bubbles: true }));
    return true;
  }

  // A link to another page with the filter too, where it has not one of its own.
  function carried(href, wanted) {
    const [page, own = ""] = href.split("#");
    if (!page || (own && !own.includes("="))) return href;
    const shared = Object.entries(wanted).filter(([name]) => !["min", "sort"].includes(name));
    return page + "#" + new URLSearchParams([...shared.filter(([name]) => !new URLSearchParams(own).has(name)), ...new URLSearchParams(own)]);
  }

  function putTile(chosen, tile) {
    const found = TILES[tile.dataset.tile](chosen, tile);
    const old = once(tile);
    if (!found) { tile.replaceChildren(...old); return false; }
    if (found.seen) return tile.replaceChildren(moment(found.seen[0]), el("br"), "to " + moment(found.seen[1])) || true;
    if (found.trend) return tile.replaceChildren(bars(found.trend, found.mood)) || true;
    const anchor = old.find((node) => node.nodeName === "A" && node.hasAttribute("href"));
    const box = tile.parentElement;
    once(box);
    if (MOODS[tile.dataset.tile]) box.className = found[0] === "0" ? "" : MOODS[tile.dataset.tile];
    const figure = anchor ? el("a", { href: carried(anchor.getAttribute("href"), chosen.wanted) }, found[0]) : found[0];
    tile.replaceChildren(figure, ...(found[1] ? [" ", el("small", {}, found[1])] : []), ...(found[2] ? [" ", el("small", {}, classOf(found[2]))] : []));
    return true;
  }

  // ---- lists: what stands in an item, of the same rows that tables have
  const shown = (row) => [kind(row.kind), " ", link(row, row.operation)];
  const soft = (...parts) => el("p", { class: "soft" }, ...parts);
  const LISTS = {
    retries: (chosen) => { const found = window.TelemetryNotes.retries(chosen); return found && found.map((row) => el("li", {}, el("span", { class: "num" }, count(row.count) + "×"), " ", link(row, row.operation))); },
    traces: (chosen, list) => { const found = groupAt(chosen, list); return found ? [...found.latest].sort(([, a], [, b]) => b - a).slice(0, Number(list.dataset.top)).map(([at, i]) => el("li", {}, moment(chosen.data.errors.t[i]), " ", kind(chosen.data.names.kind[chosen.data.errors.name[i]]), " ", chosen.data.names.operation[chosen.data.errors.name[i]], " · ", trace(chosen.data.ids[at]))) : []; },
    slowest: (chosen, list) => all(chosen).filter((row) => row.count).slice(0, Number(list.dataset.top)).map((row) => el("li", {}, el("span", { class: "num" }, ms(row.p95_ms)), " ", ...shown(row), " ", el("span", { class: "soft" }, "p95 of " + count(row.count)))),
    busiest: (chosen, list) => all(chosen).filter((row) => row.count).sort((a, b) => b.count - a.count).slice(0, Number(list.dataset.top)).map((row) => el("li", {}, el("span", { class: "num" }, count(row.count) + "×"), " ", ...shown(row))),
    problems: (chosen, list) => [
      ...TABLES.groups(chosen).slice(0, Number(list.dataset.top)).map((row) => problem("bad", el("p", { class: "count" }, el("a", { href: pageOf(row) }, el("strong", { class: "num bad" }, count(row.faults)), row.faults === 1 ? " fault" : " faults"), [...row.kinds].map((name) => [" ", kind(name)])),
        el("p", { class: "what" }, row.title && [el("strong", {}, row.title), " "], cut(row.message, 180)), soft("last seen " + moment(row.last_seen) + " · " + said(row.traces, "trace"), row.latest.size ? [" · ", latestOf(chosen, row)] : ""), el("span", { class: "trend" }, bars(row.trend, "bad")))),
      ...open(chosen).slice(0, Number(list.dataset.open)).map((row) => problem("warn", el("p", { class: "count" }, el("a", { href: openHref(chosen) }, el("strong", { class: "num warn" }, count(row.unfinished) + "×"), " never ended"), " ", kind(row.kind)),
        el("p", { class: "what" }, link(row, row.operation)), soft("started, and nothing tells of its end"))),
    ],
    // What is not among the problems.
    more: (chosen, list) => {
      const groups = TABLES.groups(chosen).length - Number(list.dataset.top);
      const never = open(chosen).slice(Number(list.dataset.open)).reduce((sum, row) => sum + row.unfinished, 0);
      return [groups > 0 && [el("a", { href: carried(isOneFile() ? "#page-errors" : "errors.html", chosen.wanted) }, said(groups, "more error group")), " · "],
        never > 0 && [el("a", { href: openHref(chosen) }, count(never) + "× other work never ended"), " · "], "What got slower or dearer is told of the whole window only."].filter(Boolean).flat();
    },
  };
  // Work that never ended, by operation, most first.
  const open = (chosen) => all(chosen).filter((row) => row.unfinished).sort((a, b) => b.unfinished - a.unfinished || (a.kind + " " + a.operation < b.kind + " " + b.operation ? -1 : 1));
  const openHref = (chosen) => carried(isOneFile() ? "#page-traces" : "traces.html#status=unfinished", chosen.wanted);
  const latestOf = (chosen, row) => { const link = trace(chosen.data.ids[[...row.latest].reduce((last, one) => (one[1] >= last[1] ? one : last))[0]]); link.textContent = "the latest"; link.removeAttribute("class"); return link; };
  const problem = (mood, first, ...others) => el("li", { class: "problem " + mood }, el("div", {}, first, ...others.filter((part) => !part.matches(".trend"))), ...others.filter((part) => part.matches(".trend")));
  const pageOf = ({ key, page }) => (document.querySelector("section.page") ? "#page-errors" : page || "errors.html#" + key);

  function putList(chosen, list) {
    const old = once(list);
    const items = LISTS[list.dataset.list](chosen, list);
    if (!items) return list.replaceChildren(...old) || false;
    // No problem is not nothing: the sentence above says what there is.
    list.replaceChildren(...(items.length || list.matches(".problems") ? items : [el("li", { class: "soft" }, "Nothing fits the filter.")]));
    return true;
  }

  function putSentence(chosen, place) {
    once(place);
    const [mood, text] = SENTENCES[place.dataset.sentence](chosen);
    if (mood) place.className = "headline " + mood;
    place.textContent = text;
    return true;
  }

  // ---- rows that are each of a kind, an operation or a moment (data-rows says by which of these they can be chosen) stay as they are, or go
  // Returns by which alone, where something else is chosen too.
  function putRows({ wanted }, list) {
    const by = list.dataset.rows.split(" ");
    const used = Object.fromEntries(Object.entries(wanted).filter(([name]) => by.includes(name === "until" ? "since" : name)));
    const { kind: own, operation: one, status: how, since, until } = used;
    // A table's columns may be of days.
    const heads = [...list.querySelectorAll("th[data-from]")];
    for (const row of list.querySelectorAll("[data-kind]")) row.classList.toggle("off", !isIn(row.dataset, heads.length ? { kind: own, operation: one, status: how } : used));
    for (const head of heads) {
      const isOut = !isIn(head.dataset, { since, until });
      for (const row of list.rows) row.cells[head.cellIndex].classList.toggle("off", isOut);
    }
    const names = Object.keys(used).filter((name) => name !== "until");
    if (!list.querySelector("[data-kind]:not(.off)")) list.append(list.tBodies ? "" : el("p", { class: "soft added unfiltered" }, "None of those shown here fits the filter."));
    return Object.keys(used).length === Object.keys(wanted).length || (names.length > 0 && names.map((name) => (name === "since" ? "period" : name)).join(" and "));
  }

  function isIn({ kind: own, operation: name, status: how, from, to }, wanted) {
    return (!wanted.kind || own === wanted.kind) && (!wanted.operation || wanted.operation === own + " " + name || wanted.operation === name) && (!wanted.status || how === wanted.status)
      && (!wanted.since || (Number(to || Number(from) + 1) > Number(wanted.since) && Number(from) < Number(wanted.until)));
  }

  // ---- what cannot follow says so
  function mark(element, does) {
    element.classList.toggle("unfollowed", does !== true);
    if (does === true) return;
    marked.push(element);
    if (element.matches(".cards > div")) return element.querySelector("dd").append(el("small", { class: "added" }, "not filtered"));
    if (element.matches("[data-chart]")) return element.parentElement.querySelector("figcaption").append(el("span", { class: "added unfiltered" }, "not filtered"));
    if (element.matches("[data-whole], summary")) return element.append(el("span", { class: "added unfiltered" }, "not filtered"));
    const before = element.closest(".scroll") || element;
    const told = before.previousElementSibling;
    if (!(told && told.matches(".added"))) before.before(el("p", { class: "added unfiltered" }, does ? "Filtered by " + does + " alone." : "Not filtered: this is of " + (element.closest("[data-everything]") ? "everything read." : "the whole window.")));
  }

  function unmark() {
    for (const element of marked.splice(0)) element.classList.remove("unfollowed");
    for (const element of document.querySelectorAll("main .unfiltered, .cards small.added")) element.remove();
  }

  // The page as `chosen` has it; returns what is to be said of it.
  function show(chosen) {
    unmark();
    const main = document.getElementById("main");
    const follows = [];
    const put = (selector, action, unit = (element) => element) => {
      for (const element of main.querySelectorAll(selector)) follows.push([unit(element), action(element)]);
    };
    put("[data-sentence]", (heading) => putSentence(chosen, heading));
    put(".cards > div", (tile) => { const figure = tile.querySelector("[data-tile]"); return Boolean(figure && putTile(chosen, figure)); });
    put("[data-whole], details.ticket > summary", () => false);
    put("[data-rows]", (list) => putRows(chosen, list));
    put("table:not([data-own], [data-rows])", (table) => table.dataset.table in TABLES && putTable(chosen, table));
    put("ul.rows, ol.problems, [data-list]", (list) => list.dataset.list in LISTS && putList(chosen, list));
    for (const place of main.querySelectorAll("[data-chart]")) follows.push([place, window.TelemetryCharts.follows(place.dataset.chart, chosen)]);
    for (const [element, does] of follows) mark(element, does);
    window.TelemetryCharts.show(chosen);
    return told(chosen, follows.some(([, does]) => does) || Boolean(main.querySelector("[data-own]")));
  }

  // Whether what is chosen is work that the page is not about: none of it stands in its tables, now that they show it, and it counts none.
  function isOfOthers(chosen) {
    const own = isOneFile() ? [] : [...document.querySelectorAll("main [data-tile=count]")].filter((tile) => tile.matches("[data-type], [data-kind], [data-of] *"));
    return own.length > 0 && own.every((tile) => ["count", "unfinished"].every((name) => TILES[name](chosen, tile)[0] === "0"))
      && !document.querySelector("main table[data-table] td:not([colspan])");
  }

  function told(chosen, doesFollow) {
    if (!doesFollow) return "Nothing on this page follows the filter.";
    const found = total(chosen, () => true, "//");
    const traces = traceCount(chosen);
    return (chosen.data.is_approximate ? "Approximately " : "") + said(found.count, "finished operation") + (found.unfinished ? ", " + count(found.unfinished) + " unfinished" : "") + (traces === null ? "" : ", " + said(traces, "trace"))
      + (found.count + found.unfinished && isOfOthers(chosen) ? "; none of them is of this page" : "")
      + (document.querySelector("main [data-tile=events], main [data-c=events]") && cutsBucket(chosen) ? "; events are those of whole steps of the chart" : "")
      + (document.querySelector("main [data-c=tokens], main [data-tile=total], main [data-tile=used_tokens]") && elsewhere(chosen) ? "; tokens and cost of their LLM calls are " + elsewhere(chosen) : "")
      + (chosen.data.is_approximate ? " (of figures put together beforehand: percentiles are of durations in bins, single operations are not told)" : "");
  }

  function restore() {
    if (!built.size && !marked.length && !document.querySelector("main .off")) return window.TelemetryCharts.show(null);
    unmark();
    for (const row of document.querySelectorAll("main .off")) row.classList.remove("off");
    for (const [element, { nodes, mood }] of built) {
      element.replaceChildren(...nodes);
      if (element.className !== mood) element.className = mood;
      if (element.nodeName === "TBODY") element.parentElement.dispatchEvent(new Event("telemetry-rows", { bubbles: true }));
    }
    built = new Map();
    window.TelemetryCharts.show(null);
  }

  // A watch has renewed the page: what it was built with is there.
  function forget() {
    unmark();
    built = new Map();
  }

  return { show, restore, forget, moment };
})();
