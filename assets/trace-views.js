// Other views of a trace: a flame graph of where its time went, and statistics by operation.
window.Telemetry.traceViews = (() => {
  "use strict";
  const T = window.Telemetry;
  const { el, ms, count, rate, kind } = T;
  const LEAST = 0.001; // share of the whole below which a frame is not drawn
  const ROW = 22; // px, as in report.css

  // Spans of one kind and operation in the same callers, put together: {kind, name, self, total, n, failed, children}. `total` is the sum of
  // self times, so that it is never more than its caller's, whatever ran at the same time.
  function frames(view) {
    const whole = { kind: "", name: "all", self: 0, n: 1, failed: 0, children: new Map() };
    const add = (nodes, into) => {
      for (const node of nodes) {
        if (!node.span) continue;
        const key = node.kind + " " + node.name;
        if (!into.children.has(key)) into.children.set(key, { kind: node.kind, name: node.name, self: 0, n: 0, failed: 0, children: new Map(), first: node });
        const frame = into.children.get(key);
        frame.self += node.self;
        frame.n++;
        if (node.status === "error") frame.failed++;
        add(node.children, frame);
      }
    };
    add(view.roots, whole);
    const sum = (frame) => { frame.total = [...frame.children.values()].reduce((all, child) => all + sum(child), frame.self); return frame.total; };
    sum(whole);
    return whole;
  }

  // Widths are shares of the frame on top; a click puts a frame there. `onGo`: shows its first span.
  function flame(view, onGo) {
    const whole = frames(view);
    const said = el("p", { class: "soft", role: "status" });
    const graph = el("div", { class: "flame", role: "group", "aria-label": "Flame graph" });
    const put = (path) => {
      const top = path[path.length - 1];
      const shown = [];
      let deepest = 0;
      let hidden = 0;
      const draw = (frame, depth, left, width, above, isAbove) => {
        deepest = Math.max(deepest, depth);
        const text = frame.name + (frame.n > 1 ? " " + count(frame.n) + "×" : "") + " " + ms(frame.total);
        const box = el("button", { type: "button", class: "frame " + (frame.kind || "whole") + (frame.failed ? " error" : "") + (isAbove ? " above" : ""),
          title: (frame.kind ? frame.kind + " " : "") + frame.name + ": " + count(frame.n) + "×, " + ms(frame.total) + " (" + rate(frame.total / (whole.total || 1)) + " of all), " + ms(frame.self) + " of its own" + (frame.failed ? ", " + count(frame.failed) + " failed" : ""),
          click: () => { put(above); graph.querySelectorAll(".frame")[above.length - 1].focus(); }, dblclick: () => { if (frame.first) onGo(frame.first); } }, (frame.failed ? "✕ " : "") + text);
        box.style.left = 100 * left + "%";
        box.style.width = 100 * width + "%";
        box.style.top = depth * ROW + "px";
        shown.push(box);
      };
      path.forEach((frame, depth) => draw(frame, depth, 0, 1, path.slice(0, depth + 1), depth < path.length - 1));
      const below = (frame, depth, left, width, above) => {
        let x = left;
        for (const child of [...frame.children.values()].sort((a, b) => b.total - a.total)) {
          const share = frame.total ? (width * child.total) / frame.total : 0;
          if (share < LEAST) { hidden++; continue; }
          draw(child, depth, x, share, [...above, child], false);
          below(child, depth + 1, x, share, [...above, child]);
          x += share;
        }
      };
      below(top, path.length, 0, 1, path);
      graph.style.height = (deepest + 1) * ROW + "px";
      graph.replaceChildren(...shown);
      said.textContent = "Width: time of its own and of what it called, calls of one operation put together. A click looks closer, a double click goes to its row."
        + (hidden ? " " + count(hidden) + (hidden === 1 ? " frame is" : " frames are") + " too narrow to draw." : "");
    };
    put([whole]);
    return el("div", { class: "flame-view" }, graph, said);
  }

  // By kind and operation: {kind, name, n, failed, unfinished, total, self, mean, max}; `mean` and `max` of what finished.
  function statistics(view) {
    const rows = new Map();
    for (const node of view.nodes.filter((one) => one.span.type !== "root")) {
      const key = node.kind + " " + node.name;
      if (!rows.has(key)) rows.set(key, { kind: node.kind, name: node.name, n: 0, failed: 0, unfinished: 0, finished: 0, total: 0, self: 0, max: 0, mean: null, first: node });
      const row = rows.get(key);
      row.n++;
      row.self += node.self;
      if (node.status === "error") row.failed++;
      if (node.status === "unfinished") row.unfinished++;
      else if (typeof node.span.duration_ms === "number" && node.span.duration_ms >= 0) {
        row.finished++;
        row.total += node.span.duration_ms;
        row.max = Math.max(row.max, node.span.duration_ms);
      }
    }
    for (const row of rows.values()) row.mean = row.finished ? row.total / row.finished : null;
    return [...rows.values()];
  }

  const COLUMNS = [["kind", "Kind"], ["name", "Operation"], ["n", "Count"], ["failed", "Failed"], ["unfinished", "Unfin."], ["total", "Total"], ["mean", "Mean"], ["max", "Max"],
    ["self", "Self"], ["share", "Self of all"]];

  function table(view, onGo) {
    const rows = statistics(view);
    const all = rows.reduce((sum, row) => sum + row.self, 0);
    for (const row of rows) row.share = all ? row.self / all : 0;
    const body = el("tbody", {});
    const heads = COLUMNS.map(([name, text]) => el("th", { class: name === "kind" || name === "name" ? "" : "n" }, el("button", { type: "button", click: () => sort(name) }, text)));
    let [by, sign] = ["self", -1];
    const put = () => {
      rows.sort((a, b) => sign * (typeof a[by] === "string" ? a[by].localeCompare(b[by]) : a[by] - b[by]) || a.name.localeCompare(b.name));
      heads.forEach((head, i) => {
        if (COLUMNS[i][0] === by) head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
        else head.removeAttribute("aria-sort");
      });
      const number = (text, cls) => el("td", { class: "n " + (cls || "") }, text);
      body.replaceChildren(...rows.slice(0, 1000).map((row) => el("tr", {}, el("td", {}, kind(row.kind)),
        el("td", { class: "op" }, el("button", { type: "button", class: "plain", title: "its first row", click: () => onGo(row.first) }, row.name)), number(count(row.n)), number(count(row.failed), row.failed ? "bad" : ""),
        number(count(row.unfinished), row.unfinished ? "warn" : ""), number(ms(row.finished ? row.total : null)), number(ms(row.mean)), number(ms(row.finished ? row.max : null)), number(ms(row.self)), number(rate(row.share)))));
    };
    const sort = (name) => { [by, sign] = [name, by === name ? -sign : name === "kind" || name === "name" ? 1 : -1]; put(); };
    put();
    return el("div", { class: "scroll" }, el("table", { class: "statistics" }, el("thead", {}, el("tr", {}, heads)), body));
  }

  return { flame, table, statistics };
})();
