"""The layout of the layered flow messages → model → command → tool."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from reporter.format import words
from reporter.site.context import Chart, chart, rows

WIDTH, HEIGHT, _BAR, _GAP, _SHOWN, _LAYERS = 1000.0, 300.0, 10.0, 10.0, 7, 4
# What has room beside a bar of the last layer.
_NAMED_CHARS = 26
_KINDS = ("", "chat", "command", "tool")


@dataclass
class _Node:
    layer: int
    name: str
    incoming: float = 0
    outgoing: float = 0
    errors: int = 0
    y: float = 0
    used_in: float = field(default=0)
    used_out: float = field(default=0)

    @property
    def size(self) -> float:
        return max(self.incoming, self.outgoing)


def flow_chart(links: pd.DataFrame) -> Chart:
    """Of `Chat.flow`: bars as high as what passes them, ribbons between; failures of the target in red beside its successes."""
    merged, nodes = _merged(links)
    layers = [[n for n in nodes.values() if n.layer == layer] for layer in range(_LAYERS)]
    for layer in layers:
        layer.sort(key=lambda n: (n.name == "others", -n.size, n.name))
    room = [HEIGHT - _GAP * max(0, len(layer) - 1) for layer in layers]
    sizes = [sum(n.size for n in layer) for layer in layers]
    scale = min((r / s for r, s in zip(room, sizes, strict=True) if s), default=1.0)
    for layer in layers:
        y = 0.0
        for node in layer:
            node.y = y
            y += node.size * scale + _GAP

    def place(key: tuple[int, str, str, bool]) -> tuple[int, float, float, bool]:
        layer, source, target, failed = key
        return layer, nodes[layer, source].y, nodes[layer + 1, target].y, failed

    ribbons = [
        _ribbon(nodes[key[0], key[1]], nodes[key[0] + 1, key[2]], merged[key], key[3], scale)
        for key in sorted(merged, key=place)
        if merged[key]
    ]
    boxes = [_box(node, scale) for layer in layers for node in layer]
    return chart(
        "flow",
        "From messages to models, commands and tools",
        300,
        links=pd.DataFrame(ribbons, columns=["path", "width", "failed", "tip", "of"]),
        nodes=pd.DataFrame(boxes, columns=["x", "y", "width", "height", "label", "lx", "ly", "align", "tip", "of"]),
    ).following("flow")


def _merged(
    links: pd.DataFrame,
) -> tuple[dict[tuple[int, str, str, bool], int], dict[tuple[int, str], _Node]]:
    """Links and nodes with all but the largest names of a layer as `others`."""
    found = rows(links)
    sums: dict[tuple[int, str], int] = {}
    for link in found:
        sums[link.layer + 1, link.target] = sums.get((link.layer + 1, link.target), 0) + link.count
    kept: set[tuple[int, str]] = {(0, "messages")}
    for layer in range(1, _LAYERS):
        names = sorted((key for key in sums if key[0] == layer), key=lambda key: (-sums[key], key[1]))
        kept.update(names[:_SHOWN])
    merged: dict[tuple[int, str, str, bool], int] = {}
    nodes: dict[tuple[int, str], _Node] = {}
    for link in found:
        source = link.source if (link.layer, link.source) in kept else "others"
        target = link.target if (link.layer + 1, link.target) in kept else "others"
        for failed, count in ((False, link.count - link.errors), (True, link.errors)):
            key = (link.layer, source, target, failed)
            merged[key] = merged.get(key, 0) + count
        start = nodes.setdefault((link.layer, source), _Node(link.layer, source))
        end = nodes.setdefault((link.layer + 1, target), _Node(link.layer + 1, target))
        start.outgoing += link.count
        end.incoming += link.count
        end.errors += link.errors
    return merged, nodes


def _x(layer: int) -> float:
    return layer * (WIDTH - 170 - _BAR) / (_LAYERS - 1)


def _ribbon(start: _Node, end: _Node, count: int, failed: bool, scale: float) -> dict[str, object]:
    width = count * scale
    x1, x2 = _x(start.layer) + _BAR, _x(end.layer)
    y1, y2 = start.y + start.used_out + width / 2, end.y + end.used_in + width / 2
    start.used_out += width
    end.used_in += width
    middle = (x1 + x2) / 2
    what = "failed" if failed else "succeeded"
    return {
        "path": f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}",
        "width": max(1.0, width),
        "failed": failed,
        "tip": f"{start.name} → {end.name}: {count:,} {what}",
        "of": _of(end),
    }


def _of(node: _Node) -> str:
    """`kind name` of what a node stands for: where a click on it leads; empty where nowhere."""
    return f"{_KINDS[node.layer]} {node.name}" if node.layer and node.name != "others" else ""


def _box(node: _Node, scale: float) -> dict[str, object]:
    share = f", {node.errors:,} failed ({node.errors / node.incoming:.1%})" if node.errors else ""
    height = max(1.0, node.size * scale)
    return {
        "x": _x(node.layer), "y": node.y, "width": _BAR, "height": height, "lx": _x(node.layer) + _BAR + 5,
        "ly": node.y + height / 2, "align": "left", "label": f"{words.cut(node.name, _NAMED_CHARS)} {node.size:,.0f}",
        "tip": f"{node.name}: {node.size:,.0f}{share}", "of": _of(node),
    }  # fmt: skip
