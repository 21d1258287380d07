"""The whole report as one JSON document (`build --json`): the results that pages are made of, redacted like them. docs/report-json.md
says what stands in it, and a test that it does."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reporter import __version__
from reporter.analysis.results import used
from reporter.format import words

if TYPE_CHECKING:
    from reporter.analysis.results import Results
    from reporter.site.context import Edition

# Raised where something is named anew or left out; what is new does not raise it.
SCHEMA = 1
# What says the same elsewhere in the document, or is of use inside alone.
_LEFT_OUT = {
    "overview": {"window", "sources", "folded_calls"},
    "performance": {"window"},
    "errors": {"window", "of_events"},
    "traces": {"window", "notable", "carried"},
    "changes": {"operations"},
    "problems": {"failing", "has_past"},
}
# Of error groups: which events show them, by numbers of the sink's.
_INSIDE = {"telling", "anchor"}


def report_json(results: Results, traces: pd.DataFrame, edition: Edition) -> bytes:
    """`traces`: a row a trace, as `Run.traces` has them. Times are ISO 8601 in UTC, durations ms, rates 0–1, absent is null."""
    import orjson

    sections = {
        name: getattr(results, name) for name in ("overview", "performance", "errors", "traces", "changes", "problems")
    }
    document = {
        "schema": SCHEMA,
        "report": {
            "title": edition.app, "version": __version__, "built_at": edition.built_at, "zone": edition.zone.key, "window": results.window,
            "bucket_seconds": results.window.bucket_seconds, "chosen": edition.chosen or None, "notes": [list(note) for note in edition.notes],
            # Traces are redacted beside the rest: what comes first is chance.
            "redacted": None if results.redacted is None else dict(sorted(results.redacted.items())),
        },
        "sources": results.overview.sources,
        "rejects": results.rejects,
        **{name: _without(value, _LEFT_OUT[name]) for name, value in sections.items()},
        **_without(used(results), set()),
    }  # fmt: skip
    document["traces"]["list"] = traces
    document["errors"]["details"] = results.error_details
    document["problems"]["failing"] = [group.fingerprint for group in results.problems.failing]
    return orjson.dumps(_plain(document)) + b"\n"


def _without(value: Any, names: set[str]) -> dict[str, Any]:  # noqa: ANN401 - a result
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.name not in names}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a result
    """As JSON holds it; of a dict by (kind, operation) a list of objects, since JSON has texts for keys alone."""
    if isinstance(value, pd.DataFrame):
        days = {name: value[name].dt.strftime("%Y-%m-%d") for name in ("day",) if name in value and len(value)}
        return [_plain(row) for row in value.assign(**days).to_dict("records")]
    if dataclasses.is_dataclass(value):
        return _plain(_without(value, _INSIDE))
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, Mapping):
        if any(isinstance(key, tuple) for key in value):
            return [{"kind": key[0], "operation": key[1], "value": _plain(part)} for key, part in value.items()]
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(part) for part in value]
    return _leaf(value)


def _leaf(value: Any) -> Any:  # noqa: ANN401 - a value by itself
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | bool) or value is None:
        return value
    if pd.isna(value) or (isinstance(value, float) and math.isinf(value)):
        return None
    if isinstance(value, datetime):
        return words.iso(value)
    return value.isoformat() if isinstance(value, date) else value
