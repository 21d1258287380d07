// One trace: what failed first, rows, details. Drawn from a document in the shape of `telemetry-report trace ID --format json`.
(() => {
  "use strict";
  const T = window.Telemetry;
  const { el, ms, count, status } = T;
  const place = document.getElementById("trace");
  if (!place) return;
  const links = place.dataset.links !== undefined;
  const clock = T.clocks(place.dataset.zone);
  const { moment, zone } = clock;
  // In a report of one file the address names a page, or this and a trace.
  const prefix = place.dataset.prefix || "";
  const VIEWS = { waterfall: "Waterfall", flame: "Flame graph", statistics: "Statistics" };
  const HELP = [["↑ ↓", "the row before or after"], ["← →", "fold, unfold"], ["Enter", "go to the details"], ["/", "search"], ["x", "go to the cause"],
    ["f  F", "next, previous failure"], ["n  N", "next, previous found"], ["z  0", "show the chosen row's time, all of the time"], ["+  −", "closer, farther"],
    ["1  2  3", "waterfall, flame graph, statistics"], ["c", "copy as Markdown"], ["Esc", "back to the rows"], ["?", "this help"]];
  let turn = new AbortController();

  // ---- the address: [id][&span=ID][&from=MS&to=MS][&view=NAME][&with=ID]; of a file of one trace without the id
  function asked() {
    const text = location.hash.slice(1);
    const parts = text.split("&");
    const id = links ? parts.shift() : "";
    const decoded = (part) => { try { return decodeURIComponent(part); } catch { return part; } };
    const given = Object.fromEntries(parts.filter((part) => part.includes("=")).map((part) => [part.slice(0, part.indexOf("=")), decoded(part.slice(part.indexOf("=") + 1))]));
    return { id: prefix && !id.startsWith(prefix) ? "" : decoded(id.slice(prefix.length)), given };
  }

  const addressOf = (id, given) => "#" + [...(links ? [prefix + encodeURIComponent(id)] : []),
    ...Object.entries(given).filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => name + "=" + encodeURIComponent(value))].join("&");
  T.traceAddress = addressOf;

  // ---- what failed first, on top of all
  // The group, as soon as it is known; of a trace that is carried without its records the message is what those of the group share.
  function groupOf(found, lead, onKnown) {
    const said = el("span", {});
    if (links) {
      const ids = [found.event && found.event.id, found.node.span && found.node.span.id, found.node.span && found.node.span.row_event];
      T.data("faults").then(({ groups, events }) => {
        const number = ids.map((id) => events[id]).find((one) => one !== undefined);
        if (number === undefined) return;
        const [fingerprint, href, name, message] = groups[number];
        onKnown(fingerprint);
        if (!found.event) lead.replaceChildren(...(name ? [el("strong", {}, name + ": ")] : []), message);
        said.append(" · group ", el("a", { class: "mono", href }, fingerprint));
      }).catch(() => {});
    }
    return said;
  }

  function causeView(view, found, fall, copyTicket) {
    if (!found) return "";
    const { node } = found;
    const lead = el("p", { class: "lead" }, found.name && el("strong", {}, found.name + ": "), el("span", { class: "pre" }, found.message.slice(0, 2000)));
    return el("section", { class: "cause panel", "aria-label": "What failed first" }, lead,
      el("p", { class: "soft" }, found.frame && [el("span", { class: "mono" }, found.frame), " · "], "in ", T.kind(node.kind), " ", node.name, " at " + (node.isRough ? "≈ " : "") + "+" + ms(node.start), groupOf(found, lead, (group) => { found.group = group; })),
      el("p", {}, el("button", { type: "button", class: "go", click: () => fall.select(node) }, "go to cause"), " ", el("button", { type: "button", click: copyTicket }, "Copy for ticket"), " ",
        view.failures.length > 1 && el("button", { type: "button", click: () => fall.step(view.failures, 1) }, "✕ next of " + count(view.failures.length) + " failures")));
  }

  // ---- the page
  function show(doc, given) {
    turn.abort();
    turn = new AbortController();
    const { signal } = turn;
    const view = T.model(doc);
    const found = T.cause(view);
    const state = { span: null, from: null, to: null, view: null };
    const keep = (changes) => {
      Object.assign(state, changes);
      history.replaceState(null, "", addressOf(doc.correlation_id, state));
    };
    const range = () => (state.to === null ? [0, view.total] : [state.from, state.to]);
    const details = el("aside", { id: "details", class: "panel", tabindex: "-1", "aria-label": "Details" }, el("p", { class: "soft" }, "Choose a row to see all that is known of it. ? lists the keys."));
    const fall = new T.Waterfall(view, range, signal, (node) => {
      keep({ span: node.span ? node.span.id : node.event.id });
      details.replaceChildren(...[T.details(node, view, links)].flat(Infinity).filter(Boolean));
      details.scrollTop = 0;
    });

    // A row's operation leads to its page, as soon as it is known which have one.
    if (links && !prefix) T.data("operation-pages").then((pages) => { fall.pages = pages; fall.fresh(); }).catch(() => {});

    const whole = el("button", { type: "button", hidden: "", click: () => zoom(0, view.total) }, "all of the time");
    function zoom(from, to) {
      const least = Math.min(view.total, Math.max(0.05, view.total / 1e6));
      const middle = (from + to) / 2;
      const [a, b] = to - from < least ? [middle - least / 2, middle + least / 2] : [from, to];
      const isWhole = a <= 0 && b >= view.total;
      const short = (t) => Number(Math.max(0, Math.min(view.total, t)).toFixed(3));
      keep(isWhole ? { from: null, to: null } : { from: short(a), to: short(b) });
      whole.hidden = isWhole;
      map.put();
      axis.put();
      fall.fresh();
    }
    const closer = (by) => {
      const [from, to] = range();
      const node = fall.selected;
      const middle = node && node.end >= from && node.start <= to ? (Math.max(from, node.start) + Math.min(to, node.end)) / 2 : (from + to) / 2;
      zoom(Math.max(0, middle - (middle - from) * by), Math.min(view.total, middle + (to - middle) * by));
    };
    const toSpan = (node) => { if (node) { const around = Math.max(0.5, (node.end - node.start) * 0.05); zoom(Math.max(0, node.start - around), Math.min(view.total, node.end + around)); } };
    const map = T.timeMap.minimap(view, range, signal, zoom, (node) => fall.select(node));
    const axis = T.timeMap.axis(view, range);
    const rows = el("div", { class: "fall panel" }, el("div", { class: "fall-head" }, map.place, axis.place), fall.tree);
    const laneOf = (event) => (event.target.closest(".lane") ? axis.place.children[1] : null);
    T.timeMap.dragging(rows, laneOf, signal, ([a, b]) => { const [from, to] = range(); zoom(from + a * (to - from), from + b * (to - from)); });

    const search = el("input", { type: "search", placeholder: "text, then Enter ( / )", title: "Names, ids, messages: Enter finds the first, Enter again the next", "aria-label": "Search the trace" });
    const said = el("span", { class: "soft", role: "status" });
    let sought = "";
    const find = () => {
      if (search.value !== sought) {
        const n = fall.search(search.value);
        said.textContent = search.value ? n + " found" : "";
      }
      sought = search.value;
      fall.step(fall.found, 1);
      search.focus();
    };
    search.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); find(); } });
    const help = el("dialog", { class: "help", "aria-label": "Keys" }, el("h2", {}, "Keys"), el("dl", { class: "facts" }, HELP.map(([key, text]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, text)])),
      el("form", { method: "dialog" }, el("button", {}, "Close")));
    const take = (textOf) => async () => { said.textContent = (await T.copy("trace.md", textOf())) ? "copied" : "saved"; };
    const copy = take(() => T.markdown(view, clock));
    const copyTicket = take(() => T.ticket(view, found, clock, place.dataset.about || "", found && found.group));
    const button = (text, action) => el("button", { type: "button", click: action }, text);
    const marks = el("input", { type: "checkbox", change: () => { fall.showMarks = marks.checked; fall.draw(); } });
    marks.checked = fall.showMarks;

    // ---- the same trace in other views
    const others = el("div", { class: "others panel", hidden: "" });
    const tabs = Object.entries(VIEWS).map(([name, text]) => el("button", { type: "button", "aria-pressed": "false", "data-view": name, click: () => look(name) }, text));
    const go = (node) => { look("waterfall"); fall.select(node); };
    function look(name) {
      keep({ view: name === "waterfall" ? null : name });
      for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.view === name));
      rows.hidden = name !== "waterfall";
      details.hidden = name !== "waterfall";
      signs.hidden = name !== "waterfall";
      others.hidden = name === "waterfall";
      if (name !== "waterfall") others.replaceChildren(name === "flame" ? T.traceViews.flame(view, go) : T.traceViews.table(view, go));
      else if (fall.tree.isConnected) fall.paint();
    }

    const signs = T.timeMap.legend(view);
    document.title = "Trace " + doc.correlation_id.slice(0, 40);
    place.replaceChildren(
      el("h1", {}, links ? T.operation(doc.root, doc.root) : doc.root, " ", status(doc.status)),
      el("p", { class: "mono" }, doc.correlation_id),
      el("p", { class: "summary" }, el("span", { title: new Date(view.t0).toISOString() }, moment(view.t0) + " " + zone), " · " + T.summaryLine(view)),
      causeView(view, found, { select: go, step: (nodes, by) => { look("waterfall"); fall.step(nodes, by); } }, copyTicket),
      el("div", { class: "tools" }, el("span", { class: "tabs", role: "group", "aria-label": "Views" }, tabs), search,
        button("fold all", () => fall.foldAll(true)), button("unfold all", () => fall.foldAll(false)), whole,
        el("label", {}, marks, " records between"), button("copy as Markdown", copy), !found && button("Copy for ticket", copyTicket), links && !prefix && button("save this trace", () => T.saveTrace(doc, T.markdown(view, clock))),
        links && el("a", { href: addressOf(doc.correlation_id, { with: "" }) }, "compare"), button("?", () => help.showModal()), said),
      signs, el("div", { class: "viewer" }, rows, details, others), help,
    );
    const back = () => fall.focus(fall.selected || (fall.rows[0] && fall.rows[0].node));
    const views = Object.keys(VIEWS);
    document.onkeydown = (event) => {
      if (event.target.matches("input[type=search], select, textarea") || event.ctrlKey || event.metaKey || event.altKey || help.open || !place.isConnected || place.closest("[hidden]")) {
        if (event.key === "Escape" && event.target === search) back();
        return;
      }
      const actions = { "/": () => search.focus(), "?": () => help.showModal(), f: () => fall.step(view.failures, 1), F: () => fall.step(view.failures, -1),
        n: () => fall.step(fall.found, 1), N: () => fall.step(fall.found, -1), c: copy, Escape: back, x: () => found && go(found.node),
        z: () => toSpan(fall.selected), 0: () => zoom(0, view.total), "+": () => closer(0.5), "-": () => closer(2), 1: () => look(views[0]), 2: () => look(views[1]), 3: () => look(views[2]) };
      if (actions[event.key]) { event.preventDefault(); actions[event.key](); }
    };
    const root = view.roots.find((node) => node.span);
    const wanted = given.span && [...view.nodes, ...view.marks].find((node) => String(node.span ? node.span.id : node.event.id) === given.span);
    const first = wanted || (found && found.node) || root;
    if (first) fall.select(first, false);
    if (Number(given.to) > Number(given.from)) zoom(Number(given.from), Number(given.to));
    look(views.includes(given.view) ? given.view : "waterfall");
    scrollTo(0, 0);
    // The cause is told on top; a span that the address names is what one came for.
    if (wanted) fall.reveal(fall.places.get(wanted));
    place.setAttribute("data-shown", String(performance.now()));
  }

  // ---- which trace
  // As a shell takes it for one word; ids may be any text.
  const word = (id) => (/^[\w.:-]+$/.test(id) ? id : "'" + id.replace(/'/g, "'\\''") + "'");
  function missing(id, ...more) {
    place.replaceChildren(el("h1", {}, "Trace not in this report"), el("p", { class: "mono" }, id), ...more);
    place.setAttribute("data-missing", "");
  }

  // The ids that one may have meant: what begins so, else what bears another id of that name.
  async function meant(id) {
    const all = await T.data("traces").catch(() => ({ id: [] }));
    const begin = id ? all.id.filter((one) => one.startsWith(id)) : [];
    if (begin.length) return begin;
    const others = await T.data("trace-ids").catch(() => ({}));
    return (Object.hasOwn(others, id) ? others[id] : []).map((row) => all.id[row]);
  }

  async function open() {
    const { id, given } = asked();
    if (!id) return;
    place.removeAttribute("data-shown");
    place.removeAttribute("data-missing");
    const doc = await T.trace(id);
    if (!doc) {
      const ids = await meant(id);
      if (ids.length === 1 && ids[0] !== id) {
        history.replaceState(null, "", addressOf(ids[0], given));
        open();
      } else if (ids.length > 1) {
        missing(id, el("p", {}, count(ids.length) + " traces begin so, or bear it:"), el("ul", { class: "rows links" }, ids.slice(0, 50).map((one) => el("li", {}, el("a", { class: "mono", href: addressOf(one, {}) }, one)))));
      } else if (prefix) {
        const text = document.getElementById(prefix + id);
        missing(id, el("p", {}, "This file leaves its records out, to stay small. In the terminal: ", el("code", {}, "telemetry-report trace " + word(id))),
          text && text.querySelector("pre") && el("pre", { class: "timeline" }, text.querySelector("pre").textContent));
      } else if (document.getElementById("live")) {
        missing(id, el("p", {}, "If it has just been logged, it is shown here when the watch renews the report, about every half minute."));
      } else {
        missing(id, el("p", {}, "It lies outside the report's window, or the id is wrong. In the terminal: ", el("code", {}, "telemetry-report trace " + word(id))), el("p", {}, el("a", { href: "traces.html" }, "All traces of this report")));
      }
      return;
    }
    // The other's id may be cut off too.
    if (given.with && !(await T.trace(given.with))) {
      const ids = await meant(given.with);
      if (ids.length === 1) given.with = ids[0];
    }
    if (given.with !== undefined) T.compare(place, doc, given.with, clock);
    else show(doc, given);
  }

  const own = document.getElementById("trace-data");
  if (own) show(JSON.parse(own.textContent), asked().given);
  else {
    addEventListener("hashchange", open);
    addEventListener("telemetry-renewed", () => { if (place.hasAttribute("data-missing")) open(); });
    open();
  }
})();
