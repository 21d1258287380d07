// A trace as the viewer sees it: a tree of spans with their events, self times, the critical path and the gaps.
window.Telemetry.model = (() => {
  "use strict";
  const { at } = window.Telemetry;
  const time = (value) => (typeof value === "number" ? value : at(value));

  // Intervals as sorted, disjoint ones.
  function union(intervals) {
    const made = [];
    for (const [a, b] of intervals.filter(([a, b]) => b > a).sort((x, y) => x[0] - y[0])) {
      const last = made[made.length - 1];
      if (last && a <= last[1]) last[1] = Math.max(last[1], b);
      else made.push([a, b]);
    }
    return made;
  }
  const length = (intervals) => intervals.reduce((sum, [a, b]) => sum + b - a, 0);

  // The pieces of [from, to] that decided when the work ended: back from the end, always the child that ended last.
  function criticalPath(node, to) {
    let until = Math.min(to, node.end);
    const children = node.children.filter((child) => child.span).sort((a, b) => b.end - a.end);
    for (const child of children) {
      if (child.start >= until || child.start < node.start - 1000) continue;
      const end = Math.min(child.end, until);
      if (until > end) node.critical.push([end, until]);
      criticalPath(child, end);
      until = Math.max(node.start, child.start);
    }
    if (until > node.start) node.critical.push([node.start, until]);
  }

  // Log lines often carry whole seconds only: they were written somewhere in the second that follows.
  const FUZZ = 1000;
  const ROUNDED = 2; // starts are ends less durations, which are rounded
  const fuzz = (event) => (Math.round(time(event.ts) * 1000) % 1e6 ? 0 : FUZZ);

  // A record stands in the smallest span around it; one of a whole second in a failed one that it may tell of, else in the longest.
  function attach(nodes, roots, event, t0) {
    const t = time(event.ts) - t0;
    const slack = fuzz(event);
    const length = (node) => (node.status === "unfinished" ? node.end - node.start : node.span.duration_ms || 0);
    const size = (node) => (slack ? (event.status === "error" && node.status === "error" ? 0 : 1e15) - length(node) : length(node));
    const isBetter = (node, best) => !best || size(node) < size(best) || (size(node) === size(best) && node.kind === event.kind && best.kind !== event.kind);
    const within = (by) => nodes.reduce((best, node) =>
      (node.start <= t + by && t - (by === ROUNDED ? by : 0) <= node.end && isBetter(node, best) ? node : best), null);
    const best = within(slack) || within(ROUNDED);
    const start = Math.max(0, t, best ? best.start : 0);
    const mark = { event, start, end: start, children: [], events: [event], critical: [], status: event.status, kind: event.kind,
      name: event.event || event.message || event.level || "" };
    (best ? best.children : roots).push(mark);
    return mark;
  }

  return (doc) => {
    const spans = doc.spans;
    const events = doc.events || [];
    const t0 = time(doc.start);
    const nodes = spans.map((span) => {
      const start = time(span.start) - t0;
      return { span, start, end: start + Math.max(0, span.duration_ms || 0), children: [], events: [], critical: [], status: span.status,
        kind: span.kind, name: span.operation };
    });
    const total = Math.max(doc.duration_ms, 0.001);
    for (const node of nodes) if (node.status === "unfinished") node.end = total;
    const byId = new Map(nodes.map((node) => [node.span.id, node]));
    const roots = [];
    for (const node of nodes) {
      let up = byId.get(node.span.parent);
      for (let seen = 0; up && up !== node && seen < 100; seen++) up = byId.get(up.span.parent);
      const parent = up ? undefined : byId.get(node.span.parent); // `up` still set: a circle
      (parent ? parent.children : roots).push(node);
    }
    const owner = new Map();
    for (const node of nodes) for (const id of [node.span.start_event, node.span.id, node.span.row_event]) if (id) owner.set(id, node);
    const marks = [];
    for (const event of events) {
      const node = owner.get(event.id);
      if (node) node.events.push(event);
      else marks.push(attach(nodes, roots, event, t0));
    }
    const order = (list) => list.sort((a, b) => a.start - b.start || b.end - a.end);
    for (const node of nodes) {
      order(node.children);
      const covered = union(node.children.filter((child) => child.span).map((child) => [Math.max(child.start, node.start), Math.min(child.end, node.end)]));
      node.self = Math.max(0, node.end - node.start - length(covered));
    }
    order(roots);
    const whole = { start: 0, end: total, children: roots, critical: [] };
    criticalPath(whole, total);
    const busy = union(nodes.map((node) => [node.start, node.end]));
    const gaps = [];
    let last = 0;
    for (const [a, b] of [...busy, [total, total]]) {
      if (a - last > Math.max(1, total / 50)) gaps.push([last, a]);
      last = Math.max(last, b);
    }
    return { doc, t0, total, roots, nodes, marks, gaps, failures: [...nodes, ...marks].filter((node) => node.status === "error") };
  };
})();
