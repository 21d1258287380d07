// Two traces side by side: their spans aligned by place in the tree, with what differs.
window.Telemetry.compare = (() => {
  "use strict";
  const T = window.Telemetry;
  const { el, ms, status, kind, count } = T;

  // Children of both: those of one kind and operation, the n-th with the n-th; then what does the same by another model.
  const SAME_ROLE = ["root", "stream", "llm", "generation", "pipeline", "job", "enrichment"];
  function pairs(left, right) {
    const found = new Map();
    const keys = [(node) => node.span.type + " " + node.kind + " " + node.name, (node) => (SAME_ROLE.includes(node.span.type) ? node.span.type : null)];
    for (const key of keys) {
      const free = right.filter((node) => ![...found.values()].includes(node));
      for (const a of left.filter((node) => !found.has(node) && key(node) !== null)) {
        const at = free.findIndex((node) => key(node) === key(a));
        if (at >= 0) found.set(a, free.splice(at, 1)[0]);
      }
    }
    return found;
  }

  // In the order of the first; what only the second has stands behind.
  function align(left, right, depth, rows) {
    const [first, second] = [left, right].map((nodes) => nodes.filter((node) => node.span));
    const found = pairs(first, second);
    for (const a of first) {
      const b = found.get(a);
      rows.push({ a, b, depth });
      align(a.children, b ? b.children : [], depth + 1, rows);
    }
    const matched = new Set(found.values());
    for (const b of second.filter((node) => !matched.has(node))) {
      rows.push({ b, depth });
      align([], b.children, depth + 1, rows);
    }
    return rows;
  }

  const took = (node) => (!node ? "" : node.status === "unfinished" ? "unfinished" : ms(node.span.duration_ms));

  const named = (node) => window.Telemetry.operation(node.kind + " " + node.name, node.name);
  function row({ a, b, depth }, longest) {
    const one = a || b;
    const known = a && b && typeof a.span.duration_ms === "number" && typeof b.span.duration_ms === "number";
    const difference = known ? b.span.duration_ms - a.span.duration_ms : null;
    const bars = el("span", { class: "pair" });
    for (const node of [a, b]) {
      const bar = el("span", { class: "bar " + (node ? node.kind + " " + node.status : "none") });
      bar.style.width = node ? Math.max(0.5, (100 * (node.end - node.start)) / longest) + "%" : "0";
      bars.append(bar);
    }
    const name = el("td", { class: "op" }, kind(one.kind), " ", named(one), a && b && a.name !== b.name ? [" → ", named(b)] : "");
    name.style.paddingLeft = 10 + depth * 14 + "px";
    const word = !a ? "second only" : !b ? "first only" : a.status !== b.status ? a.status + " → " + b.status : "";
    const sign = difference === null ? "" : (difference > 0 ? "+" : difference < 0 ? "−" : "±") + ms(Math.abs(difference));
    const ratio = known && a.span.duration_ms > 0 ? " (" + (b.span.duration_ms / a.span.duration_ms).toFixed(1) + "×)" : "";
    return el("tr", { class: word ? "differs" : "" }, name, el("td", { class: "n" }, took(a)), el("td", { class: "n" }, took(b)),
      el("td", { class: "n" + (difference > 0.1 * longest ? " bad" : "") }, sign + ratio), el("td", { class: "bars" }, bars), el("td", { class: "nowrap" }, word));
  }

  async function choices(place, doc) {
    const all = await T.data("traces");
    const me = all.id.indexOf(doc.correlation_id);
    const alike = me < 0 ? [] : all.id.map((_, i) => i).filter((i) => i !== me && all.root[i] === all.root[me]).sort((x, y) => all.ms[x] - all.ms[y]);
    // How long an unfinished one took nobody knows; a failed one is quick for no good reason.
    const ended = alike.filter((i) => all.status[i] !== "unfinished");
    const fastest = ended.find((i) => all.status[i] === "ok") ?? ended[0];
    const slowest = ended[ended.length - 1];
    const middle = ended[ended.length >> 1];
    const link = (i, word) => el("li", {}, el("a", { href: T.traceAddress(doc.correlation_id, { with: all.id[i] }) }, word + ": " + ms(all.ms[i])), " ",
      status(all.status[i]), " ", el("span", { class: "mono soft" }, all.id[i]));
    const input = el("input", { type: "search", "aria-label": "Other trace's id", placeholder: "or paste an id, then Enter", list: "alike" });
    input.addEventListener("change", () => { location.hash = T.traceAddress(doc.correlation_id, { with: input.value.trim() }); });
    place.replaceChildren(el("h1", {}, "Compare"), el("p", { class: "mono" }, doc.correlation_id), el("p", {}, alike.length ? count(alike.length) + " other traces of " + all.root[me] + (ended.length < alike.length ? ", " + count(alike.length - ended.length) + " of them unfinished" : "") + ":" : "No other trace of the same operation is in this report."),
      el("ul", { class: "rows links" }, ended.length > 0 && link(fastest, all.status[fastest] === "ok" ? "the fastest that went well" : "the fastest"), ended.length > 2 && middle !== fastest && link(middle, "one in the middle"), ended.length > 1 && slowest !== fastest && link(slowest, "the slowest")), input);
  }

  return async (place, doc, otherId, { moment }) => {
    if (!otherId) {
      await choices(place, doc);
      place.setAttribute("data-shown", String(performance.now()));
      return;
    }
    const other = await T.trace(otherId);
    if (!other) {
      place.replaceChildren(el("h1", {}, "Trace not in this report"), el("p", { class: "mono" }, otherId));
      return;
    }
    const [a, b] = [T.model(doc), T.model(other)];
    const rows = align(a.roots, b.roots, 0, []);
    const missing = rows.filter((one) => !one.b).length;
    const extra = rows.filter((one) => !one.a).length;
    const head = (view, name) => el("p", {}, el("strong", {}, name + ": "), el("a", { class: "mono", href: T.traceAddress(view.doc.correlation_id, {}) }, view.doc.correlation_id), " ",
      status(view.doc.status), " " + moment(view.t0) + " · " + ms(view.total));
    const columns = [["Step", ""], ["First", "n"], ["Second", "n"], ["Difference", "n"], ["First over second", ""], ["", ""]];
    place.replaceChildren(el("h1", {}, "Compare"), head(a, "First"), head(b, "Second"),
      el("p", {}, (b.total >= a.total ? "The second took " + ms(b.total - a.total) + " longer" : "The first took " + ms(a.total - b.total) + " longer") + "; steps missing in the second: " + missing + ", more in it: " + extra + "."),
      el("div", { class: "scroll panel" }, el("table", { class: "compare" }, el("thead", {}, el("tr", {}, columns.map(([text, cls]) => (text ? el("th", { class: cls }, text) : el("td", {}))))),
        el("tbody", {}, rows.map((one) => row(one, Math.max(a.total, b.total)))))));
    place.setAttribute("data-shown", String(performance.now()));
  };
})();
