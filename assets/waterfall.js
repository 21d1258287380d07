// The rows of a trace: name, lane, time. Of many rows those in view are elements, so that 50,000 answer as 50 do.
window.Telemetry.Waterfall = (() => {
  "use strict";
  const T = window.Telemetry;
  const { el, ms, kind } = T;
  const MANY = 400; // beyond so many rows, records between spans are folded away at first
  const ALL = 600; // up to so many rows are elements all: a browser's own search finds them
  const ON_PAPER = 3000;
  const [HEIGHT, REASON] = [24, 17]; // px, as in report.css
  const BEYOND = 400; // px above and below the screen that are drawn too
  const SIGNS = { error: "✕ ", unfinished: "… " };

  return class Waterfall {
    // `range`: what part of the trace's time lanes show ([from, to] in ms); `onSelect`: told of the chosen node;
    // `signal`: when it is shown no more.
    constructor(view, range, signal, onSelect) {
      Object.assign(this, { view, range, onSelect, folded: new Set(), rows: [], made: new Map(), found: [], selected: null, at: 0 });
      this.showMarks = view.nodes.length + view.marks.length <= MANY;
      this.tree = el("div", { class: "tree", role: "tree", tabindex: "-1", "aria-label": "Spans and records of the trace", keydown: (event) => this.key(event),
        click: (event) => this.click(event) });
      let isAsked = false;
      const soon = () => {
        if (isAsked) return;
        isAsked = true;
        requestAnimationFrame(() => { isAsked = false; if (this.tree.isConnected) this.paint(); });
      };
      for (const name of ["scroll", "resize"]) addEventListener(name, soon, { passive: true, signal });
      addEventListener("beforeprint", () => this.paint(ON_PAPER), { signal });
      addEventListener("afterprint", soon, { signal });
      this.draw();
    }

    isShown(node) {
      return node.span || this.showMarks || node.status === "error";
    }

    // ---- which rows there are
    draw() {
      this.rows = [];
      this.places = new Map();
      let top = 0;
      const walk = (nodes, depth, parent) => {
        const shown = nodes.filter((node) => this.isShown(node));
        shown.forEach((node, i) => {
          node.parent = parent;
          const why = node.status === "error" ? T.why(node) : null;
          const height = why ? HEIGHT + REASON : HEIGHT;
          this.places.set(node, this.rows.length);
          this.rows.push({ node, depth, top, height, why: why && why.message, place: i + 1, of: shown.length, isFoldable: node.children.some((child) => this.isShown(child)) });
          top += height;
          if (!this.folded.has(node)) walk(node.children, depth + 1, node);
        });
      };
      walk(this.view.roots, 1, null);
      this.tree.style.height = top + "px";
      const at = this.places.get(this.selected);
      this.at = at === undefined ? Math.min(this.at, Math.max(0, this.rows.length - 1)) : at;
      this.fresh();
    }

    // The same rows, drawn anew.
    fresh() {
      const hasFocus = this.tree.contains(document.activeElement);
      this.made.clear();
      this.tree.replaceChildren();
      this.paint();
      if (hasFocus && this.made.has(this.at)) this.made.get(this.at).focus({ preventScroll: true });
    }

    // The row at a height, in px from the tree's top.
    rowAt(y) {
      let [low, high] = [0, this.rows.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (this.rows[middle].top <= y) low = middle;
        else high = middle - 1;
      }
      return low;
    }

    // Elements of the rows in view, and of the current one, which holds the focus; in order, none moved.
    paint(all = ALL) {
      if (!this.rows.length) return;
      let [first, last] = [0, this.rows.length - 1];
      if (this.rows.length > all) {
        const top = -this.tree.getBoundingClientRect().top;
        [first, last] = [this.rowAt(top - BEYOND), this.rowAt(top + innerHeight + BEYOND)];
      }
      const isWanted = (i) => (i >= first && i <= last) || i === this.at;
      for (const [i, element] of this.made) if (!isWanted(i)) { element.remove(); this.made.delete(i); }
      let next = this.tree.firstElementChild;
      const put = (i) => {
        let element = this.made.get(i);
        if (element && element === next) { next = next.nextElementSibling; return; }
        element = this.row(this.rows[i], i);
        this.made.set(i, element);
        this.tree.insertBefore(element, next);
      };
      if (this.at < first) put(this.at);
      for (let i = first; i <= last; i++) put(i);
      if (this.at > last) put(this.at);
    }

    row({ node, depth, top, height, why, place, of, isFoldable }, i) {
      const fold = el("span", { class: "twisty", "aria-hidden": "true" }, isFoldable ? (this.folded.has(node) ? "▸" : "▾") : "");
      const sign = SIGNS[node.status] || "";
      const name = el("span", { class: "name" }, fold, kind(node.kind), " ", sign, node.name, this.pages && node.span && Object.hasOwn(this.pages, node.kind + " " + node.name) && el("a", { class: "to-page", href: this.pages[node.kind + " " + node.name], title: "all calls of " + node.name, tabindex: "-1", "aria-hidden": "true" }, "↗"));
      name.style.paddingLeft = Math.min(depth - 1, 12) * 14 + "px";
      const took = T.took(node);
      const said = why ? " → " + why.replace(/\s+/g, " ").slice(0, 400) : "";
      // What is seen, and what only a colour says.
      const label = node.kind + " " + sign + node.name + " " + took + said + (node.status === "error" ? ", failed" : "");
      const title = node.span ? node.name + ": " + took + ", " + ms(node.self) + " self, from +" + ms(node.start) : node.name + (node.isRough ? ", some time in this second" : "");
      const isOn = node === this.selected;
      const element = el("div", { class: "row " + (node.status || "") + (why ? " told" : ""), role: "treeitem", tabindex: i === this.at ? "0" : "-1", "aria-level": depth,
        "aria-posinset": place, "aria-setsize": of, "aria-label": label, title, "aria-selected": String(isOn), "data-row": i,
        "aria-expanded": isFoldable ? String(!this.folded.has(node)) : null },
      name, " ", this.lane(node), " ", el("span", { class: "n" }, took), said && el("span", { class: "why" }, said));
      if (why) element.querySelector(".why").style.paddingLeft = Math.min(depth - 1, 12) * 14 + 15 + "px";
      element.style.top = top + "px";
      element.style.height = height + "px";
      return element;
    }

    lane(node) {
      const [from, to] = this.range();
      const share = (t) => (100 * (t - from)) / (to - from);
      const piece = (cls, a, b, least) => {
        const [left, right] = [Math.max(-1, share(a)), Math.min(101, share(b))];
        if (right < 0 || left > 100) return;
        const made = el("span", { class: cls });
        made.style.left = left + "%";
        if (least) made.style.width = Math.max(least, right - left) + "%";
        lane.append(made);
      };
      const lane = el("span", { class: "lane" });
      if (!node.span) {
        piece("dot " + node.kind + " " + (node.status || "") + (node.isRough ? " rough" : ""), node.start, node.start, 0);
        return lane;
      }
      piece("bar " + node.kind + " " + node.status, node.start, node.end, 0.15);
      // Pieces come from the last to the first; those of one pixel are one: work that was called 10,000 times in between has as many.
      const pixel = (to - from) / 2000;
      let joined = null;
      for (const [a, b] of node.critical) {
        if (b < from || a > to) continue;
        if (joined && joined[0] - b < pixel) joined[0] = Math.min(joined[0], a);
        else {
          if (joined) piece("path", ...joined, 0.1);
          joined = [a, b];
        }
      }
      if (joined) piece("path", ...joined, 0.1);
      return lane;
    }

    // ---- choosing
    click(event) {
      const element = event.target.closest("[data-row]");
      if (!element) return;
      const { node, isFoldable } = this.rows[Number(element.dataset.row)];
      if (event.target.closest(".twisty") && isFoldable) this.fold(node);
      else this.select(node);
    }

    fold(node) {
      if (!this.folded.delete(node)) this.folded.add(node);
      this.draw();
      this.focus(node);
    }

    foldAll(isFolded) {
      this.folded = new Set(isFolded ? this.view.nodes.filter((node) => node.children.length) : []);
      let node = this.selected;
      while (isFolded && node && node.parent) node = node.parent;
      this.draw();
      if (node) this.reveal(this.places.get(node));
    }

    // `isRevealed`: whether the page scrolls there.
    select(node, isRevealed = true) {
      let isHidden = !this.places.has(node);
      if (isHidden && !this.isShown(node)) this.showMarks = true;
      for (let up = node.parent || this.parentOf(node); up; up = up.parent || this.parentOf(up)) isHidden = this.folded.delete(up) || isHidden;
      this.selected = node;
      if (isHidden) this.draw();
      this.focus(node, isRevealed);
      this.onSelect(node);
    }

    // Of what was never a row.
    parentOf(node) {
      if (!this.parents) {
        this.parents = new Map();
        for (const one of this.view.nodes) for (const child of one.children) this.parents.set(child, one);
      }
      return this.parents.get(node);
    }

    // Make a row the current one, with the focus.
    focus(node, isRevealed = true) {
      const to = this.places.get(node);
      if (to === undefined) return;
      for (const i of new Set([this.at, to])) {
        const element = this.made.get(i);
        if (!element) continue;
        element.tabIndex = i === to ? 0 : -1;
        element.setAttribute("aria-selected", String(this.rows[i].node === this.selected));
      }
      this.at = to;
      if (isRevealed) this.reveal(to);
      else this.paint();
      this.made.get(to).focus({ preventScroll: true });
    }

    // Scroll no further than it takes; what is fixed above the rows (minimap and axis) hides none.
    reveal(i) {
      this.paint();
      if (!this.tree.isConnected || i === undefined) return;
      const head = this.tree.previousElementSibling;
      const above = head ? head.getBoundingClientRect().bottom : 0;
      const y = this.tree.getBoundingClientRect().top + this.rows[i].top;
      const hidden = Math.min(Math.max(above, 0), innerHeight / 2);
      if (y < hidden) scrollBy(0, y - hidden - HEIGHT);
      else if (y + this.rows[i].height > innerHeight) scrollBy(0, y + this.rows[i].height - innerHeight + HEIGHT);
      this.paint();
    }

    // The next of `nodes` in the order shown, from the selected one on.
    step(nodes, by) {
      if (!nodes.length) return;
      const index = nodes.indexOf(this.selected);
      this.select(nodes[index < 0 ? (by > 0 ? 0 : nodes.length - 1) : (index + by + nodes.length) % nodes.length]);
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const row = this.rows[this.at];
      const node = row && row.node;
      const go = (to) => to && this.select(to.node);
      const page = Math.max(1, Math.floor(innerHeight / HEIGHT) - 6);
      const near = (by) => this.rows[Math.max(0, Math.min(this.rows.length - 1, this.at + by))];
      const actions = {
        ArrowDown: () => go(this.rows[this.at + 1]), ArrowUp: () => go(this.rows[this.at - 1]), Home: () => go(this.rows[0]), End: () => go(this.rows[this.rows.length - 1]),
        PageDown: () => go(near(page)), PageUp: () => go(near(-page)),
        ArrowRight: () => node && (this.folded.has(node) ? this.fold(node) : row.isFoldable && go(this.rows[this.at + 1])),
        ArrowLeft: () => node && (row.isFoldable && !this.folded.has(node) ? this.fold(node) : node.parent && this.select(node.parent)),
        Enter: () => { if (node) this.select(node); document.getElementById("details").focus(); },
      };
      if (!actions[event.key]) return;
      event.preventDefault();
      actions[event.key]();
    }

    search(text) {
      const wanted = text.trim().toLowerCase();
      const textOf = (node) => (node.text = node.text || (node.name + " " + JSON.stringify(node.span || "") + JSON.stringify(node.events)).toLowerCase());
      this.found = wanted ? [...this.view.nodes, ...this.view.marks].filter((node) => textOf(node).includes(wanted)).sort((a, b) => a.start - b.start) : [];
      return this.found.length;
    }
  };
})();
