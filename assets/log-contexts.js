// What was logged with entries, for a search that looks into it: in the traces' documents, and in the files of what no trace carries.
window.Telemetry.contexts = (() => {
  "use strict";
  const { data, forget } = window.Telemetry;
  const KEPT = 4;
  const text = (parts) => parts.filter((part) => part !== null && part !== undefined).map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join("\n");
  // `around(text)`: what of a text that fits is shown of it.
  function note(found, key, test, around, ...parts) {
    const told = text(parts);
    if (told !== "" && test(told)) found.set(key, around(told));
  }

  // By the ids of entries whose record in a trace fits, what is shown of it. `slice` is awaited between traces: false ends it.
  async function inTraces(test, around, slice) {
    const found = new Map();
    const { shards } = await data("trace-places").catch(() => ({ shards: [] }));
    for (const [n, name] of shards.entries()) {
      const { whole } = await data("trace-" + name).catch(() => ({ whole: {} }));
      for (const { events } of Object.values(whole)) {
        for (const event of events || []) note(found, event.id, test, around, event.context, event.extra);
        if (!(await slice())) return found;
      }
      if (n >= KEPT) forget("trace-" + name);
    }
    return found;
  }

  // The same by the places in a shard of entries that no trace carries.
  async function inShard(about, test, around, slice) {
    const found = new Map();
    for (const part of about.contexts) {
      const name = "log-contexts-" + about.name + "-" + part;
      for (const [at, parts] of Object.entries(await data(name))) note(found, Number(at), test, around, ...parts);
      forget(name);
      if (!(await slice())) return found;
    }
    return found;
  }

  return { inTraces, inShard };
})();
