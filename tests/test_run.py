"""`reporter.load`: frames that carry everything (each figure computed a second time in plain pandas), dtypes, and no lock."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import altair as alt
import numpy as np
import pandas as pd
import pytest

import reporter
from reporter import frames
from reporter.analysis import tabled
from reporter.errors import NotFoundError, SinkError
from tests.conftest import UNTIL
from tests.helpers import ask, entry, event, run, write_log

SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
WINDOW = {"until": "2026-11-20T12:00:00Z", "last": "3d", "tz": "UTC"}
DAY = {"since": "2026-11-20T00:00Z", "until": "2026-11-21T00:00Z", "tz": "UTC"}


@pytest.fixture(scope="module", params=["line", "json"])
def loaded(request, samples, tmp_path_factory):
    sink = tmp_path_factory.mktemp("loaded") / "telemetry.duckdb"
    made = reporter.load(samples[request.param], sink=sink, **WINDOW)
    where = ["--app", str(samples[request.param]), "--sink", str(sink), *UNTIL, "--format", "json"]
    return made, lambda command, *more: json.loads(run(command, *where, *more).stdout)


def finished(spans: pd.DataFrame) -> pd.DataFrame:
    return spans[spans["is_operation"] & (spans["status"] != "unfinished")]


def test_totals_and_kinds_a_second_time(loaded):
    made, answer = loaded
    view, events, spans = answer("overview"), made.events, made.spans
    done = finished(spans)
    assert view["totals"]["events"] == len(events)
    assert view["totals"]["traces"] == events["correlation_id"].nunique()
    assert view["totals"]["operations"] == len(done)
    assert view["totals"]["errors"] == (done["status"] == "error").sum()
    assert view["totals"]["error_events"] == (events["status"] == "error").sum()
    for kind, figures in view["kinds"].items():
        mine = done[done["kind"] == kind]
        durations = mine["duration_ms"][np.isfinite(mine["duration_ms"]) & (mine["duration_ms"] >= 0)]
        assert figures["events"] == (events["kind"] == kind).sum()
        assert (figures["count"], figures["errors"]) == (len(mine), (mine["status"] == "error").sum())
        assert figures["unfinished"] == ((spans["kind"] == kind) & (spans["status"] == "unfinished")).sum()
        for name, q in (("p50_ms", 0.5), ("p95_ms", 0.95)):
            expected = float(np.quantile(durations, q)) if len(durations) else None
            assert figures[name] == (None if expected is None else pytest.approx(expected, rel=1e-12))
    counted = spans[spans["counts_tokens"].fillna(False)]
    assert view["tokens"]["prompt"] == counted["prompt_tokens"].sum()
    assert view["tokens"]["cost_usd"] == pytest.approx(counted["cost_usd"].sum(), rel=1e-12)


def test_percentiles_by_operation_a_second_time(loaded):
    made, answer = loaded
    done = finished(made.spans)
    durations = done[np.isfinite(done["duration_ms"]) & (done["duration_ms"] >= 0)]
    told = answer("performance")["operations"]
    assert len(told) == len(made.operations) > 10
    for row, figures in zip(made.operations.itertuples(), told, strict=True):
        assert (row.kind, row.operation, row.count, row.errors) == tuple(
            figures[name] for name in ("kind", "operation", "count", "errors")
        )
        mine = done[(done["kind"] == row.kind) & (done["operation"] == row.operation)]
        assert (row.count, row.errors) == (len(mine), (mine["status"] == "error").sum())
        took = durations[(durations["kind"] == row.kind) & (durations["operation"] == row.operation)]["duration_ms"]
        for name, q in (("p50_ms", 0.5), ("p90_ms", 0.9), ("p95_ms", 0.95), ("p99_ms", 0.99)):
            assert figures[name] == pytest.approx(np.quantile(took, q), rel=1e-12)
            assert getattr(row, name) == figures[name]
        assert figures["mean_ms"] == pytest.approx(took.mean(), rel=1e-12)
    assert made.percentiles["operation"].tolist() == made.operations["operation"].tolist()


def test_errors_and_traces_a_second_time(loaded):
    made, answer = loaded
    groups = answer("errors")["groups"]
    assert made.errors["fingerprint"].tolist() == [group["fingerprint"] for group in groups]
    assert made.errors["count"].tolist() == [group["count"] for group in groups]
    assert made.errors["count"].sum() == (made.events["status"] == "error").sum()
    events, spans, traces = made.events, made.spans, made.traces.set_index("correlation_id")
    named = events[events["correlation_id"].notna()]
    assert traces["events"].to_dict() == named.groupby("correlation_id").size().to_dict()
    failing = set(named[named["status"] == "error"]["correlation_id"])
    assert set(traces.index[traces["status"] == "error"]) == failing
    done = finished(spans).groupby("correlation_id").size()
    assert traces["operations"].sum() == done.sum()
    slowest = traces["duration_ms"].idxmax()
    document = made.trace(slowest)
    assert document["duration_ms"] == traces["duration_ms"][slowest]
    assert len(document["events"]) == traces["events"][slowest]
    assert made.sources["events"].sum() == made.overview.totals.events + made.sources["duplicates"].sum()


def test_categories_are_sorted_so_that_an_order_by_them_is_one_by_name(loaded):
    made, _ = loaded
    for frame in (made.events, made.spans, made.operations, made.errors, made.traces):
        for name in frame.select_dtypes("category"):
            assert list(frame[name].cat.categories) == sorted(frame[name].cat.categories)
            texts = frame[name].dropna()
            assert texts.sort_values().astype(str).tolist() == sorted(texts.astype(str))


@pytest.mark.parametrize("loaded", ["line"], indirect=True)
def test_an_empty_period_gives_the_same_columns_and_dtypes(loaded, samples, tmp_path):
    full, _ = loaded
    with pytest.warns(UserWarning, match="no event in this period; the first after it is of 2026-11-17"):
        bare = reporter.load(
            samples["line"], sink=tmp_path / "s.duckdb", since="2020-01-01", until="2020-01-02", tz="UTC", redact=False
        )
    for name in ("events", "spans", "operations", "percentiles", "errors", "traces"):
        empty = getattr(bare, name)
        assert len(empty) == 0, name
        assert dict(empty.dtypes) == dict(getattr(full, name).dtypes), name
    assert dict(full.events.dtypes) == {n: pd.api.types.pandas_dtype(d) for n, d in frames.EVENT_DTYPES.items()}
    assert dict(full.operations.dtypes) == {n: pd.api.types.pandas_dtype(d) for n, d in tabled.OPERATION_DTYPES.items()}
    assert bare.overview.totals.events == 0
    assert bare.write(tmp_path / "out").read_text().count("Nothing was logged in this period.") == 1


def test_a_secret_stands_in_no_frame(app):
    write_log(
        app,
        event("tool.invocation.failed", "10:00:00.000001", SECRET, tool_name=f"tool {SECRET}", error=f"key {SECRET}"),
        event(
            "tool.invocation.completed",
            "10:00:01.000001",
            "t-1",
            tool_name="db",
            duration_ms=5,
            api_key="hunter2hunter2",
        ),
        entry(f"broken by {SECRET}", {"correlation_id": "t-1", "password": "hunter2hunter2"}, level="ERROR"),
    )
    made = reporter.load(app, **DAY)
    shown = [
        made.context(made.events["id"]),
        made.events,
        made.spans,
        made.operations,
        made.errors,
        made.traces,
        made.sources,
    ]
    text = "\n".join(frame.to_csv() for frame in shown) + json.dumps(made.trace("t-1")) + str(made.overview)
    assert SECRET not in text
    assert "hunter2" not in text
    assert "broken by [openai:" in text
    bare = reporter.load(app, redact=False, **DAY)
    assert SECRET in bare.context(bare.events["id"]).to_csv()


def test_what_is_written_is_what_the_run_shows(app, tmp_path):
    write_log(app, event("tool.invocation.completed", "10:00:00.000001", tool_name="db", duration_ms=5))
    made = reporter.load(app, **DAY)
    sink = app / "storage" / "telemetry" / "telemetry.duckdb"
    before = sink.stat().st_mtime_ns
    write_log(app, event("tool.invocation.completed", "10:00:01.000001", tool_name="fs", duration_ms=5))
    page = made.write(tmp_path / "out").read_text()
    assert sink.stat().st_mtime_ns == before, "writing takes nothing in"
    assert "The one operation finished without an error." in page
    # Another takes the line in meanwhile: nothing holds the sink, and what is asked for next is refused, not mixed.
    assert ask("overview", app)["totals"]["operations"] == 2
    with pytest.raises(SinkError, match="has changed within this run's window"):
        _ = made.spans
    with pytest.raises(SinkError, match="Load again"):
        made.write(tmp_path / "out")
    assert made.operations["operation"].tolist() == ["db"]
    again = reporter.load(app, **DAY)
    assert again.operations["operation"].tolist() == ["db", "fs"]
    # What lies outside the window changes nothing of it.
    write_log(
        app, event("tool.invocation.completed", "10:00:01.000001", "t-2", tool_name="x").replace("11-20", "11-21")
    )
    run("overview", "--app", str(app))
    assert len(again.spans) == 2


@pytest.mark.parametrize("loaded", ["line"], indirect=True)
def test_charts_show_themselves_with_their_data(loaded):
    made, _ = loaded
    assert {"overview/overview_events", "performance/performance_histogram", "trends/days"} <= set(made.charts)
    for name, chart in made.charts.items():
        spec = chart.to_dict()
        assert "var(--" not in json.dumps(spec), name
        assert any(spec["datasets"].values()), name
    assert "vega" in str(made.chart("overview/overview_events")._repr_mimebundle_(None, None)).lower()
    spec = made.chart("overview/overview_events").to_dict()
    assert sum(row["value"] for row in spec["datasets"]["bars"]) == made.overview.totals.events
    assert isinstance(made.chart("llm_use/tokens"), alt.TopLevelMixin)
    with pytest.raises(NotFoundError, match="no chart nosuch"):
        made.chart("nosuch")


def test_a_bare_import_loads_nothing_heavy():
    code = (
        "import sys, reporter; print([m for m in ('pandas','duckdb','_duckdb','altair','pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_load_takes_what_the_command_line_takes(app):
    write_log(app, event("tool.invocation.completed", "10:00:00.000001", tool_name="db", duration_ms=5))
    made = reporter.load(app, since="2026-11-20T11:00", until="2026-11-20T12:00", tz="Europe/Berlin")
    assert (made.window.start, len(made.events)) == (datetime(2026, 11, 20, 10, tzinfo=UTC), 1)
    assert made.events["ts"].tolist() == [pd.Timestamp("2026-11-20T10:00:00.000001Z")]
    assert "1 events, 1 traces, 0 of 1 operations failed" in repr(made)
