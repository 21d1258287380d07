// A trace in words: its summary, its Markdown (as reporter/format/timeline.py), what a ticket takes, and the file of it alone.
(() => {
  "use strict";
  const T = window.Telemetry;
  const { ms, count, usd } = T;
  const LINES = 400;
  const LONG = 86400000;
  const LED = 15;

  // What stands in the last column of a row; “≈”: the record's time is a whole second, it was written some time in that.
  T.took = (node) => (node.span ? (node.status === "unfinished" ? "unfinished" : ms(node.span.duration_ms)) : (node.isRough ? "≈ +" : "+") + ms(node.start));

  // A call's tokens, as analysis/work.py's TOKENS.
  T.tokens = (span) => span.total_tokens ?? (span.prompt_tokens || 0) + (span.completion_tokens || 0);

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
    const tokens = counted.reduce((sum, node) => sum + T.tokens(node.span), 0);
    const slowest = operations.reduce((best, node) => (!best || node.self > best.self ? node : best), null);
    return { kinds, tokens, cost: add("cost_usd"), slowest,
      unfinished: view.nodes.filter((node) => node.status === "unfinished").length, tools: operations.filter((node) => node.span.type === "tool").length };
  }

  T.summaryLine = (view) => {
    const s = summary(view);
    return [ms(view.doc.duration_ms), Object.entries(s.kinds).map(([name, sum]) => name + " " + count(sum.n) + "× " + ms(sum.self) + " self").join(", "),
      s.tokens ? count(s.tokens) + " tokens" + (s.cost ? ", " + usd(s.cost) : "") : "", s.tools ? count(s.tools) + (s.tools === 1 ? " tool call" : " tool calls") : "",
      view.doc.failed ? view.doc.failed + (view.doc.failed === 1 ? " operation" : " operations") + " failed" : "no failure", s.unfinished ? s.unfinished + " unfinished" : "",
      s.slowest ? "slowest: " + s.slowest.name + " (" + ms(s.slowest.self) + " self)" : ""].filter(Boolean).join(" · ");
  };

  const plain = (text, chars) => String(text).replace(/[\u0000-\u001f\u007f-\u009f`\u202a-\u202e\u2066-\u2069]+/g, " ").slice(0, chars || 120);

  // `sayAt`: when a row began, of times in ms from the trace's start.
  function line(node, depth, sayAt) {
    const mark = node.status === "error" ? "✕" : node.status === "unfinished" ? "…" : " ";
    const took = node.span && node.status !== "unfinished" ? ms(node.span.duration_ms) : "";
    const at = (node.isRough ? "≈ " : "") + sayAt(node.start);
    const why = node.status === "error" ? T.why(node) : null;
    const said = why && why.message !== node.name ? ["→ " + [why.name, plain(why.message, 300)].filter(Boolean).join(": ")] : [];
    return [at.padStart(10) + took.padStart(11) + " " + mark + " " + "  ".repeat(depth) + node.kind + " " + plain(node.name), ...said.map((text) => " ".repeat(24) + "  ".repeat(depth) + text)];
  }

  T.markdown = (view, { moment, zone }) => {
    const doc = view.doc;
    const lines = [];
    // Over days a moment says more than how long after the start.
    const sayAt = (t) => (doc.duration_ms > LONG ? moment(view.t0 + t) : "+" + ms(t));
    const walk = (node, depth) => {
      lines.push(...line(node, depth, sayAt));
      for (const child of node.children) walk(child, depth + 1);
    };
    view.roots.forEach((node) => walk(node, 0));
    return "### " + plain(doc.root) + ": " + doc.status + "\n\nTrace `" + plain(doc.correlation_id) + "` · " + moment(view.t0) + " " + zone + " · " + T.summaryLine(view) +
      "\n\n```text\n" + lines.slice(0, LINES).join("\n") + (lines.length > LINES ? "\n… " + (lines.length - LINES) + " more" : "") + "\n```\n";
  };

  const fenced = (title, text, language = "text") => {
    if (!text) return "";
    const fence = "`".repeat(Math.max(3, ...(text.match(/`{3,}/g) || []).map((found) => found.length + 1)));
    return "\n**" + title + "**\n\n" + fence + language + "\n" + text + "\n" + fence + "\n";
  };

  // The rows from the outermost work to one.
  function pathTo(view, node) {
    const above = new Map();
    for (const one of view.nodes) for (const child of one.children) above.set(child, one);
    const path = [];
    for (let at = node; at; at = above.get(at)) path.unshift(at);
    return path;
  }

  // What ended, or was written, before something began: the latest last.
  function before(view, { node, message }) {
    const inside = new Set(pathTo(view, node));
    // What tells of the same failure did not lead up to it.
    const isSame = (one) => one.status === "error" && (one.isRough || (T.why(one) || {}).message === message);
    return [...view.nodes, ...view.marks].filter((one) => one !== node && !inside.has(one) && !isSame(one) && (one.span ? one.end : one.start) <= node.start && (!one.span || one.status !== "unfinished"))
      .sort((a, b) => (a.span ? a.end : a.start) - (b.span ? b.end : b.start)).slice(-LED);
  }

  function framesOf(event) {
    return T.exceptionsOf(event).map((one, n) => [(n ? "caused by " : "") + one.name + ": " + one.message.slice(0, 2000), one.at && "  at " + one.at, ...one.own.slice(0, 12).map((frame) => "  " + frame),
      one.vendor.length && "  … " + one.vendor.length + (one.vendor.length === 1 ? " vendor frame" : " vendor frames")].filter(Boolean).join("\n")).join("\n");
  }

  // What a ticket needs of a trace: as reporter/site/tickets.py of a group. `found`: its cause, if it failed; `group`: the fingerprint, where it is known.
  T.ticket = (view, found, clock, about, group) => {
    const timeline = T.markdown(view, clock);
    if (!found) return timeline + "\n" + about + "\n";
    const { node, event } = found;
    const told = event || {};
    const withFrames = [...view.nodes, ...view.marks].flatMap((one) => one.events).find((one) => one.status === "error" && T.exceptionsOf(one).some((part) => part.message === found.message));
    const { exception, ...context } = (told.context !== null && typeof told.context === "object" && told.context) || {};
    const facts = [
      "In " + node.kind + " " + plain(node.name) + " at " + (node.isRough ? "≈ " : "") + "+" + ms(node.start) + " of " + ms(view.doc.duration_ms),
      found.frame && "First in-app frame: `" + plain(found.frame, 300) + "`",
      "Path: " + pathTo(view, node).map((one) => one.kind + " " + plain(one.name)).join(" → ") + " ✕",
      "Trace `" + plain(view.doc.correlation_id) + "`, " + clock.moment(view.t0) + " " + clock.zone, told.source && "Record `" + plain(told.source, 300) + ":" + told.offset + "`", group && "Group `" + group + "`",
    ];
    const led = before(view, found).map((one) => ("−" + ms(node.start - (one.span ? one.end : one.start))).padStart(10) + "  " + one.kind + " " + plain(one.name) + (one.status ? " (" + one.status + ")" : ""));
    return "### " + (found.name ? plain(found.name) + ": " : "") + plain(found.message.replace(/\s+/g, " "), 200) + "\n\n" + facts.filter(Boolean).map((fact) => "- " + fact).join("\n") + "\n"
      + fenced("Frames", framesOf(event && T.exceptionsOf(event).length ? event : withFrames || {})) + fenced("Context", Object.keys(context).length ? JSON.stringify(context, null, 2).split("\n").slice(0, 60).join("\n") : "", "json")
      + fenced("What led up to it", led.join("\n")) + "\n" + timeline + "\n" + about + "\n";
  };

  // The same file as `telemetry-report trace ID --html`: marks in a page made at build time are replaced.
  T.saveTrace = async (doc, text) => {
    const page = await T.data("trace-page");
    const shown = text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
    const json = JSON.stringify(doc).replace(/</g, "\\u003c");
    const cut = (from, mark) => { const i = from.indexOf(mark); return [from.slice(0, i), from.slice(i + mark.length)]; };
    const [before, rest] = cut(page, "@@TEXT@@");
    const [middle, after] = cut(rest, "@@TRACE@@");
    T.download("trace-" + doc.correlation_id.replace(/[^\w-]+/g, "_").slice(0, 60) + ".html", before + shown + middle + json + after, "text/html");
  };
})();
