// One filter for all pages, kept in the address behind the # and carried by the navigation: kind, status, text, period.
(() => {
  "use strict";
  const KEYS = ["kind", "status", "q", "since", "until"];
  const bar = document.getElementById("page-filters");
  const hash = () => (location.hash.includes("=") && !document.getElementById("trace") ? location.hash.slice(1) : "");
  const state = () => new URLSearchParams([...new URLSearchParams(hash())].filter(([key, value]) => KEYS.includes(key) && value));

  function carry() {
    const kept = state().toString();
    for (const link of document.querySelectorAll(".top nav a")) link.hash = kept;
  }

  const items = () => document.querySelectorAll("main table.sortable > tbody > tr, main ul.rows > li");

  // Where an item says nothing about it (no kind, no time), it is not filtered by it.
  function fits(item, wanted) {
    const kinds = item.querySelectorAll(".kind");
    if (wanted.get("kind") && kinds.length && ![...kinds].some((kind) => kind.classList.contains(wanted.get("kind")))) return false;
    const status = item.querySelector(".status");
    if (wanted.get("status") && status && !status.classList.contains(wanted.get("status"))) return false;
    if (wanted.get("q") && !item.textContent.toLowerCase().includes(wanted.get("q").toLowerCase())) return false;
    if (wanted.get("since")) {
      const times = [...item.querySelectorAll("[title]")].map((cell) => Date.parse(cell.title)).filter((time) => !Number.isNaN(time));
      const [since, until] = [Number(wanted.get("since")), Number(wanted.get("until"))];
      if (times.length && !times.some((time) => time >= since && time < until)) return false;
    }
    return true;
  }

  function apply() {
    carry();
    if (!bar) return;
    const wanted = state();
    let hidden = 0;
    for (const item of items()) {
      item.hidden = !fits(item, wanted);
      hidden += item.hidden;
    }
    for (const name of ["kind", "status", "q"]) bar.elements[name].value = wanted.get(name) || "";
    const period = wanted.get("since") ? "only " + said(Number(wanted.get("since"))) + " – " + said(Number(wanted.get("until"))) + " · " : "";
    document.getElementById("filter-note").textContent = period + (hidden ? hidden + " rows hidden" : "");
    document.getElementById("filter-clear").hidden = !wanted.toString();
  }

  const said = (time) => new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: bar.dataset.zone }).format(time);

  function set(wanted) {
    const text = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value)).toString();
    history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
    apply();
  }

  // ---- a period chosen by dragging over a chart of time
  window.telemetryBrush = (place, view, times) => {
    if (!bar) return;
    const box = document.createElement("div");
    box.className = "brush";
    box.hidden = true;
    place.append(box);
    const x = (event) => event.clientX - place.getBoundingClientRect().left;
    let from = null;
    place.addEventListener("pointerdown", (event) => { if (event.button === 0) from = x(event); });
    place.addEventListener("pointermove", (event) => {
      if (from === null) return;
      box.hidden = Math.abs(x(event) - from) < 4;
      box.style.left = Math.min(from, x(event)) + "px";
      box.style.width = Math.abs(x(event) - from) + "px";
    });
    addEventListener("pointerup", (event) => {
      if (from === null) return;
      const [left, right] = [Math.min(from, x(event)), Math.max(from, x(event))].map((at) => view.scale("x").invert(at - view.origin()[0]).valueOf());
      from = null;
      if (box.hidden) return;
      box.hidden = true;
      const inside = times.t.map((_, i) => i).filter((i) => times.t2[i] > left && times.t[i] < right);
      if (!inside.length) return;
      const since = Math.min(...inside.map((i) => times.t[i]));
      const until = Math.max(...inside.map((i) => times.t2[i]));
      set({ ...Object.fromEntries(state()), since, until });
    });
  };

  if (bar) {
    bar.hidden = false;
    bar.addEventListener("submit", (event) => event.preventDefault());
    bar.addEventListener("input", () => {
      const { since, until } = Object.fromEntries(state());
      set({ kind: bar.elements.kind.value, status: bar.elements.status.value, q: bar.elements.q.value, since, until });
    });
    document.getElementById("filter-clear").addEventListener("click", () => set({}));
  }
  addEventListener("hashchange", apply);
  addEventListener("telemetry-renewed", () => { if (hash()) apply(); });
  addEventListener("telemetry-filter", carry);
  if (hash()) apply();
})();
