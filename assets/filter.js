// One filter for all pages: what is chosen stands in the form, behind the # of the address, and in the navigation's links. In a report of
// one file the address names the page, and the form alone keeps it.
(() => {
  "use strict";
  const { el, data, clocks } = window.Telemetry;
  const { decoded, choose, isFound } = window.TelemetrySelection;
  const SHARED = ["host", "kind", "status", "operation", "q", "since", "until"];
  const form = document.getElementById("page-filters");
  const isOneFile = Boolean(document.querySelector("section.page"));
  const isTrace = Boolean(document.getElementById("trace"));
  const address = () => new URLSearchParams(location.hash.includes("=") && !isTrace && !isOneFile ? location.hash.slice(1) : "");

  function carry(wanted) {
    if (isOneFile) return;
    const kept = new URLSearchParams(Object.entries(wanted).filter(([name]) => SHARED.includes(name))).toString();
    for (const link of document.querySelectorAll(".top nav a, [data-carry]")) link.hash = kept;
  }
  if (!form) {
    // What other pages' filter is goes on through this one.
    const pass = () => carry(Object.fromEntries(address()));
    for (const name of ["hashchange", "telemetry-filter"]) addEventListener(name, pass);
    return pass();
  }

  const note = document.getElementById("filter-note");
  const chips = document.getElementById("filter-chips");
  const { moment } = clocks(form.dataset.zone);
  const [start, end, step] = ["start", "end", "step"].map((name) => Number(form.dataset[name]));
  const state = () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));

  function fill(from) {
    const operation = from.get("operation");
    if (operation) known([operation]);
    for (const field of form.elements) if (field.name) field.value = from.get(field.name) || "";
    // An address may have been typed or cut: half a period goes to the window's end, what is none is none.
    if (!from.get("since") && !from.get("until")) return;
    const [since, until] = [Number(from.get("since") || start), Number(from.get("until") || end)];
    const isPeriod = since < until && Math.max(-since, until) < 8.64e15;
    form.elements.since.value = isPeriod ? since : "";
    form.elements.until.value = isPeriod ? until : "";
  }

  // ---- the operations to choose from, known when the data is
  function known(names) {
    const list = form.elements.operation;
    const there = new Set([...list.options].map((option) => option.value));
    list.append(...names.filter((name) => !there.has(name)).map((name) => el("option", { value: name }, name)));
  }

  let held = null;
  let source = null;
  async function loaded() {
    const told = await data("operations");
    if (told !== source) {
      held = decoded(told);
      source = told;
      known(held.operations.filter((one) => one.type && one.type !== "root").map((one) => one.kind + " " + one.operation).sort());
    }
    return held;
  }
  for (const name of ["focusin", "pointerenter"]) form.addEventListener(name, () => loaded().catch(() => {}), { once: true });

  // ---- what is on, each with a button that takes it off
  function showChips(wanted) {
    const words = { host: "host", kind: "kind", status: "status", operation: "operation", q: "text", min: "at least" };
    const chosen = Object.entries(words).filter(([name]) => wanted[name]).map(([name, word]) => [[name], word + ": " + said(name, wanted[name])]);
    if (wanted.since) chosen.push([["since", "until"], moment(Number(wanted.since)) + " – " + moment(Number(wanted.until))]);
    const takeOff = (names) => () => {
      off(names);
      (chips.querySelector("button") || form.elements.kind).focus();
    };
    chips.replaceChildren(...chosen.map(([names, text]) => el("button", { type: "button", class: "chip", click: takeOff(names), "aria-label": "take off: " + text }, text, el("span", { class: "take-off" }, " ✕"))));
    if (chosen.length > 1) chips.append(el("button", { type: "button", id: "filter-clear", click: takeOff(chosen.flatMap(([names]) => names)) }, "Clear all"));
  }

  function off(names) {
    for (const name of names) form.elements[name].value = "";
    changed();
  }

  function said(name, value) {
    const option = form.elements[name].selectedOptions;
    return option && option[0] ? option[0].textContent : "“" + value + "”";
  }

  // ---- applying it
  let turn = 0;
  async function apply() {
    const wanted = state();
    const mine = ++turn;
    carry(wanted);
    period.show();
    showChips(wanted);
    const isOn = SHARED.some((name) => wanted[name]);
    dispatchEvent(new CustomEvent("telemetry-filter", { detail: wanted }));
    try {
      const chosen = isOn ? await selection(wanted) : null;
      if (mine !== turn) return;
      note.textContent = chosen ? window.TelemetryFollow.show(chosen) : "";
      if (!chosen) window.TelemetryFollow.restore();
      window.telemetryChosen = chosen;
      dispatchEvent(new CustomEvent("telemetry-chosen", { detail: chosen }));
    } catch (problem) {
      note.textContent = "The filter does not work here: " + problem.message + ".";
    }
    form.setAttribute("data-applied", new URLSearchParams(wanted).toString());
  }

  async function selection(wanted) {
    const all = await loaded();
    const chosen = choose(all, wanted);
    if (isFound(chosen)) return chosen;
    // Another id (of a message, a conversation, a command's execution) leads to the traces that bear it.
    const ids = await data("trace-ids").catch(() => ({}));
    const text = wanted.q.trim();
    return Object.hasOwn(ids, text) ? choose(all, wanted, ids[text]) : chosen;
  }

  function changed() {
    const text = new URLSearchParams(state()).toString();
    if (!isOneFile) history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
    return apply();
  }

  // ---- a period chosen by dragging over a chart of time or by a click on a bar; it stays there as a band
  const period = window.Telemetry.period(form, moment, { start, end, step }, () => changed(), (why) => { note.textContent = why; });
  const zoom = period.choose;

  const bands = [];
  window.telemetryBrush = (place, view) => {
    const band = el("div", { class: "brush", hidden: "" });
    place.append(band);
    place.dataset.brush = "";
    const caption = place.parentElement.querySelector("figcaption");
    if (caption && !caption.querySelector(".hint")) caption.append(el("span", { class: "hint added soft" }, "drag to zoom"));
    const x = (event) => event.clientX - place.getBoundingClientRect().left;
    const box = (left, right) => {
      band.hidden = !(right > left);
      band.style.left = left + "px";
      band.style.width = right - left + "px";
    };
    const put = () => {
      const wanted = state();
      if (!wanted.since) return box(0, 0);
      const scale = view.scale("x");
      const edges = scale.range();
      const [left, right] = [wanted.since, wanted.until].map((t) => Math.max(edges[0], Math.min(edges[1], scale(Number(t)))) + view.origin()[0]);
      return box(left, right);
    };
    bands.push(put);
    view.addSignalListener("width", () => view.runAfter(put));
    put();
    let from = null;
    place.addEventListener("pointerdown", (event) => { if (event.button === 0) from = x(event); });
    place.addEventListener("pointermove", (event) => {
      if (from !== null && Math.abs(x(event) - from) >= 4) box(Math.min(from, x(event)), Math.max(from, x(event)));
    });
    addEventListener("pointerup", (event) => {
      if (from === null) return;
      const moved = Math.abs(x(event) - from) >= 4;
      const [left, right] = [Math.min(from, x(event)), Math.max(from, x(event))].map((at) => view.scale("x").invert(at - view.origin()[0]).valueOf());
      from = null;
      if (!moved) return;
      // Whole buckets of the window, so that bars and figures are of the same.
      if (!zoom(left, right)) put();
    });
  };
  addEventListener("telemetry-chosen", () => bands.forEach((put) => put()));

  // What is drawn leads to a part of the report.
  function take(name, value) {
    if (name === "operation") known([value]);
    form.elements[name].value = value;
    return changed();
  }
  const kinds = [...form.elements.kind.options].map(({ value }) => value).filter(Boolean);
  window.TelemetryFilter = { zoom, choose: take, kinds, start, end, zone: form.dataset.zone };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", changed);
  addEventListener("telemetry-set", changed);
  addEventListener("hashchange", () => { if (!isOneFile) { fill(address()); apply(); } });
  addEventListener("telemetry-renewed", () => {
    window.TelemetryFollow.forget();
    if (window.telemetryChosen) window.TelemetryFollow.show(window.telemetryChosen);
    apply();
  });
  if (!isOneFile) fill(address());
  // The scripts behind this one draw what is chosen.
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", apply);
  else queueMicrotask(apply);
})();
