// Tables as CSV, charts as SVG or PNG: what a person takes along. Nothing leaves the page but by the person's own click.
(() => {
  "use strict";
  function button(text, label, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "export";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", action);
    return made;
  }

  function download(name, blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  const page = () => location.pathname.split("/").pop().replace(/\.html$/, "") || "report";

  // A spreadsheet must not take text for a formula; numbers stay numbers.
  function field(text) {
    const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? "'" + text : text;
    return /[",\n\r]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
  }

  function value(cell) {
    if (cell.title && /^\d{4}-\d\d-\d\dT.*Z$/.test(cell.title)) return cell.title;
    return (cell.dataset.v !== undefined && !cell.querySelector("svg") ? cell.dataset.v : cell.textContent).trim().replace(/\s+/g, " ");
  }

  function csv(table) {
    const rows = [table.tHead.rows[0], ...[...table.tBodies[0].rows].filter((row) => !row.hidden)];
    return rows.map((row) => [...row.cells].map((cell) => field(value(cell))).join(",")).join("\r\n") + "\r\n";
  }

  for (const [index, table] of document.querySelectorAll("main table.sortable").entries()) {
    const save = () => download(page() + "-" + (table.id || index + 1) + ".csv", new Blob(["\ufeff", csv(table)], { type: "text/csv" }));
    table.parentElement.after(button("CSV", "Save this table as CSV", save));
  }

  // A picture stands alone: variables of the style sheet become colours.
  function picture(place) {
    const svg = place.querySelector("svg").cloneNode(true);
    const style = getComputedStyle(document.documentElement);
    svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    const text = new XMLSerializer().serializeToString(svg);
    return text.replace(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
  }

  function png(place, name) {
    const image = new Image();
    const { width, height } = place.querySelector("svg").getBoundingClientRect();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width * 2, height * 2];
      const to = canvas.getContext("2d");
      to.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--panel");
      to.fillRect(0, 0, canvas.width, canvas.height);
      to.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => download(name, blob), "image/png");
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(picture(place));
  }

  for (const place of document.querySelectorAll("[data-chart]")) {
    const name = page() + "-" + place.dataset.chart;
    const drawn = (action) => () => { if (place.querySelector("svg")) action(); };
    place.parentElement.querySelector("figcaption").append(
      button("SVG", "Save this chart as SVG", drawn(() => download(name + ".svg", new Blob([picture(place)], { type: "image/svg+xml" })))),
      button("PNG", "Save this chart as PNG", drawn(() => png(place, name + ".png"))),
    );
  }
})();
