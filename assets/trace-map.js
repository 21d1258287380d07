// The time of a trace: its axis, the whole in small, and what part of it is shown; a part is chosen by dragging.
window.Telemetry.timeMap = (() => {
  "use strict";
  const T = window.Telemetry;
  const { el, ms } = T;
  const DRAGGED = 4; // px: less is a click
  const [WIDE, HIGH] = [1000, 48];

  // Where a drag began and ended, in shares of a lane's width. `laneOf`: the lane an event is on, if any; `signal`: when to hear no more.
  function dragging(place, laneOf, signal, done) {
    let from = null;
    let hasDragged = false;
    const band = el("div", { class: "brush", hidden: "" });
    place.append(band);
    const share = (event, lane) => Math.max(0, Math.min(1, (event.clientX - lane.left) / lane.width));
    const ends = (event, lane) => [Math.min(from.share, share(event, lane)), Math.max(from.share, share(event, lane))];
    const isDrag = (event) => Math.abs(event.clientX - from.x) >= DRAGGED;
    place.addEventListener("pointerdown", (event) => {
      hasDragged = false;
      const lane = laneOf(event);
      if (event.button === 0 && lane) from = { x: event.clientX, share: share(event, lane.getBoundingClientRect()), lane };
    });
    place.addEventListener("pointermove", (event) => {
      if (!from || !isDrag(event)) return;
      const lane = from.lane.getBoundingClientRect();
      const [a, b] = ends(event, lane);
      band.hidden = false;
      band.style.left = lane.left - place.getBoundingClientRect().left + a * lane.width + "px";
      band.style.width = (b - a) * lane.width + "px";
      event.preventDefault();
    });
    addEventListener("pointerup", (event) => {
      if (!from) return;
      const told = isDrag(event) ? ends(event, from.lane.getBoundingClientRect()) : null;
      from = null;
      band.hidden = true;
      if (!told) return;
      hasDragged = true;
      done(told);
    }, { signal });
    // What a drag ends on is not clicked.
    place.addEventListener("click", (event) => { if (hasDragged) event.stopImmediatePropagation(); }, { capture: true });
  }

  function minimap(view, shown, signal, onZoom, onGo) {
    const NS = "http://www.w3.org/2000/svg";
    const nodes = [...view.nodes].sort((a, b) => a.start - b.start);
    const high = Math.max(12, Math.min(HIGH, nodes.length * 6));
    const picture = document.createElementNS(NS, "svg");
    picture.setAttribute("viewBox", "0 0 " + WIDE + " " + high);
    picture.setAttribute("preserveAspectRatio", "none");
    picture.style.height = high + "px";
    // One path a colour; of rows that share a line of pixels, pieces that touch are one.
    const thick = Math.max(1, high / Math.max(1, nodes.length) - 0.5);
    const paths = {};
    nodes.forEach((node, i) => {
      const name = node.kind + " " + node.status;
      const y = Math.floor((high * i) / nodes.length / (thick > 1 ? 0.25 : 1)) * (thick > 1 ? 0.25 : 1);
      const x = Math.floor((WIDE * node.start) / view.total);
      const width = Math.max(2, Math.ceil((WIDE * (node.end - node.start)) / view.total));
      const pieces = (paths[name] = paths[name] || []);
      const last = pieces[pieces.length - 1];
      if (last && last.y === y && x <= last.x + last.width) last.width = Math.max(last.width, x + width - last.x);
      else pieces.push({ x, y, width });
    });
    for (const [name, pieces] of Object.entries(paths).sort(([a], [b]) => a.endsWith("error") - b.endsWith("error"))) {
      const path = document.createElementNS(NS, "path");
      path.setAttribute("d", pieces.map(({ x, y, width }) => "M" + x + " " + y + "h" + width + "v" + thick + "h-" + width + "z").join(""));
      path.setAttribute("class", "fill " + name);
      picture.append(path);
    }
    const shades = [0, 1].map(() => el("span", { class: "shade" }));
    const place = el("div", { class: "minimap panel", role: "img", "aria-label": "All spans in small; a click goes there, dragging shows a part of the time" }, picture, shades);
    place.addEventListener("click", (event) => {
      const box = picture.getBoundingClientRect();
      const at = Math.floor(((event.clientY - box.top) / box.height) * nodes.length);
      if (nodes.length) onGo(nodes[Math.max(0, Math.min(nodes.length - 1, at))]);
    });
    dragging(place, () => picture, signal, ([a, b]) => onZoom(a * view.total, b * view.total));
    const put = () => {
      const [from, to] = shown();
      shades[0].style.width = (100 * from) / view.total + "%";
      shades[1].style.left = (100 * to) / view.total + "%";
      shades[1].style.width = 100 - (100 * to) / view.total + "%";
    };
    put();
    return { place, put };
  }

  // Close by, more digits tell ticks apart.
  function tickOf(t, step, end) {
    const [unit, name] = end < 1000 ? [1, " ms"] : [1000, " s"];
    return (t / unit).toFixed(Math.max(0, Math.min(6, Math.ceil(-Math.log10(step / unit))))) + name;
  }

  function axis(view, shown) {
    const lane = el("span", { class: "lane" });
    const place = el("div", { class: "axis", "aria-hidden": "true" }, el("span", {}), lane, el("span", {}));
    const put = () => {
      const [from, to] = shown();
      const share = (t) => (100 * (t - from)) / (to - from) + "%";
      lane.replaceChildren();
      const add = (made, left) => { made.style.left = left; lane.append(made); return made; };
      const step = (to - from) / 4;
      const texts = [0, 1, 2, 3, 4].map((i) => (to - from < view.total ? tickOf(from + step * i, step, to) : ms(step * i)));
      // The last stands before its line, and may need the room of the one before it.
      texts.forEach((text, i) => { if (i !== 3 || texts[4].length + text.length < 16) add(el("span", { class: "tick t" + i }, text), 25 * i + "%"); });
      for (const [a, b] of view.gaps) {
        const [start, end] = [Math.max(a, from), Math.min(b, to)];
        if (start < end) add(el("span", { class: "gap", title: "nothing recorded for " + ms(b - a) }), share(start)).style.width = (100 * (end - start)) / (to - from) + "%";
      }
    };
    put();
    return { place, put };
  }

  // What lines, hatching and dots mean.
  function legend(view) {
    const has = (status) => [...view.nodes, ...view.marks].some((node) => node.status === status);
    const sign = (cls) => el("i", { class: "sign " + cls });
    return el("ul", { class: "legend signs", "aria-label": "What the signs mean" }, [
      [sign("path"), "decided when it ended (critical path)"], has("error") && [sign("bar error"), "failed"], has("unfinished") && [sign("bar unfinished"), "never ended"],
      view.gaps.length > 0 && [sign("gap"), "nothing recorded"], view.marks.length > 0 && [sign("dot"), "a record between"],
      view.marks.some((mark) => mark.isRough) && [sign("dot rough"), "≈ some time in that second"],
    ].filter(Boolean).map(([mark, text]) => el("li", {}, mark, " ", text)));
  }

  return { dragging, minimap, axis, legend };
})();
