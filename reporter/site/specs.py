"""Charts as compiled Vega specs, made once a version."""

from __future__ import annotations

import copy
import hashlib
import json
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from reporter.site.resources import PACKAGE
from reporter.site.runtime import cached

if TYPE_CHECKING:
    from collections.abc import Mapping


SHIPPED = PACKAGE / "charts" / "compiled.json"


def vega(name: str, height: int, signals: Mapping[str, Any]) -> dict[str, Any]:
    """The Vega spec of the chart `name`, so high and with these signals: what report.js makes of specs_js's."""
    made = copy.deepcopy(_specs()[name])
    own = [{"name": key, "value": value} for key, value in signals.items()]
    return {**made, "height": height, "signals": [*own, *made.get("signals", [])]}


def specs_js() -> bytes:
    """All charts as a script."""
    return f"window.telemetrySpecs={json.dumps(_specs(), separators=(',', ':'))};\n".encode()


@cache
def _specs() -> dict[str, dict[str, Any]]:
    """All charts as Vega specs: those that come with the program (`make charts`), while they are of what charts/ holds; else made
    once for that and the compilers' versions, since altair and vl-convert take a second to load and compile."""
    shipped = json.loads(SHIPPED.read_bytes()) if SHIPPED.is_file() else {}
    if shipped.get("code") == _code():
        specs: dict[str, dict[str, Any]] = shipped["specs"]
        return specs
    name = f"charts-{version('vl-convert-python')}-{version('altair')}-{_code()[:12]}.json"
    made: dict[str, dict[str, Any]] = json.loads(cached(name, lambda: json.dumps(compiled()).encode()))
    return made


def _code() -> str:
    return hashlib.sha256((PACKAGE / "charts" / "__init__.py").read_bytes()).hexdigest()


def compiled() -> dict[str, dict[str, Any]]:
    """All charts, compiled now."""
    import vl_convert

    from reporter.charts import CHARTS, VEGA_CHARTS, spec

    specs = {name: vl_convert.vegalite_to_vega(spec(name), vl_version="6.4") for name in CHARTS}
    return specs | {name: make() for name, make in VEGA_CHARTS.items()}


def ship() -> None:
    """Write what comes with the program: after a change of charts/."""
    SHIPPED.write_text(json.dumps({"code": _code(), "specs": compiled()}, separators=(",", ":")) + "\n")
