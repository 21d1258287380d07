// An open page of a `watch`: asks for news by a script tag (file:// has no fetch), as often as a person takes for at once and each
// second while nobody sees it, and takes them over in place.
(() => {
  "use strict";
  const POLL = 150, HIDDEN = 1000, STALE = 20000;
  const FILES = /^data\/(build|live|page-[\w.-]+)\.js\?\d+$/;
  const page = decodeURIComponent(location.pathname.split("/").pop() || "index.html").replace(/\.html$/, "") || "index";
  const place = document.getElementById("live");
  const meta = document.querySelector("meta[name=telemetry-built]");
  if (!place || !meta) return;
  let built = meta.content;
  let shown = 0;
  let asked = 0;
  let policy = null;

  function checked(url) {
    if (!FILES.test(url)) throw new TypeError("not a file of this report: " + url);
    return url;
  }

  // The markup is this report's own pages', already escaped; parsed it is inert, and the policy of the page lets no handler run.
  if (window.trustedTypes) policy = trustedTypes.createPolicy("telemetry-live", { createScriptURL: checked, createHTML: (text) => text });

  function load(name) {
    const url = "data/" + name + ".js?" + ++asked;
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = policy ? policy.createScriptURL(url) : checked(url);
      script.onload = () => { script.remove(); resolve(); };
      script.onerror = () => { script.remove(); reject(new Error(url)); };
      document.head.append(script);
    });
  }

  const parsed = (text) => new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");

  // What a person or a script has made of an element, and stays.
  const KEPT = ["open", "hidden", "aria-sort", "style", "aria-selected", "tabindex", "data-drawn", "data-run"];

  function isOwn(node) {
    return node.nodeType === 1 && node.matches("[data-chart], .legend, form.filters, script, .export, .exports, .tools, .brush, .added, input, #trace, #traces, #trace-count, #logs, #log-count");
  }

  function attributes(old, fresh) {
    for (const { name } of [...old.attributes]) if (!KEPT.includes(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (!KEPT.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }

  // Make `old` what `fresh` is, touching only what differs.
  function morph(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
      old.replaceWith(document.importNode(fresh, true));
    } else if (old.nodeType !== 1) {
      if (old.data !== fresh.data) old.data = fresh.data;
    } else if (isOwn(old)) {
      if (old.hasAttribute("aria-label") && fresh.hasAttribute("aria-label")) old.setAttribute("aria-label", fresh.getAttribute("aria-label"));
    } else if (old.matches("table.sortable thead") && old.rows[0].cells.length === fresh.rows[0].cells.length) {
      // Its cells have become buttons.
    } else {
      attributes(old, fresh);
      children(old, fresh);
    }
  }

  // What is the same part of the page: a chart, a list or a table keeps its place when something appears before it.
  function key(node) {
    return `${node.nodeName}#${node.id || ""}.${(node.dataset && node.dataset.chart) || ""}`;
  }

  // The first of `made` from `at` on that is the same part as `node`, else their number; a text is only the next one.
  function same(made, at, node) {
    if (node.nodeType !== 1) return made[at] && made[at].nodeType !== 1 ? at : made.length;
    const wanted = key(node);
    while (at < made.length && key(made[at]) !== wanted) at += 1;
    return at;
  }

  // Data in script elements is read from `fresh` itself; a policy lets none be put into the page.
  function children(old, fresh) {
    const made = [...old.childNodes].filter((node) => !(node.nodeType === 1 && node.matches(".export, .exports, .brush, .added, script")));
    let at = 0;
    for (const node of fresh.childNodes) {
      if (node.nodeName === "SCRIPT") continue;
      const found = same(made, at, node);
      if (found < made.length) {
        while (at < found) made[at++].remove();
        morph(made[at++], node);
      } else {
        old.insertBefore(document.importNode(node, true), made[at] || null);
      }
    }
    for (const node of made.slice(at)) node.remove();
  }

  // What is being read stays where it is; at the top, what is new at the top is shown.
  function inPlace(root, change) {
    if (!scrollY) return change();
    const left = [scrollX, scrollY];
    const near = [...root.querySelectorAll("h1, h2, tr[id], details[id]")].find((node) => node.getBoundingClientRect().top >= 0);
    const top = near && near.getBoundingClientRect().top;
    change();
    if (near && near.isConnected) scrollBy(0, near.getBoundingClientRect().top - top);
    else scrollTo(...left);
  }

  // Operations' names lead to their pages, of those that have one by now.
  let pages = {};
  const know = () => window.Telemetry.data("operation-pages").then((found) => { pages = found; }).catch(() => {});
  know();
  addEventListener("telemetry-renewed", know);
  function linked(fresh) {
    for (const name of fresh.querySelectorAll("[data-op]")) {
      if (!Object.hasOwn(pages, name.dataset.op)) continue;
      const link = fresh.ownerDocument.createElement("a");
      link.setAttribute("href", pages[name.dataset.op]);
      link.append(...name.childNodes);
      name.append(link);
    }
    return fresh;
  }

  window.telemetryLive = (text) => {
    const fresh = linked(parsed(text).body.firstElementChild);
    const first = !place.firstElementChild;
    inPlace(document.body, () => {
      if (first) place.append(document.importNode(fresh, true));
      else morph(place.firstElementChild, fresh);
    });
    if (first && page === "index") place.firstElementChild.open = true;
  };

  window.telemetryPage = (text) => {
    const fresh = parsed(text);
    const charts = fresh.getElementById("charts");
    inPlace(document.body, () => {
      morph(document.querySelector(".window"), fresh.querySelector(".window"));
      morph(document.getElementById("main"), fresh.getElementById("main"));
      morph(document.querySelector("body > footer"), fresh.querySelector("body > footer"));
      document.title = fresh.title;
    });
    dispatchEvent(new CustomEvent("telemetry-renewed", { detail: charts ? JSON.parse(charts.textContent) : {} }));
  };

  async function ask() {
    next = 0;
    try {
      await load("build");
      const told = window.telemetryBuild;
      const silent = Date.now() - (told.at || Date.parse(told.built_at)) > STALE;
      place.className = told.over ? "over" : silent ? "stale" : "";
      if (told.live && told.live !== shown) {
        await load("live");
        shown = told.live;
      }
      if (told.built_at !== built) {
        built = told.built_at;
        await load("page-" + page);
      }
      const word = place.querySelector(".pulse");
      if (word) word.textContent = told.over ? "Watch ended" : silent ? "No sign of life from watch" : "Live";
      if (told.over && shown === told.live && built === told.built_at) return;
    } catch {
      // The report is being replaced this moment, or the file is being written: the next second will do.
    }
    next = setTimeout(ask, document.hidden ? HIDDEN : POLL);
  }
  let next = 0;
  document.addEventListener("visibilitychange", () => { if (next && !document.hidden) { clearTimeout(next); next = 0; ask(); } });
  ask();
})();
