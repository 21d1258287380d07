// What pages count beside operations (reporter/analysis/noted.py), what leads to what, and conversations, of what is chosen: more TABLES and
// TILES, no page.
(() => {
  "use strict";
  const { short } = window.Telemetry;
  const { tracesOf, quantile, sorted } = window.TelemetrySelection;
  const { TABLES, TILES, once, operationOf, weight, tokens } = window.TelemetryFigures;
  const WHAT = { message: 0, refused: 1, retry: 2, check: 3, change: 4, template: 5, condition: 6, size: 7 };
  const MODELS_SHOWN = 5, TRACES_SHOWN = 5, CONVERSATIONS_SHOWN = 500;

  // The places of the chosen notes of a sort; null where the report carries none.
  function chosenNotes(chosen, what) {
    const { notes } = chosen.data;
    if (!notes) return null;
    const found = [];
    for (let i = 0; i < notes.size; i++) if (notes.what[i] === WHAT[what] && chosen.notes[i]) found.push(i);
    return found;
  }
  const sizeOf = (chosen, what) => { const found = chosenNotes(chosen, what); return found && found.length; };
  const nameOf = (data, i) => data.names.operation[data.notes.name[i]];

  // The chosen notes of some sorts by a key, each with `begin(name)` to add to; in order of how often.
  function gathered(chosen, sorts, begin, add) {
    const { data } = chosen;
    if (!data.notes) return null;
    const found = new Map();
    for (const what of sorts) {
      for (const i of chosenNotes(chosen, what)) {
        const name = nameOf(data, i);
        if (!found.has(name)) found.set(name, { kind: data.names.kind[data.notes.name[i]], operation: name, count: 0, ...begin() });
        const row = found.get(name);
        row.count++;
        add(row, i, what, data.notes);
      }
    }
    return [...found.values()].sort((a, b) => b.count - a.count || (a.operation < b.operation ? -1 : 1));
  }

  const retries = (chosen) => gathered(chosen, ["retry"], () => ({}), () => {});

  const health = (chosen) => gathered(chosen, ["check", "change"], () => ({ checks: 0, unhealthy: 0, state: null, changed: null }), (row, i, what, notes) => {
    if (what === "check") {
      row.checks++;
      row.unhealthy += notes.failed[i];
    } else {
      [row.state, row.changed] = [notes.state[i], notes.t[i]];
    }
  });

  function changes(chosen, table) {
    const { data } = chosen;
    const found = chosenNotes(chosen, "change");
    return found && found.reverse().slice(0, Number(table.dataset.top)).map((i) => ({ kind: "tool", operation: nameOf(data, i), ts: data.notes.t[i], state: data.notes.state[i], trace: data.ids[data.notes.trace[i]] }));
  }

  function sizes(chosen) {
    const found = gathered(chosen, ["size"], () => ({ request: [], response: [] }), (row, i, _, notes) => {
      for (const name of ["request", "response"]) if (notes[name][i] !== null) row[name].push(notes[name][i]);
    });
    const at = (values, probability) => quantile(Float64Array.from(values).sort(), 0, values.length, probability);
    return found && found.map((row) => ({
      ...row, request_p50_bytes: at(row.request, 0.5), request_p95_bytes: at(row.request, 0.95), response_p50_bytes: at(row.response, 0.5), response_p95_bytes: at(row.response, 0.95),
    })).sort((a, b) => (a.operation < b.operation ? -1 : 1));
  }

  // What look-ups and conditions gave: data-outcome says of which.
  function outcome(chosen, tile) {
    const found = chosenNotes(chosen, tile.dataset.outcome);
    if (!found) return null;
    const counts = new Map();
    for (const i of found) {
      const state = chosen.data.notes.state[i];
      if (state !== null) counts.set(said(tile.dataset.outcome, state), (counts.get(said(tile.dataset.outcome, state)) || 0) + 1);
    }
    return [short(found.length), [...counts].sort(([, a], [, b]) => b - a).map(([state, n]) => state + ": " + short(n)).join(" ")];
  }
  const said = (what, state) => {
    if (what !== "template") return state;
    return ["true", "1"].includes(state.toLowerCase()) ? "from cache" : ["false", "0"].includes(state.toLowerCase()) ? "not from cache" : state;
  };

  // ---- what leads to what
  // One tool call right after another in a trace: both in the period, and one of them chosen.
  function chains(chosen, table) {
    const { data, whole, since, until } = chosen;
    if (data.n) return null;
    const isIn = (i) => data.t[i] >= since && data.t[i] < until;
    const found = new Map();
    for (let i = 0; i < data.size; i++) {
      const before = data.after[i];
      if (before < 0 || !isIn(i) || !isIn(before) || !(whole.rows[i] || whole.rows[before])) continue;
      const [first, second] = [before, i].map((row) => operationOf(data, row));
      const key = data.own[data.name[before]] + " " + data.own[data.name[i]];
      if (!found.has(key)) found.set(key, { ...first, second, count: 0 });
      found.get(key).count++;
    }
    return [...found.values()].sort((a, b) => b.count - a.count || (a.operation + a.second.operation < b.operation + b.second.operation ? -1 : 1)).slice(0, Number(table.dataset.top));
  }

  // Messages → models → commands → tools: layer, source, target, count, errors.
  const flow = (chosen) => once(chosen, "flow", () => {
    const { data, rows } = chosen;
    const found = new Map();
    for (let i = 0; i < data.size; i++) {
      if (!rows[i] || data.status[i] > 1) continue;
      const type = data.names.type[data.name[i]];
      const layer = type === "stream" ? 0 : data.led[i] < 0 ? -1 : type === "command" ? 1 : 2;
      if (layer < 0) continue;
      const [source, target] = [layer ? data.names.operation[data.led[i]] : "messages", operationOf(data, i).operation];
      const key = layer + " " + data.led[i] + " " + data.own[data.name[i]];
      if (!found.has(key)) found.set(key, { layer, source, target, count: 0, errors: 0 });
      const row = found.get(key);
      row.count += weight(data, i);
      row.errors += data.status[i] === 1 ? weight(data, i) : 0;
    }
    const text = (row) => row.source + "\0" + row.target;
    return [...found.values()].sort((a, b) => a.layer - b.layer || (text(a) < text(b) ? -1 : 1));
  });

  // ---- hosts, each with what is chosen of it
  function hosts(chosen) {
    const { data } = chosen;
    if (!data.host) return null;
    const durations = sorted(data, chosen.rows, new Int32Array(data.names.kind.length), data.hosts.length, { steps: data.host });
    const found = data.hosts.map((key, k) => ({ key, events: null, traces: data.n ? null : new Set(), count: 0, errors: 0, error_rate: null, error_events: 0, unfinished: 0, p95_ms: durations.at(k, 0.95) }));
    for (let i = 0; i < data.size; i++) {
      if (!chosen.rows[i]) continue;
      const row = found[data.host[i]];
      if (row.traces && data.trace[i] >= 0) row.traces.add(data.trace[i]);
      if (data.status[i] === 2) row.unfinished += weight(data, i);
      else if (data.status[i] < 2) { row.count += weight(data, i); row.errors += data.status[i] === 1 ? weight(data, i) : 0; }
    }
    data.errors.t.forEach((_, i) => {
      if (!chosen.errors[i]) return;
      const row = found[data.errors.host[i]];
      row.error_events++;
      if (row.traces && data.errors.trace[i] >= 0) row.traces.add(data.errors.trace[i]);
    });
    return found.filter((row) => row.count || row.unfinished || row.error_events)
      .map((row) => ({ ...row, traces: row.traces && row.traces.size, error_rate: row.count ? row.errors / row.count : null }))
      .sort((a, b) => b.errors - a.errors || b.error_events - a.error_events || (a.key < b.key ? -1 : 1));
  }

  // ---- messages and conversations
  // Whether a trace holds something chosen; null where nothing but a period is chosen, so that all are meant.
  const wantedTraces = (chosen) => once(chosen, "wanted traces", () => (["kind", "status", "operation", "q"].some((name) => chosen.wanted[name]) ? tracesOf(chosen) : null));
  function isMeant(chosen, t, trace) {
    const wanted = wantedTraces(chosen);
    return t >= chosen.since && t < chosen.until && (!wanted || (trace >= 0 && wanted[trace] === 1));
  }

  // Messages received, in the traces of what is chosen.
  function messages(chosen) {
    const { notes } = chosen.data;
    if (!notes) return null;
    let found = 0;
    for (let i = 0; i < notes.size; i++) found += +(notes.what[i] === WHAT.message && isMeant(chosen, notes.t[i], notes.trace[i]));
    return found;
  }

  // Conversations that hold a chosen operation, error event or message; their figures are of these.
  const conversations = (chosen) => once(chosen, "conversations", () => {
    const { data } = chosen;
    if (!data.conversations) return null;
    const found = new Map();
    const add = (number, trace, from, to) => {
      if (!found.has(number)) found.set(number, { number, conversation: data.conversations.ids[number], first: Infinity, last: -Infinity, messages: 0, models: new Map(), tokens: 0, cost_usd: 0, errors: 0, traces: new Map() });
      const row = found.get(number);
      row.first = Math.min(row.first, from);
      row.last = Math.max(row.last, to);
      if (trace >= 0) row.traces.set(trace, Math.max(to, row.traces.get(trace) || 0));
      return row;
    };
    for (let i = 0; i < data.size; i++) {
      if (!chosen.rows[i] || data.talk[i] < 0) continue;
      const start = data.t[i] - (i < data.timed ? data.ms[i] : 0);
      add(data.talk[i], data.trace[i], Math.max(start, chosen.since), data.t[i]);
    }
    data.errors.conversation.forEach((number, i) => { if (number >= 0 && chosen.errors[i]) add(number, data.errors.trace[i], data.errors.t[i], data.errors.t[i]).errors++; });
    const told = data.conversations.messages;
    told.conversation.forEach((number, i) => { if (isMeant(chosen, told.t[i], told.trace[i])) add(number, told.trace[i], told.t[i], told.t[i]).messages++; });
    for (const call of tokens(chosen, (i) => (data.talk[i] < 0 ? null : data.talk[i] + " " + data.own[data.name[i]]))) {
      const row = found.get(data.talk[call.rows[0]]);
      // A model is one, seen by the chat or by its client.
      row.models.set(call.operation, call);
      row.tokens += call.tokens;
      row.cost_usd += call.cost_usd;
    }
    return [...found.values()].sort((a, b) => b.last - a.last || a.number - b.number);
  });

  const talks = (chosen) => {
    const found = conversations(chosen);
    return found && found.slice(0, CONVERSATIONS_SHOWN).map((row) => {
      const [models, traces] = [[...row.models.values()].sort((a, b) => (a.operation < b.operation ? -1 : 1)), [...row.traces].sort(([, a], [, b]) => b - a)];
      return {
        ...row, lasted_ms: row.last - row.first, models: { shown: models.slice(0, MODELS_SHOWN), all: models.length },
        traces: { shown: traces.slice(0, TRACES_SHOWN).map(([trace]) => chosen.data.ids[trace]), all: traces.length },
      };
    });
  };

  // ---- what calls that logged no cost come to, by configured prices
  function priced(chosen) {
    const { data } = chosen;
    const { facts } = data;
    const found = { usd: 0, unpriced: 0, by: new Map() };
    facts.row.forEach((i, at) => {
      if (!chosen.rows[i] || facts.counts[at] !== "1" || facts.cost[at] !== null) return;
      const { operation } = operationOf(data, i);
      const price = Object.hasOwn(data.prices, operation) ? data.prices[operation] : null;
      if (!price) return void (found.unpriced += weight(data, i));
      const [prompt, cached] = [facts.prompt[at] || 0, facts.cached[at] || 0];
      const cost = Math.max(0, prompt - cached) * price[0] + cached * price[1] + (facts.completion[at] || 0) * price[2];
      found.usd += cost;
      found.by.set(operation, (found.by.get(operation) || 0) + cost);
    });
    return found;
  }

  const tile = (figure) => (chosen, place) => { const found = figure(chosen, place); return found === null ? null : [short(found)]; };
  const models = TABLES.models;
  Object.assign(TABLES, {
    health, hosts, changes, sizes, chains, flow: (chosen) => (chosen.data.has_flow ? flow(chosen) : null), conversations: talks,
    models: (chosen) => { const { by } = priced(chosen); return models(chosen).map((row) => ({ ...row, priced_usd: by.has(row.operation) ? by.get(row.operation) : null })); },
  });
  Object.assign(TILES, {
    outcome, messages: tile(messages), refused: tile((chosen) => sizeOf(chosen, "refused")), retries: tile((chosen) => sizeOf(chosen, "retry")),
    conversations: tile((chosen) => { const found = conversations(chosen); return found && found.length; }),
    checks: (chosen) => { const found = chosenNotes(chosen, "check"); return found && [short(found.length), short(found.reduce((all, i) => all + chosen.data.notes.failed[i], 0)) + " unhealthy"]; },
    priced: (chosen) => [window.Telemetry.usd(priced(chosen).usd)],
    unpriced: tile((chosen) => priced(chosen).unpriced),
  });
  window.TelemetryNotes = { retries, flow };
})();
