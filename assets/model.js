// A trace as the viewer sees it: a tree of spans with their events, self times, the critical path and the gaps.
window.Telemetry.model = (() => {
  "use strict";
  const T = window.Telemetry;
  const { at } = T;
  const time = (value) => (typeof value === "number" ? value : at(value));
  // Times are told in microseconds: what lies between two is that exact, too.
  const since = (value, t0) => Math.round((time(value) - t0) * 1000) / 1000;

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

  // Whether a name stands in a text as a word of its own.
  function names(text, name) {
    const isWord = (letter) => letter !== undefined && /[\p{L}\p{N}_]/u.test(letter);
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
      if (!isWord(text[at - 1]) && !isWord(text[at + name.length])) return true;
    }
    return false;
  }

  // How well a span fits a record of a whole second, which was written by something of that second: what it tells of, in the same words or by
  // name, before what failed like it.
  function telling(event) {
    const text = ((event.message || "") + " " + (event.operation || "")).toLowerCase();
    const why = event.status === "error" ? T.reason(event).message : null;
    return (node) => {
      if (event.status === "error" && node.status === "error") {
        const own = why && T.why(node);
        if (own && own.message === why) return 3;
      }
      if (node.span.type !== "root" && node.lowerName.length > 2 && names(text, node.lowerName)) return 2;
      return event.status === "error" && node.status === "error" ? 1 : 0;
    };
  }

  // A record stands in the smallest span around it; one of a whole second in what it tells of, else in the longest. `active`: spans that may be
  // around it, in order.
  function around(active, event, t) {
    const slack = fuzz(event);
    const tells = slack ? telling(event) : () => 0;
    const length = (node) => (node.status === "unfinished" ? node.end - node.start : node.span.duration_ms || 0);
    const within = (by) => {
      let best = null;
      for (const node of active) {
        if (node.start > t + by || t - (by === ROUNDED ? by : 0) > node.until) continue;
        const rank = [-tells(node), (slack ? -1 : 1) * length(node), node.kind === event.kind ? 0 : 1];
        const at = best ? rank.findIndex((value, i) => value !== best.rank[i]) : 0;
        if (!best || (at >= 0 && rank[at] < best.rank[at])) best = { node, rank };
      }
      return best && best.node;
    };
    return within(slack) || within(ROUNDED);
  }

  // Records that belong to no span, each under the span it stands in. Both are in order of time, so that of 25,000 spans few are looked at for each.
  function attach(nodes, roots, events, t0) {
    let next = 0;
    let active = [];
    return events.map((event) => {
      const t = since(event.ts, t0);
      while (next < nodes.length && nodes[next].start <= t + FUZZ + ROUNDED) active.push(nodes[next++]);
      active = active.filter((node) => node.until >= t - ROUNDED);
      const best = around(active, event, t);
      const start = Math.max(0, t, best ? best.start : 0);
      const mark = { event, start, end: start, children: [], events: [event], critical: [], status: event.status, kind: event.kind,
        isRough: fuzz(event) > 0, name: event.event || event.message || event.level || "" };
      (best ? best.children : roots).push(mark);
      return mark;
    });
  }

  return (doc) => {
    const spans = doc.spans;
    const events = doc.events || [];
    const t0 = time(doc.start);
    const nodes = spans.map((span) => {
      const start = since(span.start, t0);
      const end = start + Math.max(0, span.duration_ms || 0);
      // What it says it took and when its end was logged are not always one: records up to the latter are its own.
      return { span, start, end, until: span.end ? since(span.end, t0) : end, children: [], events: [], critical: [], status: span.status,
        kind: span.kind, name: span.operation, lowerName: span.operation.toLowerCase() };
    });
    const total = Math.max(doc.duration_ms, 0.001);
    for (const node of nodes) if (node.status === "unfinished") node.end = node.until = total;
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
    const free = [];
    for (const event of events) {
      const node = owner.get(event.id);
      if (node) node.events.push(event);
      else free.push(event);
    }
    const marks = attach([...nodes].sort((a, b) => a.start - b.start), roots, free, t0);
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
    const failures = [...nodes, ...marks].filter((node) => node.status === "error").sort((a, b) => a.start - b.start);
    return { doc, t0, total, roots, nodes, marks, gaps, failures };
  };
})();
