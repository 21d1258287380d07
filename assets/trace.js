// One trace: summary, waterfall, details. Drawn from a document in the shape of `telemetry-report trace ID --format json`.
(() => {
  "use strict";
  const T = window.Telemetry;
  const { el, ms, count, usd, status, kind } = T;
  const place = document.getElementById("trace");
  if (!place) return;
  const links = Boolean(place.dataset.shards);
  const { clock, moment, zone } = T.clocks(place.dataset.zone);
  const MANY = 400;
  const HELP = [["↑ ↓", "the row before or after"], ["← →", "fold, unfold"], ["Enter", "go to the details"], ["/", "search"],
    ["f  F", "next, previous failure"], ["n  N", "next, previous found"], ["c", "copy as Markdown"], ["Esc", "back to the rows"], ["?", "this help"]];

  const shareOf = (value, whole) => (100 * value) / whole + "%";

  function put(node, left, width) {
    node.style.left = left;
    if (width !== undefined) node.style.width = width;
    return node;
  }

  function summary(view) {
    const operations = view.nodes.filter((node) => node.span.type !== "root");
    const kinds = {};
    for (const node of operations) {
      const sum = (kinds[node.kind] = kinds[node.kind] || { n: 0, self: 0 });
      sum.n++;
      sum.self += node.self;
    }
    const counted = view.nodes.filter((node) => node.span.counts_tokens);
    const add = (name) => counted.reduce((sum, node) => sum + (node.span[name] || 0), 0);
    const tokens = add("prompt_tokens") + add("completion_tokens");
    const slowest = operations.reduce((best, node) => (!best || node.self > best.self ? node : best), null);
    return { kinds, tokens, cost: add("cost_usd"), slowest,
      unfinished: view.nodes.filter((node) => node.status === "unfinished").length, tools: operations.filter((node) => node.span.type === "tool").length };
  }

  function summaryLine(view) {
    const s = summary(view);
    return [ms(view.doc.duration_ms), Object.entries(s.kinds).map(([name, sum]) => name + " " + sum.n + "× " + ms(sum.self) + " self").join(", "),
      s.tokens ? count(s.tokens) + " tokens" + (s.cost ? ", " + usd(s.cost) : "") : "", s.tools ? s.tools + (s.tools === 1 ? " tool call" : " tool calls") : "",
      view.doc.failed ? view.doc.failed + " failed" : "no failure", s.unfinished ? s.unfinished + " unfinished" : "",
      s.slowest ? "slowest: " + s.slowest.name + " (" + ms(s.slowest.self) + " self)" : ""].filter(Boolean).join(" · ");
  }

  // ---- the text timeline
  function markdown(view) {
    const doc = view.doc;
    const plain = (text) => String(text).replace(/[\u0000-\u001f`]+/g, " ").slice(0, 120);
    const lines = [];
    const walk = (node, depth) => {
      const mark = node.status === "error" ? "✕" : node.status === "unfinished" ? "…" : " ";
      const took = node.span ? (node.status === "unfinished" ? "" : ms(node.span.duration_ms)) : "";
      const at = doc.duration_ms > 86400000 ? moment(view.t0 + node.start) : "+" + ms(node.start);
      lines.push(at.padStart(10) + took.padStart(11) + " " + mark + " " + "  ".repeat(depth) + node.kind + " " + plain(node.name));
      const failed = node.events.find((event) => event.status === "error");
      const data = failed && failed.context && (failed.context.data || failed.context);
      const why = data && (data.error_message || data.error);
      if (typeof why === "string") lines.push(" ".repeat(24) + "  ".repeat(depth) + "→ " + plain(why));
      for (const child of node.children) walk(child, depth + 1);
    };
    view.roots.forEach((node) => walk(node, 0));
    return "### " + plain(doc.root) + ": " + doc.status + "\n\nTrace `" + plain(doc.correlation_id) + "` · " + moment(view.t0) + " " + zone + " · " + summaryLine(view) +
      "\n\n```text\n" + lines.slice(0, 400).join("\n") + (lines.length > 400 ? "\n… " + (lines.length - 400) + " more" : "") + "\n```\n";
  }

  function download(name, text, type) {
    const url = URL.createObjectURL(new Blob([text], { type }));
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  // The same file as `telemetry-report trace ID --html`: marks in a page made at build time are replaced.
  async function save(doc, view) {
    const page = await T.data("trace-page");
    const text = markdown(view).replace(/&/g, "&amp;").replace(/</g, "&lt;");
    const json = JSON.stringify(doc).replace(/</g, "\\u003c");
    const cut = (from, mark) => { const i = from.indexOf(mark); return [from.slice(0, i), from.slice(i + mark.length)]; };
    const [before, rest] = cut(page, "@@TEXT@@");
    const [middle, after] = cut(rest, "@@TRACE@@");
    download("trace-" + doc.correlation_id.replace(/[^\w-]+/g, "_").slice(0, 60) + ".html", before + text + middle + json + after, "text/html");
  }

  // ---- the waterfall
  class Waterfall {
    constructor(view, onSelect) {
      this.view = view;
      this.onSelect = onSelect;
      this.folded = new Set();
      this.rows = [];
      this.found = [];
      const many = view.nodes.length + view.marks.length > MANY;
      this.showMarks = !many;
      this.tree = el("div", { class: "tree", role: "tree", "aria-label": "Spans and records of the trace", keydown: (event) => this.key(event) });
      this.draw();
    }

    draw() {
      this.rows = [];
      const walk = (nodes, depth, parent) => {
        for (const node of nodes) {
          if (!node.span && !this.showMarks && node.status !== "error") continue;
          node.parent = parent;
          this.rows.push(this.row(node, depth));
          if (!this.folded.has(node)) walk(node.children, depth + 1, node);
        }
      };
      walk(this.view.roots, 1, null);
      this.tree.replaceChildren(...this.rows.map((row) => row.element));
      const keep = this.rows.find((row) => row.node === this.selected) || this.rows[0];
      if (keep) keep.element.tabIndex = 0;
      if (this.selected) this.mark(this.selected);
    }

    row(node, depth) {
      const { total } = this.view;
      const children = node.children.filter((child) => child.span || this.showMarks || child.status === "error");
      const fold = el("span", { class: "twisty", "aria-hidden": "true", click: (event) => { event.stopPropagation(); this.fold(node); } },
        children.length ? (this.folded.has(node) ? "▸" : "▾") : "");
      const sign = { error: "✕ ", unfinished: "… " }[node.status] || "";
      const name = el("span", { class: "name" }, fold, kind(node.kind), " ", sign, node.name);
      name.style.paddingLeft = Math.min(depth - 1, 12) * 14 + "px";
      const lane = el("span", { class: "lane" });
      if (node.span) {
        const width = Math.max(0.15, (100 * (node.end - node.start)) / total);
        lane.append(put(el("span", { class: "bar " + node.kind + " " + node.status }), shareOf(node.start, total), width + "%"));
        for (const [a, b] of node.critical) lane.append(put(el("span", { class: "path" }), shareOf(a, total), Math.max(0.1, (100 * (b - a)) / total) + "%"));
      } else {
        lane.append(put(el("span", { class: "dot " + node.kind + " " + (node.status || "") }), shareOf(node.start, total)));
      }
      const took = node.span ? (node.status === "unfinished" ? "unfinished" : ms(node.span.duration_ms)) : "+" + ms(node.start);
      const label = node.kind + " " + sign + node.name + " " + took + (node.status === "error" ? " failed" : "");
      const title = node.span ? node.name + ": " + took + ", " + ms(node.self) + " self, from +" + ms(node.start) : node.name;
      const element = el("div", { class: "row " + (node.status || ""), role: "treeitem", tabindex: "-1", "aria-level": depth, "aria-label": label, title,
        "aria-selected": "false", "aria-expanded": children.length ? String(!this.folded.has(node)) : null, click: () => this.select(node) },
      name, " ", lane, " ", el("span", { class: "n" }, took));
      return { node, element };
    }

    fold(node) {
      if (!this.folded.delete(node)) this.folded.add(node);
      this.draw();
      this.focus(node);
    }

    foldAll(folded) {
      this.folded = new Set(folded ? this.view.nodes.filter((node) => node.children.length) : []);
      this.draw();
    }

    mark(node) {
      for (const row of this.rows) {
        const on = row.node === node;
        if (on || row.element.tabIndex === 0) {
          row.element.setAttribute("aria-selected", String(on));
          row.element.tabIndex = on ? 0 : -1;
        }
      }
    }

    select(node) {
      for (let up = node.parent; up; up = up.parent) this.folded.delete(up);
      this.selected = node;
      if (!this.rows.some((row) => row.node === node)) { this.showMarks = this.showMarks || !node.span; this.draw(); }
      this.mark(node);
      this.focus(node);
      this.onSelect(node);
    }

    focus(node) {
      const row = this.rows.find((one) => one.node === node);
      if (row) { row.element.focus({ preventScroll: true }); row.element.scrollIntoView({ block: "nearest" }); }
    }

    // The next of `nodes` in the order shown, from the selected one on.
    step(nodes, by) {
      if (!nodes.length) return;
      const index = nodes.indexOf(this.selected);
      this.select(nodes[index < 0 ? (by > 0 ? 0 : nodes.length - 1) : (index + by + nodes.length) % nodes.length]);
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const at = this.rows.findIndex((row) => row.element === document.activeElement);
      const node = at >= 0 ? this.rows[at].node : null;
      const go = (row) => row && this.select(row.node);
      const actions = {
        ArrowDown: () => go(this.rows[at + 1]), ArrowUp: () => go(this.rows[at - 1]), Home: () => go(this.rows[0]), End: () => go(this.rows[this.rows.length - 1]),
        ArrowRight: () => node && (this.folded.has(node) ? this.fold(node) : node.children.length && go(this.rows[at + 1])),
        ArrowLeft: () => node && (node.children.length && !this.folded.has(node) ? this.fold(node) : node.parent && this.select(node.parent)),
        Enter: () => { if (node) this.select(node); document.getElementById("details").focus(); },
      };
      if (!actions[event.key]) return;
      event.preventDefault();
      actions[event.key]();
    }

    search(text) {
      const wanted = text.trim().toLowerCase();
      const holds = (node) => (node.name + " " + JSON.stringify(node.span || "") + JSON.stringify(node.events)).toLowerCase().includes(wanted);
      this.found = wanted ? [...this.view.nodes, ...this.view.marks].filter(holds).sort((a, b) => a.start - b.start) : [];
      return this.found.length;
    }
  }

  // ---- axis and minimap
  function axis(view) {
    const box = el("div", { class: "axis", "aria-hidden": "true" }, el("span", {}), el("span", { class: "lane" }), el("span", {}));
    for (let i = 0; i <= 4; i++) box.children[1].append(put(el("span", { class: "tick t" + i }, ms((view.total * i) / 4)), 25 * i + "%"));
    for (const [a, b] of view.gaps) {
      box.children[1].append(put(el("span", { class: "gap", title: "nothing recorded for " + ms(b - a) }), shareOf(a, view.total), shareOf(b - a, view.total)));
    }
    return box;
  }

  function minimap(view, fall) {
    const NS = "http://www.w3.org/2000/svg";
    const nodes = [...view.nodes].sort((a, b) => a.start - b.start);
    const picture = document.createElementNS(NS, "svg");
    picture.setAttribute("viewBox", "0 0 1000 48");
    picture.setAttribute("preserveAspectRatio", "none");
    nodes.forEach((node, i) => {
      const bar = document.createElementNS(NS, "rect");
      const shape = { x: (1000 * node.start) / view.total, y: (46 * i) / nodes.length, width: Math.max(1.5, (1000 * (node.end - node.start)) / view.total), height: Math.max(1, 46 / nodes.length - 0.5) };
      for (const [name, value] of Object.entries(shape)) bar.setAttribute(name, value);
      bar.setAttribute("class", "fill " + node.kind + " " + node.status);
      picture.append(bar);
    });
    const go = (event) => {
      const share = (event.clientY - picture.getBoundingClientRect().top) / picture.getBoundingClientRect().height;
      fall.select(nodes[Math.max(0, Math.min(nodes.length - 1, Math.floor(share * nodes.length)))]);
    };
    return el("div", { class: "minimap panel", role: "img", "aria-label": "All spans in small; a click goes there", click: go }, picture);
  }

  // ---- the page
  function show(doc) {
    const view = T.model(doc);
    const details = el("aside", { id: "details", class: "panel", tabindex: "-1", "aria-label": "Details" }, el("p", { class: "soft" }, "Choose a row to see all that is known of it. ? lists the keys."));
    const fall = new Waterfall(view, (node) => details.replaceChildren(...[T.details(node, view, links)].flat(Infinity).filter(Boolean)));
    const search = el("input", { type: "search", placeholder: "name, id, text ( / )", "aria-label": "Search the trace" });
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
    const copy = async () => {
      const text = markdown(view);
      try { await navigator.clipboard.writeText(text); said.textContent = "copied"; } catch { download("trace.md", text, "text/markdown"); }
    };
    const button = (text, action) => el("button", { type: "button", click: action }, text);
    const marks = el("input", { type: "checkbox", change: () => { fall.showMarks = marks.checked; fall.draw(); } });
    marks.checked = fall.showMarks;
    const root = view.roots.find((node) => node.span);
    document.title = "Trace " + doc.correlation_id.slice(0, 40);
    place.replaceChildren(
      el("h1", {}, doc.root + " ", status(doc.status)),
      el("p", { class: "mono" }, doc.correlation_id),
      el("p", { class: "summary" }, el("span", { title: new Date(view.t0).toISOString() }, moment(view.t0) + " " + zone), " · " + summaryLine(view)),
      el("div", { class: "tools" }, search, button("✕ next failure", () => fall.step(view.failures, 1)), button("fold all", () => fall.foldAll(true)), button("unfold all", () => fall.foldAll(false)),
        el("label", {}, marks, " records between"), button("copy as Markdown", copy), links && button("save this trace", () => save(doc, view)),
        links && el("a", { href: "#" + encodeURIComponent(doc.correlation_id) + "&with=" }, "compare"), button("?", () => help.showModal()), said),
      view.nodes.length > 40 ? minimap(view, fall) : "",
      el("div", { class: "viewer" }, el("div", { class: "fall panel" }, axis(view), fall.tree), details), help,
    );
    document.onkeydown = (event) => {
      if (event.target.matches("input[type=search], select, textarea") || event.ctrlKey || event.metaKey || event.altKey || help.open) {
        if (event.key === "Escape" && event.target === search) fall.focus(fall.selected || (fall.rows[0] && fall.rows[0].node));
        return;
      }
      const actions = { "/": () => search.focus(), "?": () => help.showModal(), f: () => fall.step(view.failures, 1), F: () => fall.step(view.failures, -1),
        n: () => fall.step(fall.found, 1), N: () => fall.step(fall.found, -1), c: copy, Escape: () => fall.focus(fall.selected || (fall.rows[0] && fall.rows[0].node)) };
      if (actions[event.key]) { event.preventDefault(); actions[event.key](); }
    };
    if (view.failures.length) fall.select(view.failures.find((node) => node.span && !node.children.some((child) => child.status === "error")) || view.failures[0]);
    else if (root) fall.select(root);
    scrollTo(0, 0);
    place.setAttribute("data-shown", String(performance.now()));
  }

  async function open() {
    const [first, ...rest] = location.hash.slice(1).split("&");
    if (!first) return;
    let id = first;
    try { id = decodeURIComponent(first); } catch { /* as it stands */ }
    place.removeAttribute("data-shown");
    const other = rest.find((part) => part.startsWith("with="));
    const doc = await T.trace(id, Number(place.dataset.shards));
    if (!doc) {
      place.replaceChildren(el("h1", {}, "Trace not in this report"), el("p", { class: "mono" }, id),
        el("p", {}, "It lies outside the report's window, or the id is cut off. In the terminal: telemetry-report trace ID"));
      return;
    }
    if (other !== undefined) T.compare(place, doc, decodeURIComponent(other.slice(5)), T.clocks(place.dataset.zone));
    else show(doc);
  }

  const own = document.getElementById("trace-data");
  if (own) show(JSON.parse(own.textContent));
  else {
    addEventListener("hashchange", open);
    open();
  }
})();
