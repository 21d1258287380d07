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

  // ---- a table as columns: a badge and what it stands before apart, numbers in the unit that the head names
  const SIGNS = /^[✓✕…▲▼=] /;
  const APART = { State: ".new", Kind: ".kind", Message: ".msg" };
  const UNITS = [["ms", /^[\d.,]+ (ms|s|min .*|h .*)$/], ["0–1", /^[\d.,]+ %$/], ["bytes", /^[\d.,]+ [kMG]?B$/], ["USD", /^\$[\d.,]+$/]];
  const plain = (node) => node.textContent.trim().replace(/\s+/g, " ");

  // {"": what a cell says, State, Kind, Message: what stands in it beside that}, and the unit of its number.
  function parts(cell) {
    const own = cell.cloneNode(true);
    for (const line of own.querySelectorAll("br")) line.replaceWith(" ");
    const found = {};
    const badges = Object.entries(APART).filter(([, selector]) => own.querySelector(selector));
    const isAlone = badges.length === 1 && badges[0][0] !== "State" && [...own.querySelectorAll(badges[0][1])].map(plain).join("") === own.textContent.replace(/\s+/g, "");
    for (const [name, selector] of isAlone ? [] : badges) {
      const told = [...own.querySelectorAll(selector)];
      found[name] = told.map(plain).join(" ");
      told.forEach((node) => node.remove());
    }
    if (/^\d{4}-\d\d-\d\dT.*Z$/.test(cell.title)) return { ...found, "": cell.title, unit: "UTC" };
    // Ids are cut off to be shown.
    for (const link of own.querySelectorAll('a.mono[href^="trace.html#"], a.mono[href^="#t-"]')) {
      try { link.textContent = decodeURIComponent(link.hash.replace(/^#(t-)?/, "")); } catch { /* as it stands */ }
    }
    const text = plain(own).replace(SIGNS, "");
    if (cell.dataset.v === undefined) return { ...found, "": text };
    own.querySelectorAll(".soft").forEach((node) => node.remove());
    const unit = UNITS.find(([, form]) => form.test(plain(own)));
    // A line of bars says nothing in words.
    return { ...found, "": cell.querySelector("svg") && !text ? "" : cell.dataset.v, unit: unit && unit[0] };
  }

  function csv(table) {
    const heads = [...table.tHead.rows[0].cells].map(plain);
    const shown = [...table.tBodies[0].rows].filter((row) => !row.hidden && row.cells.length === heads.length);
    const rows = shown.map((row) => [...row.cells].map(parts));
    const columns = heads.flatMap((head, n) => {
      const cells = rows.map((row) => row[n]);
      const unit = cells.map((cell) => cell.unit).find(Boolean);
      const beside = Object.keys(APART).filter((name) => cells.some((cell) => cell[name] !== undefined));
      const column = (name, title) => ({ title, values: cells.map((cell) => cell[name] || "") });
      const own = column("", unit ? head + " (" + unit + ")" : head);
      // Colours and lines of bars are no column.
      const isEmpty = rows.length > 0 && !own.values.some(Boolean) && shown.every((row) => row.cells[n].querySelector("svg, .swatch") || !plain(row.cells[n]));
      return [...beside.filter((name) => name !== "Message").map((name) => column(name, name)), ...(isEmpty ? [] : [own]), ...beside.filter((name) => name === "Message").map((name) => column(name, name))];
    });
    const keys = shown.map((row) => /^g-(\w+)$/.exec(row.id || row.dataset.key || ""));
    if (keys.some(Boolean) && !heads.includes("Fingerprint")) columns.unshift({ title: "Fingerprint", values: keys.map((key) => (key ? key[1] : "")) });
    const lines = [columns.map(({ title }) => title), ...shown.map((_, i) => columns.map(({ values }) => values[i]))];
    return lines.map((cells) => cells.map(field).join(",")).join("\r\n") + "\r\n";
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
    // Reached in the order in which they are seen.
    const both = document.createElement("span");
    both.className = "exports";
    place.parentElement.querySelector("figcaption").append(both);
    both.append(
      button("PNG", "Save this chart as PNG", drawn(() => png(place, name + ".png"))),
      button("SVG", "Save this chart as SVG", drawn(() => download(name + ".svg", new Blob([picture(place)], { type: "image/svg+xml" })))),
    );
  }
})();
