// What every page does: draw charts when they come into view, sort tables. Text only ever by textContent.
(() => {
  "use strict";
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.body.append(tip);

  function showTip(_, event, item, value) {
    tip.hidden = !(value && value.tip);
    if (tip.hidden) return;
    tip.textContent = value.tip;
    tip.style.left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.max(4, event.clientY - tip.offsetHeight - 10) + "px";
  }

  const rows = (columns) => {
    const names = Object.keys(columns);
    return columns[names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
  };

  // The charts' data by name, and of those that are drawn, what draws them again.
  let charts = {};
  const drawn = {};

  const asleep = new Map();
  const waker = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      const put = asleep.get(target);
      asleep.delete(target);
      waker.unobserve(target);
      if (put) put();
    }
  });

  // Series that a legend has switched off, by chart.
  const off = {};

  function draw(place, chart) {
    const { parse, View, interpreter } = window.VegaRuntime;
    const name = place.dataset.chart;
    const spec = structuredClone(window.telemetrySpecs[chart.spec]);
    spec.height = chart.height;
    spec.signals = [...Object.entries(chart.signals).map(([key, value]) => ({ name: key, value })), ...(spec.signals || [])];
    const label = place.getAttribute("aria-label");
    const view = new View(parse(spec, null, { ast: true }), {
      expr: interpreter, renderer: "svg", container: place, hover: true,
    });
    view.tooltip(showTip);
    const choice = document.querySelector('[data-choose="' + name + '"]');
    off[name] = new Set();
    const nothing = place.appendChild(document.createElement("p"));
    nothing.className = "soft";
    const fill = () => {
      const now = charts[name];
      const whole = (choice && now.choices[choice.value]) || now.data;
      const fitting = window.TelemetryCharts.data(name, choice && choice.value);
      const chosen = Object.entries(fitting || whole).map(([set, columns]) => [set, rows(columns)]);
      // A legend names what the filter left.
      const left = fitting && new Set(chosen.flatMap(([, all]) => all.map((row) => row.series)));
      for (const item of document.querySelectorAll('[data-legend="' + name + '"] > li')) item.hidden = Boolean(left) && !left.has(item.dataset.series);
      const shown = chosen.map(([set, all]) => [set, all.filter((row) => !off[name].has(row.series))]);
      // The scales of nothing have no ends: behind the words stands, unseen, the whole.
      const isNothing = shown.every(([, all]) => !all.length);
      for (const [set, all] of isNothing ? Object.entries(whole).map(([set, columns]) => [set, rows(columns)]) : shown) view.data(set, all);
      for (const [key, value] of Object.entries(now.signals)) view.signal(key, value);
      nothing.textContent = !isNothing ? "" : chosen.some(([, all]) => all.length) ? "All its series are switched off." : fitting ? "Nothing fits the filter." : "No data.";
      place.classList.toggle("nothing", isNothing);
      place.setAttribute("aria-label", label + (isNothing ? ". " + nothing.textContent : ""));
    };
    // What is not to be seen has no width to be drawn in: it is drawn again when it comes into view.
    const put = () => {
      if (place.clientWidth) {
        fill();
        view.runAsync();
        return;
      }
      asleep.set(place, put);
      waker.observe(place);
    };
    drawn[name] = put;
    if (choice) {
      choice.parentElement.hidden = false;
      choice.addEventListener("change", () => { put(); ownPage(choice); });
    }
    legend(name, put);
    fill();
    return view.runAsync().then(() => {
      // The place itself is the picture, and has a name; Vega says otherwise.
      place.setAttribute("role", "img");
      place.removeAttribute("aria-roledescription");
      place.querySelector("svg").setAttribute("aria-hidden", "true");
      if (window.telemetryBrush && Object.values(chart.data).some((set) => set.t)) window.telemetryBrush(place, view);
      window.telemetryLead(place, view, chart);
      place.setAttribute("data-drawn", "");
    });
  }

  // The page of the operation that is chosen beside a chart.
  function ownPage(choice) {
    const beside = choice.parentElement;
    for (const link of beside.parentElement.querySelectorAll(".own-page")) link.remove();
    window.Telemetry.data("operation-pages").then((pages) => {
      if (Object.hasOwn(pages, choice.value)) beside.after(window.Telemetry.el("a", { class: "own-page added", href: pages[choice.value] }, "its page"));
    }).catch(() => {});
  }

  // A click on a name takes its series away, and brings it back.
  function legend(chart, put) {
    const list = document.querySelector('[data-legend="' + chart + '"]');
    if (!list) return;
    list.replaceChildren(...charts[chart].legend.map(([series, name]) => {
      const [item, button, colour] = ["li", "button", "i"].map((tag) => document.createElement(tag));
      item.dataset.series = series;
      button.type = "button";
      button.setAttribute("aria-pressed", String(!off[chart].has(series)));
      colour.className = "swatch " + series;
      button.append(colour, name);
      button.addEventListener("click", () => {
        if (!off[chart].delete(series)) off[chart].add(series);
        button.setAttribute("aria-pressed", String(!off[chart].has(series)));
        put();
      });
      item.append(button);
      return item;
    }));
  }

  const holder = document.getElementById("charts");
  if (holder && window.VegaRuntime) {
    charts = JSON.parse(holder.textContent);
    window.TelemetryCharts.know(charts, drawn);
    const waiting = new Set(document.querySelectorAll("[data-chart]"));
    const begin = (place) => {
      watcher.unobserve(place);
      if (waiting.delete(place)) draw(place, charts[place.dataset.chart]);
    };
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) begin(entry.target);
    }, { rootMargin: "200px" });
    for (const place of waiting) watcher.observe(place);
    // On paper all of them are in view.
    addEventListener("beforeprint", () => [...waiting].filter((place) => place.clientWidth).forEach(begin));
  }

  function sortBy(table, index, header) {
    const descending = header.getAttribute("aria-sort") !== "descending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    sort(table, index, descending);
  }

  function sort(table, index, descending) {
    const key = (row) => {
      const cell = row.cells[index];
      if (!cell) return "";
      if (cell.dataset.v === undefined) return cell.textContent.toLowerCase();
      return cell.dataset.v === "" ? -Infinity : Number(cell.dataset.v);
    };
    const order = [...table.tBodies[0].rows].map((row) => [key(row), row]);
    order.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (descending ? -1 : 1));
    table.tBodies[0].append(...order.map(([, row]) => row));
  }

  for (const table of document.querySelectorAll("table.sortable")) sortable(table);

  function sortable(table) {
    [...table.tHead.rows[0].cells].forEach((header, index) => {
      const button = document.createElement("button");
      // On paper it stands for the button: a head that holds one is not repeated on the next page.
      header.dataset.name = button.textContent = header.textContent;
      button.addEventListener("click", () => sortBy(table, index, header));
      header.replaceChildren(button);
    });
  }

  function sortAgain(table) {
    const header = table.tHead.querySelector("[aria-sort]");
    if (header) sort(table, header.cellIndex, header.getAttribute("aria-sort") === "descending");
  }
  addEventListener("telemetry-rows", ({ target }) => sortAgain(target));

  // A watch has renewed the page's numbers: what was chosen holds for the new rows too.
  addEventListener("telemetry-renewed", ({ detail }) => {
    for (const [name, chart] of Object.entries(detail)) {
      charts[name] = chart;
      if (!drawn[name]) continue;
      drawn[name]();
      legend(name, drawn[name]);
    }
    for (const table of document.querySelectorAll("table.sortable")) {
      if (!table.tHead.querySelector("button")) sortable(table);
      else sortAgain(table);
    }
  });

  function openTarget() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  }
  addEventListener("hashchange", openTarget);
  openTarget();
})();
