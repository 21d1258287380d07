// Why something failed, as its records say: message, class, first frame in the app; and of a trace what failed first. As reporter/format/reasons.py.
(() => {
  "use strict";
  const T = window.Telemetry;
  const NOTHING = ["", "true", "false", "[]"];
  const isVendor = (frame) => /(?:^|[ /\\])(?:vendor|node_modules)[/\\]|\[internal function\]|\{main\}/.test(frame);
  const said = (value) => (typeof value === "string" && !NOTHING.includes(value) ? value : null);
  const isObject = (value) => value !== null && typeof value === "object";

  // Monolog writes exceptions as text (LineFormatter) or as objects (JsonFormatter): [{name, message, at, own, vendor}], outermost first.
  function exceptions(value) {
    const part = (name, message, at, frames) => ({ name, message, at, own: frames.filter((frame) => !isVendor(frame)), vendor: frames.filter(isVendor) });
    if (isObject(value) && (value.class || value.message)) {
      const frames = (value.trace || []).map((frame) => (typeof frame === "string" ? frame : frame.file ? frame.file + ":" + frame.line : JSON.stringify(frame)));
      return [part(value.class || "", value.message || "", value.file || "", frames), ...exceptions(value.previous)];
    }
    if (typeof value !== "string" || !value.includes("[object]")) return [];
    return value.split(/\[previous exception\] ?/).map((text) => {
      const head = /\[object\] \(([^(]+)\(code: [^)]*\): ?([\s\S]*?)(?: at ([^\n]*?:\d+))?\)\s*(?:\n|$)/.exec(text);
      const frames = text.split("\n").filter((line) => /^#\d+ /.test(line));
      return head ? part(head[1].replaceAll("\\\\", "\\"), head[2], head[3] || "", frames) : { ...part("Exception", text.slice(0, 2000), "", frames), isRest: true };
    });
  }

  // Facts of a record lie in `context.data` in nested records, else in the context.
  function factsOf(event) {
    const context = isObject(event.context) ? event.context : {};
    return isObject(context.data) ? context.data : context;
  }

  function exceptionsOf(event) {
    const facts = factsOf(event);
    return exceptions((event.context && event.context.exception) || facts.exception);
  }

  // {message, name, frame}, each null where the record does not tell; null of what did not fail.
  function reason(event) {
    if (!event || event.status !== "error") return null;
    const facts = factsOf(event);
    const first = exceptionsOf(event).find((one) => !one.isRest);
    const frame = first && (first.at && !isVendor(first.at) ? first.at : first.own[0]);
    return { message: (first && said(first.message)) || said(facts.error_message) || said(facts.error) || (isObject(facts.error) && said(facts.error.message)) || null,
      name: (first && said(first.name)) || said(facts.error_type) || said(facts.error_class) || null, frame: frame || null };
  }

  // Of a row: the first of its records that says why.
  function why(node) {
    for (const event of node.events) {
      const found = reason(event);
      if (found && found.message) return found;
    }
    return null;
  }

  // What the records of a second also say of one failure: the first that says it in the same words.
  const sameFailure = (view, message, name) => [...view.nodes, ...view.marks].map(why).find((one) => one && one.message === message && one[name]);

  // {node, message, name, frame, event}: of what failed with nothing failed below it what ended first; null where nothing failed. `event`: the
  // record that says most of it, null where a trace is carried without records.
  function cause(view) {
    const failed = new Set(view.failures);
    const holds = (node) => node.children.some((child) => (child.span && failed.has(child)) || holds(child));
    const innermost = view.failures.filter((node) => node.span && !holds(node)).sort((a, b) => a.end - b.end);
    const node = innermost.find(why) || innermost[0] || view.failures.find(why) || view.failures[0];
    if (!node) return null;
    const told = why(node);
    const event = node.events.find((one) => one.status === "error") || node.events[0] || null;
    const message = (told && told.message) || (event && event.message !== event.event && event.message) || (event && event.event) || node.name;
    const of = (name) => (told && told[name]) || (sameFailure(view, message, name) || {})[name] || null;
    return { node, message, name: of("name"), frame: of("frame"), event };
  }

  Object.assign(T, { reason, why, cause, exceptionsOf, factsOf });
})();
