// Charts follow the filter: the data of each as its recipe (`follow`, from the page that made it) says, of what is chosen. Charts of time show
// the whole window, what is chosen otherwise, and the period as a band.
window.TelemetryCharts = (() => {
  "use strict";
  const { ms, count, usd, clocks } = window.Telemetry;
  const { figures, keyed, sorted } = window.TelemetrySelection;
  const { all } = window.TelemetryFigures;
  const form = document.getElementById("page-filters");
  const { moment } = clocks(form ? form.dataset.zone : "UTC");
  const LEAST_MS = 0.1;
  const OTHERS = "gother";
  const SAY = { finished: (n) => count(n) + "×", tokens: (n) => count(n) + " tokens", cost: usd, errors: count, groups: (n) => count(n) + " error events" };
  let chosen = null;
  let charts = {};
  let drawn = {};

  const weight = (data, i) => (data.n ? data.n[i] : 1);
  const columns = (rows, names) => Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));

  // Which operations a chart is of.
  const isOf = (recipe) => (one) => (!recipe.types || recipe.types.includes(one.type)) && (!recipe.kind || one.kind === recipe.kind);

  function events({ data, wanted }, _, chart) {
    if (wanted.status || wanted.operation || wanted.q) return null;
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
    return stacked(recipe, data, (add) => data.errors.t.forEach((t, i) => { if (whole.errors[i] && data.errors.group[i] >= 0) add(t, data.groups.fingerprint[data.errors.group[i]], 1); }));
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

  // Ten bins a decade by kind, of all operations or of the one chosen beside the chart.
  function histogram({ data, listed: rows }, recipe, _, choice) {
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
      return { low_ms: low, high_ms: high, count: n, series: kind, tip: ms(low) + " to " + ms(high) + " · " + kind + ": " + count(n) + " operations" };
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

  const RECIPES = { events, errors, finished, tokens: spent, cost: spent, groups, ttft: medians, duration: medians, percentiles, histogram, heat };

  // What a chart shows now: its data by name, null for what it was built with.
  function data(name, choice) {
    const chart = charts[name];
    return chosen && chart && chart.follow ? RECIPES[chart.follow.of](chosen, chart.follow, chart, choice) : null;
  }

  function follows(name, now) {
    const chart = charts[name];
    if (!chart || !chart.follow || (chart.follow.of === "ttft" && now.data.n)) return false;
    return !(chart.follow.of === "events" && (now.wanted.status || now.wanted.operation || now.wanted.q));
  }

  function show(now) {
    const isSame = !now && !chosen;
    chosen = now;
    if (!isSame) for (const put of Object.values(drawn)) put();
  }

  // report.js says what charts there are, and what draws each again.
  const know = (all, shown) => { charts = all; drawn = shown; };
  return { data, follows, show, know };
})();
