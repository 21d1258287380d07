// Everything known about one span or event, as elements: facts, ids, exceptions, contexts as folded trees.
window.Telemetry.details = (() => {
  "use strict";
  const T = window.Telemetry;
  const { el, ms, count, rate, usd, status, kind, at, operation } = T;
  const IDS = ["message_id", "conversation_id", "fragment_id", "execution_id", "pipeline_id", "invocation_id"];
  const LONG = 160;
  const DEEP = 60;

  function tree(value, name, depth) {
    const key = name === null ? null : el("span", { class: "key" }, name + ": ");
    if (value !== null && typeof value === "object") {
      if (depth > DEEP) return el("div", {}, key, el("span", { class: "soft" }, "… deeper still"));
      const entries = Object.entries(value);
      const label = Array.isArray(value) ? "[" + entries.length + "]" : "{" + entries.length + "}";
      if (!entries.length) return el("div", {}, key, label);
      return el("details", depth < 2 ? { open: "" } : {}, el("summary", {}, key, el("span", { class: "soft" }, label)),
        entries.slice(0, 500).map(([k, v]) => tree(v, k, depth + 1)), entries.length > 500 && el("div", {}, "… " + (entries.length - 500) + " more"));
    }
    const text = typeof value === "string" ? value : String(value);
    if (text.length > LONG || text.includes("\n")) {
      return el("details", {}, el("summary", {}, key, text.slice(0, LONG).split("\n")[0] + "…"), el("pre", {}, text));
    }
    return el("div", {}, key, el("span", { class: "value " + typeof value }, text));
  }

  function exceptionView(one, index) {
    const { own, vendor } = one;
    return el("section", { class: "exception" }, el("h4", {}, (index ? "caused by " : "") + one.name), el("p", { class: "pre" }, one.message),
      one.at && el("p", { class: "mono soft" }, one.at),
      own.length > 0 && el("ol", { class: "frames mono" }, own.map((frame) => el("li", {}, frame))),
      vendor.length > 0 && el("details", {}, el("summary", {}, vendor.length + (vendor.length === 1 ? " vendor frame" : " vendor frames")), el("ol", { class: "frames mono soft" }, vendor.map((frame) => el("li", {}, frame)))));
  }

  function eventView(event, t0) {
    const found = T.exceptionsOf(event);
    return el("section", { class: "record" },
      el("h3", {}, event.event || event.level || "log", " ", event.status && status(event.status)),
      el("p", { class: "soft" }, "+" + ms(Math.max(0, at(event.ts) - t0)) + " · " + event.ts + (event.level ? " · " + event.level : "")),
      event.message && event.message !== event.event && el("p", { class: "pre" }, event.message),
      found.map(exceptionView),
      event.context !== null && event.context !== undefined && tree(event.context, "context", 0),
      event.extra && Object.keys(event.extra).length > 0 && tree(event.extra, "extra", 1),
      el("p", { class: "mono soft" }, event.source + " at byte " + count(event.offset)));
  }

  function facts(pairs) {
    return el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  }

  // Why it failed, before all else.
  function failureView(node) {
    const found = node.status === "error" && T.why(node);
    return found && el("section", { class: "failure" }, el("p", {}, found.name && el("strong", {}, found.name + ": "), el("span", { class: "pre" }, found.message)),
      found.frame && el("p", { class: "mono soft" }, found.frame));
  }

  // `node` of model.js; `links`: whether ids lead to the list of traces. Why it failed, facts, records, ids.
  return (node, view, links) => {
    const span = node.span;
    if (!span) return [el("h2", {}, kind(node.kind), " ", node.name), failureView(node), eventView(node.event, view.t0)];
    const ids = IDS.filter((name) => span[name]).map((name) => [name.replace("_", " "), el("span", { class: "mono" },
      links ? el("a", { href: "traces.html#q=" + encodeURIComponent(span[name]), title: "traces that bear it" }, span[name]) : span[name])]);
    const share = rate((node.end - node.start) / view.total) + " of the trace";
    return [
      el("h2", {}, kind(node.kind), " ", links ? operation(node.kind + " " + node.name, node.name) : node.name, " ", status(node.status)),
      failureView(node),
      facts([
        ["took", span.duration_ms === undefined || span.duration_ms === null ? "unknown" : ms(span.duration_ms) + " · " + share],
        ["self time", ms(node.self)], ["began", "+" + ms(node.start)], ["type", span.type],
        ["model", [span.provider, span.model].filter(Boolean).join("/")], ["first token", span.ttft_ms !== undefined && span.ttft_ms !== null ? ms(span.ttft_ms) : null],
        ["tokens", T.tokens(span) ? count(T.tokens(span)) + ": " + count(span.prompt_tokens || 0) + " in, " + count(span.completion_tokens || 0) + " out" + (span.counts_tokens ? "" : " (counted at the llm call)") : null],
        ["cost", span.cost_usd ? usd(span.cost_usd) : null], ["dry run", span.dry_run ? "yes" : null],
      ]),
      node.events.length === 0 && el("p", { class: "soft" }, view.doc.events ? "No record of its own." : "This report carries this trace's spans only. All of it: telemetry-report trace " + view.doc.correlation_id),
      // Of failed work the record that says why comes first.
      ...[...node.events].sort((a, b) => (b.status === "error") - (a.status === "error")).map((event) => eventView(event, view.t0)),
      ids.length > 0 && el("section", { class: "record" }, el("h3", {}, "Ids"), facts(ids)),
    ];
  };
})();
