// What pages share: elements from text, words for values, and data loaded by script tags (file:// has no fetch).
window.Telemetry = (() => {
  "use strict";
  const isOneFile = Boolean(document.querySelector("section.page"));
  const STATUS = { ok: "✓ ok", error: "✕ failed", unfinished: "… unfinished" };

  // Attributes, or listeners where the value is a function. Text only ever becomes text.
  function el(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (typeof value === "function") made.addEventListener(key, value);
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
    }
    made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return made;
  }

  // As Python rounds, so that a page says the same with and without a filter: what lies right in the middle goes to the even digit.
  function fixed(value, digits) {
    const isMiddle = Math.abs(value * 2 ** (digits + 1)) % 2 === 1;
    const below = Math.floor(value * 10 ** digits);
    return (isMiddle ? (below + (below % 2)) / 10 ** digits : value).toFixed(digits);
  }

  function ms(value) {
    if (value === null || value === undefined || value < 0) return "–";
    if (value < 9.995) return value ? fixed(value, 1) + " ms" : "0 ms";
    if (value < 999.5) return fixed(value, 0) + " ms";
    if (value < 59950) return fixed(value / 1000, value < 9995 ? 2 : 1) + " s";
    if (value > 1e13) return Number(value.toPrecision(3)).toExponential() + " ms";
    const seconds = Number(fixed(value / 1000, 0));
    if (seconds < 3600) return Math.floor(seconds / 60) + " min " + (seconds % 60) + " s";
    return count(Math.floor(seconds / 3600)) + " h " + Math.floor((seconds % 3600) / 60) + " min";
  }

  // Of a longer text, its beginning.
  const cut = (text, most) => { const letters = [...text]; return letters.length <= most ? text : letters.slice(0, most - 1).join("").trimEnd() + "…"; };
  const count = (value) => value.toLocaleString("en");
  const usd = (value) => "$" + (value >= 1 || value === 0 ? Number(fixed(value, 2)).toLocaleString("en", { minimumFractionDigits: 2 }) : fixed(value, 4));

  function rate(value) {
    // None, and that of nothing.
    if (!Number.isFinite(value)) return "–";
    const percent = value * 100;
    return fixed(percent, percent === 0 || percent === 100 ? 0 : percent < 0.995 ? 2 : 1) + " %";
  }

  // Three digits of a figure that stands alone; up to 9,999 in full.
  function short(value) {
    if (value < 10000) return count(value);
    const rounded = Number(value.toPrecision(3));
    const [scale, unit] = [[1e12, "T"], [1e9, "G"], [1e6, "M"]].find(([least]) => rounded >= least) || [1e3, "k"];
    return (rounded / scale).toLocaleString("en") + unit;
  }

  const status = (value) => el("span", { class: "status " + value }, STATUS[value] || value);
  const kind = (value) => el("span", { class: "kind " + value }, value);

  // ISO 8601 in UTC → ms since the epoch, microseconds kept.
  const at = (iso) => Date.parse(iso.slice(0, 19) + "Z") + Number("0" + iso.slice(19).replace("Z", "")) * 1000;

  function clocks(zone) {
    const options = { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    const day = { year: "numeric", month: "2-digit", day: "2-digit" };
    let format, date;
    try {
      format = new Intl.DateTimeFormat("sv-SE", { ...options, fractionalSecondDigits: 3, timeZone: zone });
      date = new Intl.DateTimeFormat("sv-SE", { ...day, ...options, timeZone: zone });
    } catch {
      return clocks("UTC");
    }
    return { zone, clock: (t) => format.format(t).replace(",", "."), moment: (t) => date.format(t) };
  }

  // ---- data files
  const DATA_FILE = /^data\/(traces|trace-ids|trace-page|trace-places|faults|trace--?\d+(x\d+)?|operations|operation-pages|logs|logs--?\d+(x\d+)?|log-contexts--?\d+(x\d+)?-\d+)\.js(\?\d+)?$/;
  let policy = null;
  // Files that are written anew are asked for by another address.
  let renewed = 0;

  function load(path) {
    if (!DATA_FILE.test(path)) throw new TypeError("not a data file: " + path);
    if (isOneFile) throw new Error("this file leaves it out");
    if (window.trustedTypes && !policy) {
      const checked = (url) => { if (!DATA_FILE.test(url)) throw new TypeError("not a data file: " + url); return url; };
      policy = trustedTypes.createPolicy("telemetry-data", { createScriptURL: checked });
    }
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = policy ? policy.createScriptURL(path) : path;
      script.onload = () => { script.remove(); resolve(); };
      script.onerror = () => reject(new Error("the report lacks " + path));
      document.head.append(script);
    });
  }

  // In a report of one file a data file stands in the page, packed.
  async function unpacked(name) {
    const place = isOneFile && document.getElementById("data-" + name);
    if (!place) return null;
    const bytes = Uint8Array.from(atob(place.textContent.trim()), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }

  const held = {};
  window.telemetryData = (name, json) => { held[name] = json; };

  let parsed = {};
  addEventListener("telemetry-renewed", () => { parsed = {}; renewed++; });
  async function data(name) {
    if (!(name in parsed)) {
      const text = await unpacked(name);
      if (text !== null) held[name] = text;
      if (!(name in held)) await load("data/" + name + ".js" + (renewed ? "?" + renewed : ""));
      parsed[name] = name === "trace-page" ? held[name] : JSON.parse(held[name]);
      delete held[name];
    }
    return parsed[name];
  }

  // What is large and looked through once is not kept.
  const forget = (name) => { delete parsed[name]; };

  // FNV-1a of the first 64 bytes of UTF-8, as in reporter/analysis/shards.py
  function hashed(id, count) {
    let value = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(id).slice(0, 64)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
    return value % count;
  }

  // The document of a trace, in the shape of `telemetry-report trace ID --format json`; `events` null where only spans are carried. Where a
  // shard is gone, another report has taken this one's place since the page was opened: then where traces lie is asked anew, once.
  async function trace(id, isAgain = false) {
    const { shards, of } = await data("trace-places").catch(() => ({ shards: [], of: [[]] }));
    for (const place of of[hashed(id, of.length)]) {
      const shard = await data("trace-" + shards[place]).catch(() => null);
      const found = shard && within(shard, id);
      if (found) return found;
      if (!shard && !isAgain) {
        forget("trace-places");
        renewed++;
        return trace(id, true);
      }
    }
    return undefined;
  }

  function within(shard, id) {
    if (Object.hasOwn(shard.whole, id)) return shard.whole[id];
    const brief = shard.brief;
    const row = brief ? brief.ids.indexOf(id) : -1;
    if (row < 0) return undefined;
    const columns = brief.spans || { trace: [] };
    const worded = ["kind", "type", "operation", "status"];
    const told = (name, value) => (worded.includes(name) ? brief.names[value] : value);
    const spans = [];
    columns.trace.forEach((number, i) => {
      if (number === brief.numbers[row]) spans.push(Object.fromEntries(Object.keys(columns).map((name) => [name, told(name, columns[name][i])])));
    });
    return { correlation_id: id, root: brief.roots[row], start: brief.starts[row], duration_ms: brief.ms[row], status: brief.statuses[row], failed: brief.failed[row], events: null, spans: spans.sort((a, b) => a.start - b.start) };
  }

  // An operation (`kind name`) as what is written of it: a link, as soon as it is known whether it has a page.
  function operation(named, text) {
    const link = (pages) => Object.hasOwn(pages, named) && el("a", { href: pages[named] }, text);
    const known = parsed["operation-pages"];
    if (known) return link(known) || el("span", {}, text);
    const place = el("span", {}, text);
    data("operation-pages").then((pages) => { if (link(pages)) place.replaceChildren(link(pages)); }).catch(() => {});
    return place;
  }

  // To the clipboard, or where the browser forbids that, as a file; whether the clipboard has it.
  async function copy(name, text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      download(name, text, "text/markdown");
      return false;
    }
  }

  function download(name, text, type) {
    const url = URL.createObjectURL(new Blob([text], { type }));
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  // What the address asks of a page: all behind the #; in a report of one file what stands behind the page's name, null where it names another.
  function asked(page) {
    const text = location.hash.slice(1);
    if (!isOneFile) return text;
    return text.startsWith("page-" + page + "&") ? text.slice(page.length + 6) : text === "page-" + page ? "" : null;
  }

  return { isOneFile, asked, copy, cut, download, el, fixed, ms, count, rate, short, usd, status, kind, at, clocks, data, forget, trace, operation };
})();
