// The layered flow messages → model → command → tool of what is chosen: the layout of reporter/site/flow.py.
(() => {
  "use strict";
  const { count, cut, fixed } = window.Telemetry;
  const NAMED_CHARS = 26;
  const WIDTH = 1000, HEIGHT = 300, BAR = 10, GAP = 10, SHOWN = 7, LAYERS = 4;
  const x = (layer) => (layer * (WIDTH - 170 - BAR)) / (LAYERS - 1);

  // Links and nodes with all but the largest names of a layer as `others`.
  function merged(links) {
    const sums = new Map();
    for (const { layer, target, count: n } of links) {
      const at = sums.get(layer + 1) || new Map();
      sums.set(layer + 1, at.set(target, (at.get(target) || 0) + n));
    }
    const kept = new Map([...sums].map(([layer, at]) => [layer, new Set([...at].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, SHOWN).map(([name]) => name))]));
    // What nothing chosen leads to stands as it is.
    const named = (layer, name) => (!layer || !kept.has(layer) || kept.get(layer).has(name) ? name : "others");
    const nodes = new Map();
    const node = (layer, name) => {
      const key = layer + " " + name;
      if (!nodes.has(key)) nodes.set(key, { layer, name, incoming: 0, outgoing: 0, errors: 0, y: 0, used_in: 0, used_out: 0 });
      return nodes.get(key);
    };
    const found = new Map();
    for (const link of links) {
      const [start, end] = [node(link.layer, named(link.layer, link.source)), node(link.layer + 1, named(link.layer + 1, link.target))];
      for (const [failed, n] of [[false, link.count - link.errors], [true, link.errors]]) {
        const key = [link.layer, start.name, end.name, failed].join("\0");
        if (!found.has(key)) found.set(key, { start, end, failed, count: 0 });
        found.get(key).count += n;
      }
      start.outgoing += link.count;
      end.incoming += link.count;
      end.errors += link.errors;
    }
    return [[...found.values()].filter((one) => one.count), [...nodes.values()]];
  }

  // Where a click leads.
  const KINDS = ["", "chat", "command", "tool"];
  const of = (node) => (node.layer && node.name !== "others" ? KINDS[node.layer] + " " + node.name : "");
  const size = (node) => Math.max(node.incoming, node.outgoing);

  function laidOut(links) {
    const [ribbons, nodes] = merged(links);
    const layers = Array.from({ length: LAYERS }, (_, layer) => nodes.filter((node) => node.layer === layer)
      .sort((a, b) => (a.name === "others") - (b.name === "others") || size(b) - size(a) || (a.name < b.name ? -1 : 1)));
    const scales = layers.map((layer) => (HEIGHT - GAP * Math.max(0, layer.length - 1)) / layer.reduce((sum, node) => sum + size(node), 0)).filter(Number.isFinite);
    const scale = scales.length ? Math.min(...scales) : 1;
    for (const layer of layers) {
      let y = 0;
      for (const node of layer) {
        node.y = y;
        y += size(node) * scale + GAP;
      }
    }
    ribbons.sort((a, b) => a.start.layer - b.start.layer || a.start.y - b.start.y || a.end.y - b.end.y || a.failed - b.failed);
    return { links: ribbons.map((one) => ribbon(one, scale)), nodes: layers.flat().map((node) => box(node, scale)) };
  }

  function ribbon({ start, end, count: n, failed }, scale) {
    const width = n * scale;
    const [x1, x2] = [x(start.layer) + BAR, x(end.layer)];
    const [y1, y2] = [start.y + start.used_out + width / 2, end.y + end.used_in + width / 2];
    start.used_out += width;
    end.used_in += width;
    const [middle, ...at] = [(x1 + x2) / 2, x1, y1, x2, y2].map((value) => fixed(value, 1));
    return {
      path: "M" + at[0] + " " + at[1] + "C" + middle + " " + at[1] + " " + middle + " " + at[3] + " " + at[2] + " " + at[3], width: Math.max(1, width), failed,
      tip: start.name + " → " + end.name + ": " + count(n) + (failed ? " failed" : " succeeded"), of: of(end),
    };
  }

  function box(node, scale) {
    const share = node.errors ? ", " + count(node.errors) + " failed (" + fixed((node.errors / node.incoming) * 100, 1) + "%)" : "";
    const [at, height] = [x(node.layer), Math.max(1, size(node) * scale)];
    return {
      x: at, y: node.y, width: BAR, height, lx: at + BAR + 5, ly: node.y + height / 2, align: "left",
      label: cut(node.name, NAMED_CHARS) + " " + count(size(node)), tip: node.name + ": " + count(size(node)) + share, of: of(node),
    };
  }

  const columns = (rows, names) => Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
  window.TelemetryCharts.RECIPES.flow = (chosen) => {
    const { links, nodes } = laidOut(window.TelemetryNotes.flow(chosen));
    return { links: columns(links, ["path", "width", "failed", "tip", "of"]), nodes: columns(nodes, ["x", "y", "width", "height", "label", "lx", "ly", "align", "tip", "of"]) };
  };
})();
