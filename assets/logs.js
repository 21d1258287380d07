// All entries of the window: filtered and searched shard by shard, in slices, so that the page answers however many there are.
(() => {
  "use strict";
  const T = window.Telemetry;
  const { el, count, status, at, data, clocks } = T;
  const fragment = () => new URLSearchParams(T.asked("logs") || "");
  const KINDS = ["chat", "processing", "command", "tool", "llm", "log"];
  const PAGE = 200;
  const CHANNEL_CHARS = 30;
  const AROUND_CHARS = 40;
  const MINUTE = 60000;
  const SLICE_MS = 12;
  const KEPT_SHARDS = 6;
  const SOURCE = 2 ** 40;
  const table = document.getElementById("logs");
  const form = document.getElementById("log-filters");
  if (!table || !form) return;
  const note = document.getElementById("log-count");
  const more = document.getElementById("log-more");
  const { moment, clock } = clocks(table.dataset.zone);
  let shown = PAGE;
  let turn = 0;
  let waiting = 0;
  // The channel in the address, until it is known which there are.
  let asked = null;

  const state = () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
  const pause = () => new Promise((resolve) => { setTimeout(resolve); });

  function fill(from) {
    for (const field of form.elements) {
      if (!field.name) continue;
      if (field.type === "checkbox") field.checked = from.has(field.name);
      else field.value = from.get(field.name) || "";
    }
    asked = from.get("channel") || "";
  }

  // What a text must hold: as it stands, or as a regular expression. Throws SyntaxError.
  function wantedText({ q, regex }) {
    if (!q) return null;
    if (regex) return T.regex(q);
    const text = q.toLowerCase();
    return (value) => value.toLowerCase().includes(text);
  }

  // Whether a shard can hold anything that is wanted.
  function concerns(about, wanted, levels) {
    if (wanted.since && (about.first < Number(wanted.since) || about.last >= Number(wanted.until))) return false;
    if (wanted.status && !about.failed) return false;
    return !wanted.level || about.levels.slice(1 + levels.indexOf(wanted.level)).some(Boolean);
  }

  // A distinct text, and a trace's id, is looked at once a shard.
  function looked(values, test) {
    const found = new Int8Array(values.length);
    return (number) => {
      if (number < 0) return false;
      if (!found[number]) found[number] = test(values[number]) ? 1 : -1;
      return found[number] > 0;
    };
  }

  // `held`: what is shown of what was logged with an entry, where that fits.
  function matcher(shard, about, wanted, index, test, held) {
    const least = wanted.level ? index.levels.indexOf(wanted.level) : -1;
    const kind = wanted.kind ? KINDS.indexOf(wanted.kind) : -1;
    const [since, until] = wanted.since ? [Number(wanted.since), Number(wanted.until)] : [-Infinity, Infinity];
    const inText = test && looked(shard.texts, test);
    const inTrace = test && looked(shard.traces, test);
    return (i) => {
      if (shard.level[i] < least || (kind >= 0 && shard.kind[i] !== kind) || (wanted.status && !shard.failed[i])) return false;
      if (wanted.channel && index.sources[shard.source[i]][1] !== wanted.channel) return false;
      // Where there are several hosts, their names stand before those of their logs (reporter/sink/gather.py).
      if (wanted.host && !index.sources[shard.source[i]][0].startsWith(wanted.host + ": ")) return false;
      const ts = about.first - shard.t[i];
      return ts >= since && ts < until && (!test || inText(shard.text[i]) || inTrace(shard.trace[i]) || held(i) !== undefined);
    };
  }

  function entry(shard, about, i, index) {
    return {
      i, about, ts: about.first - shard.t[i], level: index.levels[shard.level[i]] || null, failed: shard.failed[i], source: shard.source[i],
      offset: shard.offset[i], text: shard.texts[shard.text[i]], trace: shard.trace[i] < 0 ? null : shard.traces[shard.trace[i]],
    };
  }

  // ---- what was logged with an entry: in its trace's document, else by its place
  async function record(one, source, size) {
    const own = { ts: new Date(one.ts).toISOString(), level: one.level, status: one.failed ? "error" : null, event: null, message: one.text, source, offset: one.offset };
    if (one.trace) {
      const doc = await T.trace(one.trace);
      const found = doc && doc.events && doc.events.find((event) => event.id === one.source * SOURCE + one.offset);
      if (found) return found;
    }
    const part = Math.floor(one.i / size);
    if (!one.about.contexts.includes(part)) return own;
    const parts = await data("log-contexts-" + one.about.name + "-" + part);
    return Object.hasOwn(parts, one.i) ? { ...own, context: parts[one.i][0], extra: parts[one.i][1] } : own;
  }

  async function unfold(place, one, source, size) {
    const found = await record(one, source, size);
    const view = T.details({ event: found, kind: found.kind || "log", name: "" }, { t0: at(found.ts) }).at(-1);
    const lacks = found.context === undefined && el("p", { class: "soft" }, "This report carries no context of it: nothing was logged with it, or it was left out to keep the report small.");
    place.append(view, lacks || "");
    place.setAttribute("data-shown", "");
  }

  function row(one, index) {
    const [source, channel] = index.sources[one.source];
    const inside = el("div", { class: "inside" });
    const told = el("details", { toggle: () => { if (told.open && !inside.hasChildNodes()) unfold(inside, one, source, index.part).catch(() => { inside.textContent = "The report is being renewed; open it again."; }); } },
      el("summary", {}, one.failed ? status("error") : null, one.failed ? " " : null, one.text || "(no message)", one.held ? el("span", { class: "soft" }, " … " + one.held + " …") : null), inside);
    return el("tr", {}, el("td", { class: "nowrap", title: new Date(one.ts).toISOString() }, moment(one.ts) + clock(one.ts).slice(-4)),
      el("td", {}, one.level ? el("span", { class: "level " + one.level.toLowerCase() }, one.level) : "–"), el("td", { title: source, class: channel.length > CHANNEL_CHARS ? null : "nowrap" }, channel), el("td", { class: "what" }, told),
      el("td", {}, one.trace ? el("a", { class: "mono", href: "trace.html#" + encodeURIComponent(one.trace) }, T.cut(one.trace, 13)) : "–"));
  }

  function options(index) {
    const list = form.elements.channel;
    const channels = [...new Set(Object.values(index.sources).map(([, channel]) => channel))].sort();
    const chosen = asked === null ? list.value : asked;
    asked = null;
    list.replaceChildren(list.options[0], ...channels.map((name) => el("option", { value: name }, name)));
    list.value = chosen;
  }

  function keep(wanted) {
    const address = new URLSearchParams(wanted).toString();
    if (T.isOneFile) {
      history.replaceState(null, "", "#page-logs" + (address ? "&" + address : ""));
      return;
    }
    history.replaceState(null, "", address ? "#" + address : location.pathname + location.search);
    dispatchEvent(new Event("telemetry-filter"));
  }

  async function search() {
    const mine = ++turn;
    const index = await data("logs");
    if (mine !== turn) return;
    options(index);
    const wanted = state();
    keep(wanted);
    period.show();
    let test;
    try {
      test = wantedText(wanted);
    } catch (error) {
      form.elements.q.setAttribute("aria-invalid", "true");
      note.textContent = "Not a regular expression that can be looked for: " + error.message + ".";
      return;
    }
    form.elements.q.removeAttribute("aria-invalid");
    await through(index, wanted, test, () => mine === turn);
  }

  // The traces' records that fit, once an expression.
  const traced = { of: null, ids: null };
  async function tracesWith(wanted, test, around, slice) {
    const of = [wanted.q, wanted.regex].join(" ");
    if (traced.of !== of) {
      note.textContent = "looking through what traces hold …";
      const ids = await T.contexts.inTraces(test, around, slice);
      if (!(await slice())) return null;
      Object.assign(traced, { of, ids });
    }
    return traced.ids;
  }

  async function through(index, wanted, test, isMine) {
    const total = index.shards.reduce((sum, about) => sum + about.count, 0);
    const period = wanted.since ? " between " + moment(Number(wanted.since)) + " and " + moment(Number(wanted.until)) : "";
    const say = (found, seen) => {
      const apart = wanted.operation ? " (entries do not tell the operation that is chosen)" : "";
      const bare = Number(table.dataset.bare);
      const without = isDeep && bare ? "; what was logged with " + count(bare) + " of them is not in this report" : "";
      note.textContent = count(found) + " of " + count(total) + (total === 1 ? " entry" : " entries") + period + (seen < total ? ", " + count(seen) + " looked through …" : "") + (found > shown ? ", the latest " + count(shown) + " shown" : "") + without + apart;
    };
    let [found, seen, rows, isFirst, began] = [0, 0, [], true, performance.now()];
    const slice = async () => {
      if (performance.now() - began >= SLICE_MS) { await pause(); began = performance.now(); }
      return isMine();
    };
    const isDeep = test && wanted.contexts;
    // An expression tells that it fits, not where.
    const around = (text) => {
      const begin = wanted.regex ? -1 : text.toLowerCase().indexOf(wanted.q.toLowerCase());
      return begin < 0 ? "" : text.slice(Math.max(0, begin - AROUND_CHARS), begin + wanted.q.length + AROUND_CHARS);
    };
    const ids = isDeep ? await tracesWith(wanted, test, around, slice) : null;
    if (!isMine()) return;
    const flush = () => {
      if (isFirst) table.tBodies[0].replaceChildren(...rows);
      else table.tBodies[0].append(...rows);
      [isFirst, rows] = [false, []];
      say(found, seen);
    };
    for (const [number, about] of index.shards.entries()) {
      if (!concerns(about, wanted, index.levels)) { seen += about.count; continue; }
      const shard = await data("logs-" + about.name);
      if (!isMine()) return;
      const places = isDeep ? await T.contexts.inShard(about, test, around, slice) : null;
      if (!isMine()) return;
      const held = (i) => (places ? places.get(i) ?? ids.get(shard.source[i] * SOURCE + shard.offset[i]) : undefined);
      const fits = matcher(shard, about, wanted, index, test, held);
      for (let i = 0; i < about.count; i++, seen++) {
        if (fits(i) && ++found <= shown) rows.push(row({ ...entry(shard, about, i, index), held: held(i) }, index));
        if (performance.now() - began < SLICE_MS) continue;
        if (rows.length || !isFirst) flush();
        await pause();
        if (!isMine()) return;
        began = performance.now();
      }
      if (number >= KEPT_SHARDS) T.forget("logs-" + about.name);
    }
    if (!isMine()) return;
    flush();
    more.hidden = found <= shown;
    table.setAttribute("data-shown", String(performance.now()));
  }

  const start = () => { table.removeAttribute("data-shown"); search().catch((error) => { note.textContent = error.message; }); };
  function changed() {
    shown = PAGE;
    turn++;
    table.removeAttribute("data-shown");
    clearTimeout(waiting);
    waiting = setTimeout(start, 150);
  }
  const [first, last] = [form.dataset.start, form.dataset.end].map(Number);
  const period = T.period(form, moment, { start: first, end: last, step: MINUTE }, changed, (why) => { note.textContent = why; });
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", changed);
  more.addEventListener("click", () => { shown += 5 * PAGE; start(); });
  // In a report of one file entries are unpacked when their page is looked at.
  const begin = () => { if (T.asked("logs") !== null) { fill(fragment()); start(); } };
  addEventListener("hashchange", begin);
  addEventListener("telemetry-renewed", () => { traced.of = null; start(); });
  begin();
})();
