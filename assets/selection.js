// What a filter chooses of the window's operations, and its figures: arithmetic over typed arrays, no page. The document is that of
// reporter/analysis/operations.py; percentiles are linear between order statistics, as there.
window.TelemetrySelection = (() => {
  "use strict";
  const STATUS = { ok: 0, error: 1, unfinished: 2 };
  const PROBABILITIES = { p50_ms: 0.5, p90_ms: 0.9, p95_ms: 0.95, p99_ms: 0.99 };

  // Rows are put in the order of their durations, those without behind (`timed`: how many have one), so that whatever goes through them meets
  // each key's durations in order, and memory from one end to the other.
  function decoded(told) {
    const rows = told.rows || { t: [], name: [], status: "", ms: [], trace: [], caller: [], parent: [] };
    const size = rows.t.length;
    const times = new Float64Array(size);
    for (let i = 0, at = 0; i < size; i++) times[i] = at += rows.t[i];
    const durations = Float64Array.from(rows.ms, (value) => (value === null ? Infinity : value));
    const order = Uint32Array.from(durations.keys()).sort((a, b) => durations[a] - durations[b] || a - b);
    const placeOf = new Int32Array(size);
    order.forEach((row, i) => { placeOf[row] = i; });
    const put = (made, of) => { for (let i = 0; i < size; i++) made[i] = of[order[i]]; return made; };
    const ms = put(new Float64Array(size), durations);
    const { start, end, step } = told.window;
    const first = Math.floor(start / step);
    const t = put(new Float64Array(size), times);
    const placed = (list) => (list || []).map((row) => (row < 0 ? -1 : placeOf[row]));
    const spread = (part, values, made = new Int32Array(size).fill(-1)) => {
      for (const [at, row] of ((part && part.row) || []).entries()) made[placeOf[row]] = values[at];
      return made;
    };
    const { led = null, after = null, talk = null } = rows;
    // A row's conversation is its trace's, but for those that say another.
    const ofTraces = () => Int32Array.from(order, (row) => (told.conversations && rows.trace[row] >= 0 ? told.conversations.traces[rows.trace[row]] : -1));
    const facts = told.facts || { row: [], counts: "", prompt: [], completion: [], cached: [], total: [], cost: [], ttft: [] };
    return {
      ...told, size, t, ms, name: put(new Uint32Array(size), rows.name), trace: put(new Int32Array(size), rows.trace),
      caller: put(new Int32Array(size), rows.caller), parent: put(new Int32Array(size), rows.parent), status: put(new Uint8Array(size), rows.status), n: rows.n ? put(new Uint32Array(size), rows.n) : null,
      timed: ms.findIndex((value) => value === Infinity) < 0 ? size : ms.findIndex((value) => value === Infinity),
      buckets: { size: Math.ceil(end / step) - first, step, first, start: (n) => (n + first) * step, of: (at) => Math.floor(at / step) - first },
      bucket: Uint16Array.from(t, (at) => Math.floor(at / step) - first), dry: placed(rows.dry), folded: placed(rows.folded),
      host: rows.host ? put(new Int32Array(size), rows.host) : null, led: spread(led, led && led.source), after: spread(after, placed(after && after.before)), talk: spread(talk, talk && talk.conversation, ofTraces()),
      facts: { ...facts, row: placed(facts.row) }, notes: told.notes && decodedNotes(told.notes), errors: { ...told.errors, row: placed(told.errors.row) }, ...operationsOf(told.names),
    };
  }

  // What is counted beside operations: a state stands with those that have one, sizes with theirs.
  function decodedNotes({ what, t, name, trace, failed, state, request, response, host }) {
    const size = t.length;
    const made = { size, t: new Float64Array(size), what: Uint8Array.from(what), name: Uint32Array.from(name), trace: Int32Array.from(trace), failed: Uint8Array.from(failed), state: [], request: [], response: [], host: host || null };
    for (let i = 0, at = 0, states = 0, sizes = 0; i < size; i++) {
      made.t[i] = at += t[i];
      if (made.what[i] >= 4 && made.what[i] <= 6) made.state[i] = state[states++];
      if (made.what[i] === 7) [made.request[i], made.response[i]] = [request[sizes], response[sizes++]];
    }
    return made;
  }

  // Operations by kind and name: what a row of a table is; `own[name]` says which one a row's name is of.
  function operationsOf(names) {
    const operations = [];
    const known = new Map();
    const own = Int32Array.from(names.kind, (kind, i) => {
      const key = kind + " " + names.operation[i];
      if (!known.has(key)) known.set(key, operations.push({ kind, operation: names.operation[i], type: names.type[i] }) - 1);
      const found = operations[known.get(key)];
      if (!found.type || (names.type[i] && names.type[i] < found.type)) found.type = names.type[i];
      return known.get(key);
    });
    return { operations, own };
  }

  // ---- choosing
  // Whether each name, trace and group holds the text; `ids`: traces that bear it as another id.
  function textual(data, text, ids) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return null;
    const holds = (part) => +part.toLowerCase().includes(wanted);
    const found = {
      name: Uint8Array.from(data.names.kind, (kind, i) => holds(kind + " " + data.names.operation[i])),
      trace: Uint8Array.from(data.ids, holds),
      group: Uint8Array.from(data.groups.title, (title, i) => holds(title + " " + data.groups.message[i])),
    };
    for (const row of ids || []) found.trace[row] = 1;
    found.row = new Uint8Array(data.size);
    data.errors.row.forEach((row, i) => { if (row >= 0 && found.group[data.errors.group[i]]) found.row[row] = 1; });
    return found;
  }

  function nameFits(data, wanted) {
    return Uint8Array.from(data.names.kind, (kind, i) => {
      const operation = data.names.operation[i];
      return +((!wanted.kind || kind === wanted.kind)
        && (!wanted.operation || wanted.operation === operation || wanted.operation === kind + " " + operation));
    });
  }

  // `rows`, `errors`: 1 for each that is chosen; `listed`: for each row that lists show; `whole`: the same of the whole window (time charts show
  // what lies beside the period too).
  function choose(data, wanted, ids) {
    const names = nameFits(data, wanted);
    const text = textual(data, wanted.q || "", ids);
    const status = wanted.status ? STATUS[wanted.status] : null;
    const [since, until] = wanted.since ? [Number(wanted.since), Number(wanted.until)] : [-Infinity, Infinity];
    const { name, trace, t } = data;
    const host = wanted.host ? data.hosts.indexOf(wanted.host) : null;
    const whole = new Uint8Array(data.size);
    const rows = new Uint8Array(data.size);
    for (let i = 0; i < data.size; i++) {
      if (!names[name[i]] || (host !== null && (!data.host || data.host[i] !== host))) continue;
      if (status !== null && data.status[i] !== status && !(status === 0 && data.status[i] === 3)) continue;
      if (text && !text.name[name[i]] && !text.row[i] && !(trace[i] >= 0 && text.trace[trace[i]])) continue;
      whole[i] = 1;
      rows[i] = +(t[i] >= since && t[i] < until);
    }
    const wholeErrors = Uint8Array.from(data.errors.t, (_, i) => {
      const at = data.errors.trace[i];
      if (!names[data.errors.name[i]] || (status !== null && status !== 1) || isElsewhere(data.errors, i, host)) return 0;
      return +(!text || text.name[data.errors.name[i]] || text.group[data.errors.group[i]] || (at >= 0 && text.trace[at]));
    });
    const errors = Uint8Array.from(wholeErrors, (is, i) => +(is && data.errors.t[i] >= since && data.errors.t[i] < until));
    // An event that says nothing of how it ended went well.
    const notes = data.notes && Uint8Array.from(data.notes.t, (at, i) => +(at >= since && at < until && names[data.notes.name[i]]
      && !isElsewhere(data.notes, i, host) && (status === null || status === data.notes.failed[i]) && (!text || text.name[data.notes.name[i]] || (data.notes.trace[i] >= 0 && text.trace[data.notes.trace[i]]))));
    const listed = (mask) => unfolded(data, wanted, mask);
    return { data, wanted, text, host, since, until, rows, listed: listed(rows), errors, notes, whole: { rows: whole, listed: listed(whole), errors: wholeErrors } };
  }

  // Of a report of one host none tells it.
  const isElsewhere = ({ host }, i, wanted) => wanted !== null && (!host || host[i] !== wanted);

  // What lists and charts show: an LLM call that its chat stream shows is there once, unless models' calls are asked for.
  function unfolded(data, wanted, mask) {
    if (!data.folded.length || wanted.kind === "llm" || /^llm /.test(wanted.operation || "")) return mask;
    const found = mask.slice();
    for (const i of data.folded) found[i] = 0;
    return found;
  }

  // Of a stream that shows its LLM call the call bears tokens and cost. Where streams are chosen whose calls are not, where these are, in
  // words; empty where none is.
  function tokensElsewhere({ data, wanted, rows, whole }) {
    const left = data.folded.filter((i) => !whole.rows[i] && (!wanted.status || data.status[i] === STATUS[wanted.status]));
    if (!left.length) return "";
    const { type, operation } = data.names;
    const numbers = new Map(operation.map((name, n) => [name, n]));
    // Cells do not know whose they were.
    const key = (i) => (data.n ? 0 : (data.trace[i] + 1) * numbers.size) + numbers.get(operation[data.name[i]]);
    const calls = new Set(left.map(key));
    for (let i = 0; i < data.size; i++) {
      if (rows[i] && type[data.name[i]] === "stream" && calls.has(key(i))) return wanted.kind || wanted.operation ? "under kind llm" : "left out by the text";
    }
    return "";
  }

  // Whether the text is found anywhere; where not, it may be another id of a trace.
  const isFound = (chosen) => !chosen.text || ["name", "trace", "group"].some((part) => chosen.text[part].includes(1));

  const isTraceElsewhere = ({ data, host }, trace) => host !== null && (!data.trace_hosts || data.trace_hosts[trace] !== host);

  // The traces that the chosen operations and error events are of: with status ok, those of which nothing failed or stayed open.
  // Null where rows stand for many operations: whose they were is not told.
  function tracesOf(chosen) {
    const { data, wanted } = chosen;
    if (data.n) return null;
    const found = new Uint8Array(data.ids.length);
    for (let i = 0; i < data.size; i++) if (chosen.rows[i] && data.trace[i] >= 0) found[data.trace[i]] = 1;
    data.errors.trace.forEach((trace, i) => { if (trace >= 0 && chosen.errors[i]) found[trace] = 1; });
    if (!wanted.operation && (!wanted.status || wanted.status === "ok")) {
      const bare = data.bare;
      bare.trace.forEach((trace, i) => {
        if (wanted.kind && !(bare.kinds[i] & (1 << data.kinds.indexOf(wanted.kind)))) return;
        if (bare.t[i] < chosen.since || bare.t[i] >= chosen.until || isTraceElsewhere(chosen, trace)) return;
        if (!chosen.text || chosen.text.trace[trace]) found[trace] = 1;
      });
    }
    if (wanted.status === "ok") {
      for (let i = 0; i < data.size; i++) if (data.status[i] === 2 && data.trace[i] >= 0) found[data.trace[i]] = 0;
      for (const trace of data.errors.trace) if (trace >= 0) found[trace] = 0;
    }
    return found;
  }

  // ---- figures
  // The quantile of `size` values that begin at `from`, in order; `weights`: how many each stands for, added up.
  function quantile(values, from, size, probability, weights) {
    if (!size) return null;
    const total = weights ? weights[from + size - 1] : size;
    const at = (total - 1) * probability;
    const [low, high] = [Math.floor(at), Math.min(Math.floor(at) + 1, total - 1)].map((place) => values[weights ? placeOf(weights, from, size, place) : from + place]);
    return low + (high - low) * (at - Math.floor(at));
  }

  function placeOf(weights, from, size, place) {
    let [low, high] = [from, from + size - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (weights[middle] > place) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  // Values by key in order, for quantiles: where each key's begin. A row's key is that of its name (`keys`, -1 for none), and in `steps`,
  // where there are any, the one of its own. `given`: other values than durations, with the rows in their order.
  function sorted(data, mask, keys, size, { steps = null, width = 1, given = null } = {}) {
    const { name, n } = data;
    const last = given ? given.rows.length : data.timed;
    const row = given ? (j) => given.rows[j] : (j) => j;
    const from = new Uint32Array(size + 1);
    const key = new Int32Array(last);
    for (let j = 0; j < last; j++) {
      const i = row(j);
      const own = mask[i] ? keys[name[i]] : -1;
      key[j] = own < 0 ? -1 : steps ? own * width + steps[i] : own;
      if (own >= 0) from[key[j] + 1]++;
    }
    for (let k = 0; k < size; k++) from[k + 1] += from[k];
    const at = from.slice();
    const found = new Float64Array(from[size]);
    const weights = n ? new Float64Array(from[size]) : null;
    for (let j = 0; j < last; j++) {
      const k = key[j];
      if (k < 0) continue;
      const place = at[k]++;
      found[place] = given ? given.values[row(j)] : data.ms[j];
      if (weights) weights[place] = n[row(j)] + (place > from[k] ? weights[place - 1] : 0);
    }
    const count = (k) => (weights && from[k + 1] > from[k] ? weights[from[k + 1] - 1] : from[k + 1] - from[k]);
    return { at: (k, probability) => quantile(found, from[k], from[k + 1] - from[k], probability, weights), count, from, found, weights };
  }

  // How many finished, failed and never ended of each of `size` keys (`keys`: by name); `hasRoots`: traces' own too.
  function counts(data, mask, keys, size, hasRoots) {
    const [count, errors, unfinished] = [1, 2, 3].map(() => new Float64Array(size));
    const own = hasRoots ? keys : keys.map((k, name) => (data.names.type[name] === "root" ? -1 : k));
    for (let i = 0; i < data.size; i++) {
      if (!mask[i] || data.status[i] === 3) continue;
      const isOpen = data.status[i] === 2;
      const k = (isOpen ? own : keys)[data.name[i]];
      if (k < 0) continue;
      const n = data.n ? data.n[i] : 1;
      if (isOpen) unfinished[k] += n;
      else {
        count[k] += n;
        if (data.status[i]) errors[k] += n;
      }
    }
    return { count, errors, unfinished };
  }

  function figures(data, mask, keys, size, hasRoots) {
    const parts = counts(data, mask, keys, size, hasRoots);
    const durations = sorted(data, mask, keys, size);
    return Array.from({ length: size }, (_, k) => figure(parts, durations, k));
  }

  function figure(parts, { at, from, found, weights }, k) {
    const made = { count: parts.count[k], errors: parts.errors[k], unfinished: parts.unfinished[k] };
    made.error_rate = made.count ? made.errors / made.count : null;
    made.success_rate = made.count ? (made.count - made.errors) / made.count : null;
    const [first, last] = [from[k], from[k + 1]];
    let [sum, size] = [0, 0];
    for (let i = first; i < last; i++) {
      const n = weights ? weights[i] - (i > first ? weights[i - 1] : 0) : 1;
      sum += found[i] * n;
      size += n;
    }
    made.timed = size;
    made.total_ms = sum;
    made.mean_ms = size ? sum / size : null;
    made.min_ms = size ? found[first] : null;
    made.max_ms = size ? found[last - 1] : null;
    for (const [name, probability] of Object.entries(PROBABILITIES)) made[name] = at(k, probability);
    made.durations = found.subarray(first, last);
    made.weights = weights && weights.subarray(first, last);
    return made;
  }

  // How many of sorted durations lie under a limit.
  function under({ durations, weights }, limit) {
    let [low, high] = [0, durations.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (durations[middle] < limit) low = middle + 1;
      else high = middle;
    }
    return weights ? (low ? weights[low - 1] : 0) : low;
  }

  const CLASSES = ["fast", "normal", "slow", "very slow", "critical"];

  // The key of each name, by its operation.
  const keyed = (data, keyOf) => Int32Array.from(data.own, (k) => keyOf(data.operations[k], k));

  // The figures of each operation that has any, slowest p95 first.
  function byOperation(data, mask) {
    const found = figures(data, mask, data.own, data.operations.length);
    const made = found.map((one, k) => ({ k, ...data.operations[k], ...one })).filter((one) => one.count || one.unfinished);
    for (const one of made) {
      const limits = data.limits[one.type];
      one.duration_class = one.p95_ms === null ? null : CLASSES[limits.filter((limit) => one.p95_ms >= limit).length];
      one.within_rate = one.timed ? under(one, limits[1]) / one.timed : null;
    }
    const last = (value) => (value === null ? -1 : value);
    return made.sort((a, b) => last(b.p95_ms) - last(a.p95_ms) || b.count - a.count || (a.kind + " " + a.operation < b.kind + " " + b.operation ? -1 : 1));
  }

  return { decoded, choose, tokensElsewhere, isFound, isTraceElsewhere, tracesOf, counts, figures, keyed, byOperation, sorted, quantile };
})();
