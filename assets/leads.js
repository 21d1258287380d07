// What is drawn leads to what it is of: a bar or a point of time to its period, a cell of an operation, or its place in the flow of messages, to
// the operation's page, a bar of a kind's durations to that kind.
(() => {
  "use strict";
  const { data } = window.Telemetry;
  const HOUR = 3600000;
  // What leads somewhere else than to a period, by what a mark's datum holds.
  const isOf = (datum) => datum.of || (datum.row && datum.row.includes(" ") ? datum.row : null);

  function toOperation(named) {
    return data("operation-pages").then((pages) => {
      if (!Object.hasOwn(pages, named)) throw new Error("no page");
      location.href = pages[named];
    }).catch(() => window.TelemetryFilter && window.TelemetryFilter.choose("operation", named));
  }

  // The latest such hour of the window.
  function toHour(weekday, hour) {
    const { zoom, start, end, zone } = window.TelemetryFilter;
    const clock = new Intl.DateTimeFormat("en", { weekday: "long", hour: "numeric", hourCycle: "h23", timeZone: zone });
    for (let t = Math.floor(end / HOUR) * HOUR; t + HOUR > start; t -= HOUR) {
      const told = Object.fromEntries(clock.formatToParts(t).map(({ type, value }) => [type, value]));
      if (told.weekday === weekday && Number(told.hour) === hour) return zoom(t, t + HOUR);
    }
    return false;
  }

  function follow(datum, chart) {
    const filter = window.TelemetryFilter;
    if (isOf(datum)) return toOperation(isOf(datum));
    if (!filter) return null;
    if (datum.t) return filter.zoom(datum.t, datum.t2 || datum.t + chart.signals.step);
    if (datum.row) return toHour(datum.row, datum.hour);
    if (datum.low_ms && filter.kinds.includes(datum.series)) return filter.choose("kind", datum.series);
    return null;
  }

  window.telemetryLead = (place, view, chart) => {
    place.dataset.leads = "";
    view.addEventListener("click", (_, item) => { if (item && item.datum && item.mark.marktype !== "line") follow(item.datum, chart); });
  };
})();
