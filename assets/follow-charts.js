// Charts follow the filter: the data of each as its recipe (`follow`, from the page that made it) says, of what is chosen. Charts of time show
// the whole window, what is chosen otherwise, and the period as a band.
window.TelemetryCharts = (() => {
  "use strict";
  const { ms, count, rate, usd, clocks } = window.Telemetry;
  const { figures, keyed, sorted } = window.TelemetrySelection;
  const { all, said } = window.TelemetryFigures;
  const form = document.getElementById("page-filters");
  const { moment } = clocks(form ? form.dataset.zone : "UTC");
  const LEAST_MS = 0.1;
  const OTHERS = "gother";
  const SAY = { finished: (n) => count(n) + "×", tokens: (n) => count(n) + " tokens", cost: usd, errors: count, groups: (n) => said(n, "error event") };
  let chosen = null;
  let charts = {};
  let drawn = {};

  const weight = (data, i) => (data.n ? data.n[i] : 1);
  const columns = (rows, names) => Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));

  // Which operations a chart is of.
  const isOf = (recipe) => (one) => (!recipe.types || recipe.types.includes(one.type)) && (!recipe.kind || one.kind === recipe.kind) && (!recipe.operation || one.kind + " " + one.operation === recipe.operation);

  function events({ wanted }, _, chart) {
    const all = chart.data.bars;
    const kept = [...all.series.keys()].filter((i) => !wanted.kind || all.series[i] === wanted.kind);
    return { bars: Object.fromEntries(Object.entries(all).map(([name, values]) => [name, kept.map((i) => values[i])])) };
  }

  function errors({ data, whole }, recipe) {
    return stacked(recipe, data, (add) => data.errors.t.forEach((t, i) => { if (whole.errors[i]) add(t, "error events", 1); }));
  }

  // Sums by bucket and colour; `each(add)` gives time, name and value.
  function stacked(recipe, data, each) {
    const at = data.buckets;
    const found = new Map();
    each((t, name, value) => {
      const series = recipe.colours[name] || OTHERS;
      const key = at.of(t) + " " + series;
      if (!found.has(key)) found.set(key, { n: at.of(t), series, value: 0, label: series === OTHERS ? "others" : recipe.names[name] || name });
      found.get(key).value += value;
    });
    const rows = [...found.values()].filter((row) => row.value).sort((a, b) => a.n - b.n || (a.series < b.series ? -1 : 1));
    return { bars: columns(rows.map((row) => ({ ...row, t: at.start(row.n), t2: at.start(row.n) + at.step, tip: moment(at.start(row.n)) + " · " + row.label + ": " + SAY[recipe.of](row.value) })), ["t", "t2", "series", "value", "tip"]) };
  }

  function finished({ data, whole }, recipe) {
    const own = keyed(data, (one, k) => (isOf(recipe)(one) ? k : -1));
    const at = data.buckets;
    const counts = new Float64Array(data.operations.length * at.size);
    for (let i = 0; i < data.size; i++) if (whole.rows[i] && data.status[i] < 2 && own[data.name[i]] >= 0) counts[own[data.name[i]] * at.size + data.bucket[i]] += weight(data, i);
    return stacked(recipe, data, (add) => counts.forEach((n, key) => { if (n) add(at.start(key % at.size), data.operations[Math.floor(key / at.size)].operation, n); }));
  }

  function spent({ data, whole }, recipe) {
    const facts = data.facts;
    return stacked(recipe, data, (add) => facts.row.forEach((i, n) => {
      if (whole.rows[i] && facts.counts[n] === "1") add(data.t[i], data.names.operation[data.name[i]], recipe.of === "cost" ? facts.cost[n] || 0 : (facts.prompt[n] || 0) + (facts.completion[n] || 0));
    }));
  }

  function groups({ data, whole }, recipe) {
    return stacked(recipe, data, (add) => data.errors.t.forEach((t, i) => { if (whole.errors[i] && data.errors.group[i] >= 0 && !data.groups.closed.includes(data.errors.group[i])) add(t, data.groups.fingerprint[data.errors.group[i]], 1); }));
  }

  // Medians of the coloured names by bucket.
  function medians({ data, whole }, recipe) {
    const at = data.buckets;
    const names = Object.keys(recipe.colours);
    const place = keyed(data, (one) => (isOf(recipe)(one) ? names.indexOf(one.operation) : -1));
    let given = null;
    if (recipe.of === "ttft") {
      const values = new Float64Array(data.size).fill(NaN);
      data.facts.row.forEach((i, n) => { if (data.facts.ttft[n] !== null && data.status[i] < 2) values[i] = data.facts.ttft[n]; });
      given = { values, rows: data.facts.row.filter((i) => !Number.isNaN(values[i])).sort((a, b) => values[a] - values[b]) };
    }
    const found = sorted(data, whole.rows, place, names.length * at.size, { steps: data.bucket, width: at.size, given });
    const rows = [];
    for (let key = 0; key < names.length * at.size; key++) {
      const value = found.at(key, 0.5);
      if (value === null) continue;
      const [name, t] = [names[Math.floor(key / at.size)], at.start(key % at.size)];
      rows.push({ t, series: recipe.colours[name], ms: Math.max(value, LEAST_MS), tip: moment(t) + " · " + name + ": " + ms(value) });
    }
    return { lines: columns(rows, ["t", "series", "ms", "tip"]) };
  }

  function percentiles({ data, whole }) {
    const at = data.buckets;
    const found = sorted(data, whole.listed, keyed(data, (one) => data.kinds.indexOf(one.kind)), data.kinds.length * at.size, { steps: data.bucket, width: at.size });
    const rows = [];
    for (let key = 0; key < data.kinds.length * at.size; key++) {
      const p95 = found.at(key, 0.95);
      if (p95 === null) continue;
      const [kind, t] = [data.kinds[Math.floor(key / at.size)], at.start(key % at.size)];
      rows.push({ t, series: kind, ms: Math.max(p95, LEAST_MS), tip: moment(t) + " · " + kind + ": p50 " + ms(found.at(key, 0.5)) + ", p95 " + ms(p95) + " of " + count(found.count(key)) });
    }
    return { lines: columns(rows, ["t", "series", "ms", "tip"]) };
  }

  // Finished and failed of one operation in each bucket.
  function byBucket({ data, whole }, recipe) {
    const own = keyed(data, (one) => +isOf(recipe)(one));
    const [all, errors] = [new Float64Array(data.buckets.size), new Float64Array(data.buckets.size)];
    for (let i = 0; i < data.size; i++) {
      if (!whole.listed[i] || data.status[i] > 1 || !own[data.name[i]]) continue;
      all[data.bucket[i]] += weight(data, i);
      errors[data.bucket[i]] += data.status[i] * weight(data, i);
    }
    return { all, errors };
  }

  function p95({ data, whole }, recipe) {
    const at = data.buckets;
    const { all: finished } = byBucket({ data, whole }, recipe);
    const found = sorted(data, whole.listed, keyed(data, (one) => (isOf(recipe)(one) ? 0 : -1)), at.size, { steps: data.bucket, width: at.size });
    const rows = [];
    for (let n = 0; n < at.size; n++) {
      const value = found.at(n, 0.95);
      if (value !== null) rows.push({ t: at.start(n), series: recipe.series, ms: Math.max(value, LEAST_MS), tip: moment(at.start(n)) + ": p95 " + ms(value) + " of " + count(finished[n]) });
    }
    return { lines: columns(rows, ["t", "series", "ms", "tip"]) };
  }

  function errorRate({ data, whole }, recipe) {
    const { all: finished, errors: failed } = byBucket({ data, whole }, recipe);
    const rows = [];
    failed.forEach((n, at) => {
      const t = data.buckets.start(at);
      if (n) rows.push({ t, t2: t + data.buckets.step, series: "error", value: n / finished[at], tip: moment(t) + ": " + count(n) + " of " + count(finished[at]) + " failed (" + rate(n / finished[at]) + ")" });
    });
    return { bars: columns(rows, ["t", "t2", "series", "value", "tip"]) };
  }

  // Ten bins a decade by kind, of all operations or of the one chosen beside the chart, or that the page is of.
  function histogram({ data, listed: rows }, recipe, _, chosenHere) {
    const choice = chosenHere || recipe.operation;
    const fits = keyed(data, (one) => (isOf(recipe)(one) && (!choice || choice === one.kind + " " + one.operation) ? data.kinds.indexOf(one.kind) : -1));
    const counts = new Map();
    for (let i = 0; i < data.timed; i++) {
      const kind = fits[data.name[i]];
      if (!rows[i] || kind < 0) continue;
      const bin = Math.floor(Math.log10(Math.max(data.ms[i], 0.1)) * 10 + 1e-9);
      const key = kind * 10000 + 5000 + bin;
      counts.set(key, (counts.get(key) || 0) + weight(data, i));
    }
    const found = [...counts].sort(([a], [b]) => a - b).map(([key, n]) => {
      const [kind, bin] = [data.kinds[Math.floor(key / 10000)], (key % 10000) - 5000];
      const [low, high] = [10 ** (bin / 10), 10 ** Math.min((bin + 1) / 10, 308)];
      return { low_ms: low, high_ms: high, count: n, series: kind, tip: ms(low) + " to " + ms(high) + " · " + kind + ": " + said(n, "operation") };
    });
    // Where p50 and p95 of the one operation lie.
    const one = choice && figures(data, rows, keyed(data, (own) => (choice === own.kind + " " + own.operation ? 0 : -1)), 1)[0];
    const marks = one && one.timed ? ["p50", "p95"].map((name) => ({ ms: Math.max(LEAST_MS, one[name + "_ms"]), label: name, tip: name + " " + ms(one[name + "_ms"]) })) : [];
    return { histogram: columns(found, ["low_ms", "high_ms", "count", "series", "tip"]), marks: columns(marks, ["ms", "label", "tip"]) };
  }

  // Hours of the day in the viewer's zone of those that took most time in all.
  function heat(now, recipe) {
    const { data, listed: rows } = now;
    const clock = new Intl.DateTimeFormat("en", { hour: "numeric", hourCycle: "h23", timeZone: form.dataset.zone });
    const hours = new Map();
    const hourOf = (t) => {
      const quarter = Math.floor(t / 900000);
      if (!hours.has(quarter)) hours.set(quarter, Number(clock.format(quarter * 900000)));
      return hours.get(quarter);
    };
    const most = all(now).filter((one) => one.timed).sort((a, b) => b.total_ms - a.total_ms || a.k - b.k).slice(0, recipe.rows).map((one) => one.k);
    data.hour = data.hour || Uint8Array.from(data.t, hourOf);
    const found = sorted(data, rows, keyed(data, (_, k) => most.indexOf(k)), most.length * 24, { steps: data.hour, width: 24 });
    const cells = [];
    for (let key = 0; key < most.length * 24; key++) {
      const p95 = found.at(key, 0.95);
      if (p95 === null) continue;
      const [one, hour] = [data.operations[most[Math.floor(key / 24)]], key % 24];
      const row = one.kind + " " + one.operation;
      cells.push({ hour, row, value: Math.max(p95, LEAST_MS), tip: row + ", " + hour + ":00 to " + (hour + 1) + ":00: p95 " + ms(p95) + " of " + count(found.count(key)) });
    }
    return { cells: columns(cells, ["hour", "row", "value", "tip"]) };
  }

  // ---- Trends: of all that is kept, by day
  const others = (wanted, ...known) => Object.keys(wanted).some((name) => !known.includes(name));
  // Days of what is chosen by kind, whole ones where a period is; null where something else is chosen that days do not tell apart.
  function daysOf({ wanted }, follow) {
    if (others(wanted, "kind", "since", "until")) return null;
    const found = new Map();
    follow.t.forEach((t, i) => {
      if ((wanted.kind && follow.kind[i] !== wanted.kind) || (wanted.since && !(follow.t2[i] > Number(wanted.since) && t < Number(wanted.until)))) return;
      const row = found.get(t) || { t, t2: follow.t2[i], day: follow.day[i], events: 0, error_events: 0, operations: 0, errors: 0, tokens: 0, cost_usd: 0 };
      for (const name of ["events", "error_events", "operations", "errors", "tokens", "cost_usd"]) row[name] += follow[name][i];
      found.set(t, row);
    });
    return [...found.values()].map((row) => ({ ...row, error_rate: row.operations ? row.errors / row.operations : null })).sort((a, b) => b.t - a.t);
  }
  function days(now, recipe) {
    // A chart of time shows what lies beside the period too.
    const found = daysOf({ wanted: now.wanted.kind ? { kind: now.wanted.kind } : {} }, recipe);
    const part = (row, series, label, value) => ({ t: row.t, t2: row.t2, series, value, tip: row.day + " · " + label + ": " + count(value) + "×" });
    const rows = found.flatMap((row) => [part(row, "ok", "events without an error", row.events - row.error_events), part(row, "error", "error events", row.error_events)]);
    return { bars: columns(rows.filter((row) => row.value), ["t", "t2", "series", "value", "tip"]) };
  }
  // Lines of a kind, or of an operation, stay or go.
  function kept({ wanted }, { names }, chart) {
    const fits = (name) => (!wanted.kind || name === wanted.kind || name.startsWith(wanted.kind + " ")) && (!wanted.operation || wanted.operation === name || name.replace(/^\S+ /, "") === wanted.operation);
    const all = chart.data.lines;
    const rows = [...all.series.keys()].filter((i) => fits(names[all.series[i]] || ""));
    return { lines: Object.fromEntries(Object.entries(all).map(([name, values]) => [name, rows.map((i) => values[i])])) };
  }
  const choice = ({ wanted }, _, chart, chosenHere) => chart.choices[chosenHere || wanted.kind] || (wanted.kind ? { cells: { hour: [], row: [], value: [], tip: [] } } : null);
  const CAN = {
    events: (now) => !others(now.wanted, "kind", "since", "until"), ttft: (now) => !now.data.n, days: (now) => !others(now.wanted, "kind", "since", "until"),
    kept: (now) => !others(now.wanted, "kind", "operation", "since", "until"), choice: (now) => !others(now.wanted, "kind"), flow: (now) => now.data.has_flow,
  };
  // Tables of the same.
  const recipeOf = (of) => { const chart = Object.values(charts).find(({ follow }) => follow && follow.of === of); return chart && chart.follow; };
  const hours = ({ wanted }) => {
    const told = recipeOf("choice");
    if (!told || others(wanted, "kind")) return null;
    const kinds = Object.keys(told.counts).filter((kind) => !wanted.kind || kind === wanted.kind);
    return told.days.map((weekday, day) => ({ weekday, ...Object.fromEntries(Array.from({ length: 24 }, (_, hour) => ["h" + hour, kinds.reduce((sum, kind) => sum + told.counts[kind][day][hour], 0)])) }));
  };
  Object.assign(window.TelemetryFigures.TABLES, { hours, days: (now) => (recipeOf("days") ? daysOf(now, recipeOf("days")) : null) });

  const RECIPES = { days, kept, choice, events, errors, finished, tokens: spent, cost: spent, groups, ttft: medians, duration: medians, percentiles, p95, error_rate: errorRate, histogram, heat };

  // What a chart shows now: its data by name, null for what it was built with.
  function data(name, choice) {
    const chart = charts[name];
    return chosen && follows(name, chosen) ? RECIPES[chart.follow.of](chosen, chart.follow, chart, choice) : null;
  }

  function follows(name, now) {
    const chart = charts[name];
    const can = chart && chart.follow && (CAN[chart.follow.of] || (() => true));
    return Boolean(can && can(now));
  }

  function show(now) {
    const isSame = !now && !chosen;
    chosen = now;
    if (!isSame) for (const put of Object.values(drawn)) put();
  }

  // report.js says what charts there are, and what draws each again.
  const know = (all, shown) => { charts = all; drawn = shown; };
  return { data, follows, show, know, RECIPES };
})();
