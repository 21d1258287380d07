// A trace in words: its summary, its Markdown (as reporter/format/timeline.py), what a ticket takes, and the file of it alone.
(() => {
  "use strict";
  const T = window.Telemetry;
  const { ms, count, usd, el } = T;
  const LINES = 400;
  const LONG = 86400000;

  // What stands in the last column of a row; “≈”: the record's time is a whole second, it was written some time in that.
  T.took = (node) => (node.span ? (node.status === "unfinished" ? "unfinished" : ms(node.span.duration_ms)) : (node.isRough ? "≈ +" : "+") + ms(node.start));

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

  T.summaryLine = (view) => {
    const s = summary(view);
    return [ms(view.doc.duration_ms), Object.entries(s.kinds).map(([name, sum]) => name + " " + count(sum.n) + "× " + ms(sum.self) + " self").join(", "),
      s.tokens ? count(s.tokens) + " tokens" + (s.cost ? ", " + usd(s.cost) : "") : "", s.tools ? count(s.tools) + (s.tools === 1 ? " tool call" : " tool calls") : "",
      view.doc.failed ? view.doc.failed + " failed" : "no failure", s.unfinished ? s.unfinished + " unfinished" : "",
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

  T.download = (name, text, type) => {
    const url = URL.createObjectURL(new Blob([text], { type }));
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
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
