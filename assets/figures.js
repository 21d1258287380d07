// What tables, tiles and the sentence show of what is chosen: rows and figures, no page. Lists are cut at the end, by data-top.
window.TelemetryFigures = (() => {
  "use strict";
  const { ms, count, cut, rate, short, usd } = window.Telemetry;
  const { tracesOf, tokensElsewhere, counts, figures, keyed, byOperation, sorted, quantile } = window.TelemetrySelection;
  const NAMED_CHARS = 80;
  const LEAST_TIMES = 2;
  const sum = (rows, name) => rows.reduce((all, row) => all + (row[name] || 0), 0);
  const weight = (data, i) => (data.n ? data.n[i] : 1);

  // ---- what tables are of
  // Which operations an element is about: data-kind, data-type (several with spaces between; all others with - before), and the one
  // that the page is of (data-of).
  function about(element) {
    const { type = "", kind = "" } = element.dataset;
    const types = type.replace("-", "").split(" ");
    const of = pageOf(element);
    return (one) => (!type || types.includes(one.type) === (type[0] !== "-")) && (!kind || one.kind === kind) && (!of || of === one.kind + " " + one.operation);
  }
  const pageOf = (element) => { const page = element.closest("[data-of]"); return page && page.dataset.of; };
  // The place of the error group that a page is of, -1 where it is of none.
  const groupOf = (chosen, element) => { const page = element.closest("[data-group]"); return page ? chosen.data.groups.fingerprint.indexOf(page.dataset.group) : -1; };

  // Several elements ask for the same: computed once a choice.
  function once(chosen, name, compute) {
    chosen.known = chosen.known || new Map();
    if (!chosen.known.has(name)) chosen.known.set(name, compute());
    return chosen.known.get(name);
  }

  function total(chosen, fits, name) {
    return once(chosen, "total " + name, () => {
      const found = counts(chosen.data, chosen.rows, keyed(chosen.data, (one) => (fits(one) ? 0 : -1)), 1);
      return { count: found.count[0], errors: found.errors[0], unfinished: found.unfinished[0], error_rate: found.count[0] ? found.errors[0] / found.count[0] : null };
    });
  }
  const all = (chosen) => once(chosen, "operations", () => byOperation(chosen.data, chosen.listed));
  const totalOf = (chosen, tile) => total(chosen, about(tile), [tile.dataset.kind || "", tile.dataset.type || "", pageOf(tile) || ""].join("/"));
  // The figures of the operation that a tile is about.
  const figureOf = (chosen, tile) => all(chosen).find(about(tile)) || { duration_class: null };
  const traceCount = (chosen) => once(chosen, "traces", () => { const found = chosen.data.has_all_traces ? tracesOf(chosen) : null; return found && found.reduce((all, is) => all + is, 0); });

  const kinds = (chosen) => once(chosen, "kinds", () => {
    const { data } = chosen;
    const keys = keyed(data, (one) => data.kinds.indexOf(one.kind));
    const found = figures(data, chosen.listed, keys, data.kinds.length, true).map((one, k) => ({ key: data.kinds[k], kind: data.kinds[k], events: events(chosen, data.kinds[k]), ...one }));
    const told = new Set(data.errors.name.filter((_, i) => chosen.errors[i]).map((name) => data.names.kind[name]));
    const fits = (one) => one.count || one.unfinished || one.events || told.has(one.kind);
    const [chat, llm] = ["chat", "llm"].map((kind) => found.find((one) => one.kind === kind));
    if (!data.folded.length || chosen.listed === chosen.rows || llm.count || llm.unfinished) return found.filter(fits);
    if (chat.events !== null) chat.events += llm.events;
    return found.filter((one) => one !== llm && fits(one));
  });

  // All events are told by kind and bucket only; of a bucket that the period cuts, all.
  function events(chosen, kindOf, what = "count") {
    const { data, wanted } = chosen;
    if (wanted.status || wanted.operation || wanted.q || wanted.host) return null;
    const at = data.events;
    return at.t.reduce((sum, t, i) => {
      const isIn = (!wanted.kind || at.kind[i] === wanted.kind) && (!kindOf || at.kind[i] === kindOf) && t + data.window.step > chosen.since && t < chosen.until;
      return sum + (isIn ? at[what][i] : 0);
    }, 0);
  }

  // Whether the period begins or ends within a bucket: all events of it count.
  function cutsBucket(chosen) {
    const { events: at, window: of } = chosen.data;
    return events(chosen) !== null && [chosen.since, chosen.until].some((edge) => edge > of.start && edge < of.end && at.t.some((t) => t < edge && edge < t + of.step));
  }

  const errorEvents = (chosen) => chosen.errors.reduce((all, is) => all + is, 0);
  // A failure is one, however many events and operations tell of it; a failed operation that no event of the window tells of is its own.
  const faults = (chosen) => once(chosen, "faults", () => {
    const { data } = chosen;
    const known = new Map(data.errors.row.map((row, i) => [row, data.errors.fault[i]]));
    const found = new Set(data.errors.fault.filter((_, i) => chosen.errors[i]));
    for (let i = 0; i < data.size; i++) if (chosen.rows[i] && data.status[i] === 1) found.add(known.has(i) ? known.get(i) : "row " + i);
    return found.size;
  });

  // The traces that something chosen failed in.
  const failedTraces = (chosen) => once(chosen, "failed traces", () => {
    const { data } = chosen;
    const found = new Set(data.errors.trace.filter((trace, i) => chosen.errors[i] && trace >= 0));
    for (let i = 0; i < data.size; i++) if (chosen.rows[i] && data.status[i] === 1 && data.trace[i] >= 0) found.add(data.trace[i]);
    return data.n || !data.has_all_traces ? null : found.size;
  });

  // The single operations that fit with the highest `rank`, the earlier of equal ones, as many as the table shows; null where rows stand
  // for many.
  function singles(chosen, table, fits, rank) {
    const { data } = chosen;
    if (data.n) return null;
    const own = Uint8Array.from(data.own, (k) => +about(table)(data.operations[k]));
    const most = Number(table.dataset.top);
    const best = [];
    for (let i = 0; i < data.size; i++) {
      if (!chosen.rows[i] || !own[data.name[i]] || !fits(i)) continue;
      const value = rank(i);
      if (best.length === most && !(value > best[most - 1][0])) continue;
      let at = best.length;
      while (at && best[at - 1][0] < value) at--;
      best.splice(at, 0, [value, i]);
      if (best.length > most) best.pop();
    }
    return best.map(([value, i]) => ({ ...operationOf(data, i), rank: value, duration_ms: i < data.timed ? data.ms[i] : null, ts: data.t[i], status: ["ok", "error", "unfinished", "ok"][data.status[i]], trace: data.ids[data.trace[i]], said: messageOf(data, i) }));
  }
  // What the group of its error says.
  function messageOf(data, i) {
    const at = data.status[i] === 1 ? data.errors.row.indexOf(i) : -1;
    return at >= 0 && data.errors.group[at] >= 0 ? data.groups.message[data.errors.group[at]] : null;
  }
  const operationOf = (data, i) => data.operations[data.own[data.name[i]]];

  function outliers(chosen, table) {
    const { data } = chosen;
    if (data.n) return null;
    const median = new Float64Array(data.operations.length).fill(NaN);
    for (const one of all(chosen)) if (one.timed >= 20 && one.p50_ms > 0) median[one.k] = one.p50_ms;
    const times = (i) => data.ms[i] / median[data.own[data.name[i]]];
    return singles({ ...chosen, rows: chosen.listed }, table, (i) => i < data.timed && times(i) >= LEAST_TIMES, times).map((row) => ({ ...row, times_median: row.rank }));
  }

  // Pairs of a caller and what it called: steps of commands, tools of whatever they stand in.
  function calls(chosen, table) {
    const { data, rows } = chosen;
    const fits = keyed(data, (one) => +about(table)(one));
    const needsCaller = table.dataset.callers === "known";
    const { caller: callers, status, name } = data;
    const size = data.operations.length;
    const found = new Map();
    for (let i = 0; i < data.size; i++) {
      if (!rows[i] || !fits[name[i]] || status[i] === 3 || (needsCaller && (callers[i] < 0 || status[i] === 2))) continue;
      const [outer, inner] = [callers[i] < 0 ? size : data.own[callers[i]], data.own[name[i]]];
      let row = found.get(outer * size + inner);
      if (!row) {
        const [callee, caller] = [data.operations[inner], outer === size ? null : data.operations[outer]];
        row = { ...callee, callee: callee.operation, caller, first: caller ? caller.kind + " " + caller.operation : "nothing known", command: caller && caller.operation, count: 0, errors: 0, total_ms: 0 };
        found.set(outer * size + inner, row);
      }
      const n = data.n ? data.n[i] : 1;
      row.count += n;
      if (status[i] === 1) row.errors += n;
      if (i < data.timed) row.total_ms += data.ms[i] * n;
    }
    return [...found.values()];
  }

  function steps(chosen, table) {
    const { data } = chosen;
    // The share is of all of the command's runs in the period, whatever else is chosen.
    const commands = keyed(data, (one, k) => (one.type === "command" ? k : -1));
    const totals = new Float64Array(data.operations.length);
    for (let i = 0; i < data.timed; i++) {
      const k = commands[data.name[i]];
      if (k >= 0 && data.t[i] >= chosen.since && data.t[i] < chosen.until) totals[k] += data.ms[i] * weight(data, i);
    }
    const runs = new Map(data.operations.map((one, k) => [one.operation, one.type === "command" ? totals[k] : 0]).filter(([, total]) => total));
    return calls(chosen, table).map((row) => ({ ...row, share_rate: runs.get(row.command) ? row.total_ms / runs.get(row.command) : null }))
      .sort((a, b) => (runs.get(b.command) || 0) - (runs.get(a.command) || 0) || (a.command < b.command ? -1 : a.command > b.command ? 1 : b.total_ms - a.total_ms));
  }

  // Chat streams by model: time to first token and speed stand with the facts.
  function streams(chosen, table) {
    const first = factsBy(chosen, (facts, at) => facts.ttft[at]);
    const speed = factsBy(chosen, (facts, at, i) => (facts.completion[at] === null || !(i < chosen.data.timed && chosen.data.ms[i] > 0) ? null : facts.completion[at] / (chosen.data.ms[i] / 1000)));
    return all(chosen).filter((one) => one.count && about(table)(one)).sort((a, b) => b.count - a.count || (a.operation < b.operation ? -1 : 1))
      .map((one) => ({ ...one, ttft_p50_ms: first(one.k, 0.5), ttft_p95_ms: first(one.k, 0.95), tokens_per_second: speed(one.k, 0.5) }));
  }

  // Quantiles of a fact by operation's number.
  function factsBy(chosen, valueOf) {
    const { data } = chosen;
    const found = new Map();
    data.facts.row.forEach((i, at) => {
      if (!chosen.rows[i] || data.status[i] > 1) return;
      const value = valueOf(data.facts, at, i);
      if (value === null) return;
      const k = data.own[data.name[i]];
      const values = found.get(k);
      if (values) values.push(value);
      else found.set(k, [value]);
    });
    // Typed, they are sorted without a call for each comparison.
    for (const [k, values] of found) found.set(k, Float64Array.from(values).sort());
    return (k, probability) => (found.has(k) && !data.n ? quantile(found.get(k), 0, found.get(k).length, probability) : null);
  }

  // What bears a call's tokens, each call once, put together by `keyOf`.
  function tokens(chosen, keyOf) {
    const { data } = chosen;
    const facts = data.facts;
    const found = new Map();
    for (let at = 0; at < facts.row.length; at++) {
      const i = facts.row[at];
      if (!chosen.rows[i] || facts.counts[at] !== "1") continue;
      const key = keyOf(i);
      if (key === null) continue;
      let row = found.get(key);
      if (!row) {
        row = { ...operationOf(data, i), trace: data.ids[data.trace[i]], ts: Infinity, calls: 0, errors: 0, prompt: 0, completion: 0, cached: 0, tokens: 0, cost_usd: 0, rows: [], said: 0, seconds: 0 };
        found.set(key, row);
      }
      const n = data.n ? data.n[i] : 1;
      const took = i < data.timed ? data.ms[i] : 0;
      row.calls += n;
      if (data.status[i] === 1) row.errors += n;
      row.prompt += facts.prompt[at] || 0;
      row.completion += facts.completion[at] || 0;
      row.cached += facts.cached[at] || 0;
      row.tokens += facts.total[at] || 0;
      row.cost_usd += facts.cost[at] || 0;
      row.ts = Math.min(row.ts, data.t[i] - took);
      if (took > 0 && facts.completion[at] !== null) { row.said += facts.completion[at]; row.seconds += (took / 1000) * n; }
      row.rows.push(i);
    }
    return [...found.values()];
  }

  function models(chosen) {
    const { data } = chosen;
    return tokens(chosen, (i) => data.own[data.name[i]]).sort((a, b) => b.tokens - a.tokens || (a.operation < b.operation ? -1 : 1)).map((row) => {
      const { p50_ms, p95_ms } = durations(data, row.rows);
      return { ...row, p50_ms, p95_ms, tokens_per_second: row.seconds ? row.said / row.seconds : null };
    });
  }

  // p50 and p95 of single rows.
  function durations(data, rows) {
    const mask = new Uint8Array(data.size).fill(1);
    const given = { rows: rows.filter((i) => i < data.timed).sort((a, b) => a - b), values: data.ms };
    const found = sorted(data, mask, new Int32Array(data.names.kind.length), 1, { given });
    return { p50_ms: found.at(0, 0.5), p95_ms: found.at(0, 0.95) };
  }

  function expensive(chosen, table) {
    if (chosen.data.n) return null;
    return tokens(chosen, (i) => (chosen.data.trace[i] < 0 ? null : chosen.data.trace[i]))
      .sort((a, b) => b.cost_usd - a.cost_usd || b.tokens - a.tokens || (a.trace < b.trace ? -1 : 1)).slice(0, Number(table.dataset.top));
  }

  // Error groups, but for those that are ignored or resolved; on an operation's page those with an error event of it.
  function groups(chosen, table, withClosed = false) {
    const { data } = chosen;
    const at = data.errors;
    const { size } = data.buckets;
    const found = new Map();
    const events = errorEvents(chosen);
    const isOf = table && pageOf(table) ? about(table) : null;
    const own = (i) => !isOf || isOf(data.operations[data.own[at.name[i]]]) || (at.row[i] >= 0 && isOf(operationOf(data, at.row[i])));
    at.t.forEach((t, i) => {
      const group = at.group[i];
      if (!chosen.errors[i] || group < 0 || (!withClosed && data.groups.closed.includes(group))) return;
      if (!found.has(group)) found.set(group, { group, key: "g-" + data.groups.fingerprint[group], title: data.groups.title[group], message: data.groups.message[group], count: 0, faults: new Set(), traces: new Map(), first_seen: t, last_seen: t, trend: new Array(size).fill(0), isOwn: false, kinds: new Set() });
      const row = found.get(group);
      row.isOwn = row.isOwn || own(i);
      row.count++;
      row.kinds.add(data.names.kind[at.name[i]]);
      row.faults.add(at.fault[i]);
      if (at.trace[i] >= 0) row.traces.set(at.trace[i], i);
      row.last_seen = t;
      row.trend[data.buckets.of(t)]++;
    });
    return [...found.values()].filter((row) => row.isOwn).map((row) => ({ ...row, faults: row.faults.size, traces: row.traces.size, latest: row.traces, share_rate: row.count / events })).sort((a, b) => b.faults - a.faults || b.count - a.count || b.last_seen - a.last_seen);
  }
  const groupAt = (chosen, place) => groups(chosen, null, true).find((row) => row.group === groupOf(chosen, place)) || null;

  // Spans that one stands right in (its callers), or that stand right in it.
  function links(chosen, table) {
    const { data } = chosen;
    const own = about(table);
    const isCallers = table.dataset.links === "callers";
    const found = new Map();
    for (let i = 0; i < data.size; i++) {
      if (!chosen.listed[i] || data.status[i] > 1 || data.parent[i] < 0) continue;
      const [inner, outer] = [data.own[data.name[i]], data.own[data.parent[i]]];
      if (!own(data.operations[isCallers ? inner : outer])) continue;
      const k = isCallers ? outer : inner;
      if (!found.has(k)) found.set(k, { ...data.operations[k], count: 0, errors: 0, total_ms: 0 });
      const row = found.get(k);
      row.count += weight(data, i);
      row.errors += data.status[i] === 1 ? weight(data, i) : 0;
      row.total_ms += i < data.timed ? data.ms[i] * weight(data, i) : 0;
    }
    return [...found.values()].sort((a, b) => b.count - a.count || (a.kind + a.operation < b.kind + b.operation ? -1 : 1)).slice(0, Number(table.dataset.top));
  }

  // Each with how many finished in each bucket, where the table shows that.
  function operations(chosen, table) {
    const { data } = chosen;
    const rows = all(chosen).filter(about(table)).slice(0, Number(table.dataset.top) || Infinity);
    if (!table.querySelector("[data-c=trend]")) return rows;
    const { size } = data.buckets;
    const found = new Uint32Array(data.operations.length * size);
    for (let i = 0; i < data.size; i++) if (chosen.listed[i] && data.status[i] < 2) found[data.own[data.name[i]] * size + data.bucket[i]] += weight(data, i);
    return rows.map((row) => ({ ...row, trend: [...found.subarray(row.k * size, (row.k + 1) * size)] }));
  }

  // How many finished in each bucket.
  function trend({ data, listed }, fits) {
    const own = keyed(data, (one) => (fits(one) ? 1 : 0));
    const found = new Array(data.buckets.size).fill(0);
    for (let i = 0; i < data.size; i++) if (listed[i] && data.status[i] < 2 && own[data.name[i]]) found[data.bucket[i]] += weight(data, i);
    return found;
  }

  // Events by bucket, where they can be told apart so.
  function buckets(chosen) {
    const { data, wanted } = chosen;
    if (events(chosen) === null) return null;
    const found = new Map();
    data.events.t.forEach((t, i) => {
      if (t + data.window.step <= chosen.since || t >= chosen.until || (wanted.kind && data.events.kind[i] !== wanted.kind)) return;
      const row = found.get(t) || { ts: t, events: 0, error_events: 0 };
      row.events += data.events.count[i];
      row.error_events += data.events.errors[i];
      found.set(t, row);
    });
    return [...found.values()];
  }

  const finished = (chosen) => (i) => chosen.data.status[i] < 2;
  const latest = (chosen) => (i) => chosen.data.t[i];
  const TABLES = {
    kinds, buckets, steps, outliers, streams, models, expensive, groups, links,
    operations,
    callers: (chosen, table) => calls(chosen, table).sort((a, b) => b.count - a.count || (a.first + a.callee < b.first + b.callee ? -1 : 1)).slice(0, Number(table.dataset.top)),
    slow: (chosen, table) => singles(chosen, table, (i) => finished(chosen)(i) && i < chosen.data.timed, (i) => chosen.data.ms[i]),
    failing: (chosen, table) => singles(chosen, table, (i) => chosen.data.status[i] === 1, latest(chosen)),
    unfinished: (chosen, table) => singles(chosen, table, (i) => chosen.data.status[i] === 2, latest(chosen)),
  };

  // ---- tiles: [the figure as text, what stands small beside it]; null: it cannot follow
  const NOTHING = { calls: 0, prompt: 0, completion: 0, tokens: 0, cost_usd: 0 };
  const spent = (chosen) => once(chosen, "spent", () => tokens(chosen, () => 0)[0]) || NOTHING;
  // Of the model that a page is of, whether its calls or its streams bear the tokens.
  const used = (chosen, tile) => { const name = pageOf(tile).replace(/^\S+ /, ""); return tokens(chosen, (i) => (operationOf(chosen.data, i).operation === name ? 0 : null))[0] || NOTHING; };
  const elsewhere = (chosen) => once(chosen, "elsewhere", () => tokensElsewhere(chosen));
  const borne = (chosen, figure, beside) => [figure, [beside, elsewhere(chosen) && "those of LLM calls: " + elsewhere(chosen)].filter(Boolean).join("; ")];
  const TILES = {
    count: (chosen, tile) => [short(totalOf(chosen, tile).count), "failed" in tile.dataset ? count(totalOf(chosen, tile).errors) + " failed, " + rate(totalOf(chosen, tile).error_rate) : ""],
    unfinished: (chosen, tile) => [short(totalOf(chosen, tile).unfinished)],
    errors: (chosen, tile) => [short(totalOf(chosen, tile).errors), "rate" in tile.dataset ? rate(totalOf(chosen, tile).error_rate) : ""],
    open: (chosen) => [short(sum(kinds(chosen), "unfinished"))],
    events: (chosen) => (events(chosen) === null ? null : [short(events(chosen))]),
    error_events: (chosen) => [short(errorEvents(chosen))],
    faults: (chosen) => [short(faults(chosen)), said(errorEvents(chosen), "error event")],
    failed_traces: (chosen) => (failedTraces(chosen) === null ? null : [short(failedTraces(chosen)), "of " + short(traceCount(chosen)) + ", " + rate(failedTraces(chosen) / traceCount(chosen))]),
    traces: (chosen) => (traceCount(chosen) === null ? null : [short(traceCount(chosen))]),
    total: (chosen) => borne(chosen, short(spent(chosen).tokens), short(spent(chosen).prompt) + " in, " + short(spent(chosen).completion) + " out"),
    tokens: (chosen) => borne(chosen, short(spent(chosen).tokens)),
    cost: (chosen) => borne(chosen, usd(spent(chosen).cost_usd)),
    calls: (chosen) => borne(chosen, short(spent(chosen).calls)),
    used_tokens: (chosen, tile) => { const use = used(chosen, tile); return borne(chosen, short(use.tokens), short(use.prompt) + " in, " + short(use.completion) + " out"); },
    used_cost: (chosen, tile) => borne(chosen, usd(used(chosen, tile).cost_usd)),
    ...Object.fromEntries(["p50_ms", "p99_ms", "max_ms"].map((name) => [name, (chosen, tile) => [ms(figureOf(chosen, tile)[name])]])),
    p95_ms: (chosen, tile) => { const found = figureOf(chosen, tile); return [ms(found.p95_ms), "", found.duration_class]; },
    trend: (chosen, tile) => ({ trend: trend(chosen, about(tile)) }),
    group_faults: (chosen, tile) => { const found = groupAt(chosen, tile); return [short(found ? found.faults : 0)]; },
    group_events: (chosen, tile) => { const found = groupAt(chosen, tile); return found ? [short(found.count), rate(found.share_rate) + " of all"] : ["0"]; },
    group_traces: (chosen, tile) => { const found = groupAt(chosen, tile); return [short(found ? found.traces : 0)]; },
    group_seen: (chosen, tile) => { const found = groupAt(chosen, tile); return found ? { seen: [found.first_seen, found.last_seen] } : ["–"]; },
    group_trend: (chosen, tile) => { const found = groupAt(chosen, tile); return { trend: found ? found.trend : [], mood: "bad" }; },
    dry: (chosen) => [short(chosen.data.dry.reduce((all, i) => all + (chosen.rows[i] && chosen.data.status[i] < 2 ? weight(chosen.data, i) : 0), 0))],
  };

  // [mood, text]
  const SENTENCES = { problems, errors: errorsInWords };
  function errorsInWords(chosen) {
    const failed = failedTraces(chosen);
    const of = failed === null ? "" : "; " + count(failed) + " of " + said(traceCount(chosen), "request") + " failed (" + rate(failed / traceCount(chosen)) + ")";
    return ["", said(faults(chosen), "fault") + " in " + said(groups(chosen, null, true).length, "group") + ", most faults first" + of + "; " + said(errorEvents(chosen), "error event") + "."];
  }
  function problems(chosen) {
    const found = total(chosen, () => true, "//");
    const [open, told] = [sum(kinds(chosen), "unfinished"), errorEvents(chosen)];
    if (!found.count && !open && !told) return ["empty", "Nothing in this report fits the filter."];
    const of = traceCount(chosen) === null ? "" : " in " + said(traceCount(chosen), "trace");
    const begin = found.errors ? count(found.errors) + " of " + said(found.count, "chosen operation") + of + " failed (" + rate(found.error_rate) + "): " + said(faults(chosen), "fault")
      : told ? "No chosen operation failed, " + said(told, "error event") + of : said(found.count, "chosen operation") + of + (found.count === 1 ? ", it" : ", all") + " finished without an error";
    return [found.errors ? "bad" : open || told ? "warn" : "ok", (begin + worstOf(chosen) + (open ? "; " + said(open, "operation") + " started and never ended" : "")).replace(/[^…]$/, "$&.")];
  }
  // The group with most faults of what is chosen, as the sentence of the whole window names it.
  function worstOf(chosen) {
    const text = groups(chosen).slice(0, 1).map(({ message, title }) => (message || title).replace(/\s+/g, " ").trim())[0];
    return text ? "; most often: " + cut(text, NAMED_CHARS).replace(/\.+$/, "") : "";
  }
  const said = (n, noun) => count(n) + " " + noun + (n === 1 ? "" : "s");
  return { TABLES, TILES, SENTENCES, said, groupAt, total, traceCount, cutsBucket, elsewhere, all, once, operationOf, weight, tokens };
})();
