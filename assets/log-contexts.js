// What was logged with entries, for a search that looks into it: in the traces' documents, and in the files of what no trace carries.
window.Telemetry.contexts = (() => {
  "use strict";
  const { data, forget } = window.Telemetry;
  const KEPT = 4;
  const text = (parts) => parts.filter((part) => part !== null && part !== undefined).map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join("\n");
  const holds = (test, ...parts) => { const told = text(parts); return told !== "" && test(told); };

  // The ids of entries whose record in a trace fits. `slice` is awaited between traces: false ends it.
  async function inTraces(shards, test, slice) {
    const found = new Set();
    for (let n = 0; n < shards; n++) {
      const { whole } = await data("trace-" + n).catch(() => ({ whole: {} }));
      for (const { events } of Object.values(whole)) {
        for (const event of events || []) if (holds(test, event.context, event.extra)) found.add(event.id);
        if (!(await slice())) return found;
      }
      if (n >= KEPT) forget("trace-" + n);
    }
    return found;
  }

  // The places in a shard of entries of which what was logged fits.
  async function inShard(number, about, test, slice) {
    const found = new Set();
    for (const part of about.contexts) {
      const name = "log-contexts-" + number + "-" + part;
      for (const [at, parts] of Object.entries(await data(name))) if (holds(test, ...parts)) found.add(Number(at));
      forget(name);
      if (!(await slice())) return found;
    }
    return found;
  }

  return { inTraces, inShard };
})();
