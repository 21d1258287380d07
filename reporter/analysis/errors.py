"""Error groups: the same fault under one fingerprint, whatever ids, numbers, paths and quoted values it carries.

Pure pandas over the window's error events. A fault seen by several events of one trace (the failed call, the command
around it, the log line about it) is one fault: they stand together in the group of the one that tells most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporter.analysis.fingerprints import ExceptionText, fingerprint, normalise, read_exception

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb
    import pandas as pd

    from reporter.window import Window


@dataclass(frozen=True)
class ErrorGroup:
    """`count`: error events; `faults`: distinct faults (a trace's events about one failure are one).

    `new`: nothing of it in the sink before the window. `message`: the latest, as logged; `pattern`: normalised.
    """

    fingerprint: str
    kind: str
    error_class: str | None
    message: str
    pattern: str
    frame: str | None
    count: int
    faults: int
    first_seen: datetime
    last_seen: datetime
    operations: tuple[str, ...]
    traces: tuple[str, ...]
    trace_count: int
    new: bool


@dataclass(frozen=True)
class Errors:
    """Groups, most frequent first; ties by last seen (latest first), then fingerprint."""

    window: Window
    groups: tuple[ErrorGroup, ...]


_SHOWN_TRACES = 50
_ERROR_EVENTS = """
SELECT id, ts, kind, operation, event, correlation_id, message AS log_message, error_class, error_message, exception
FROM {events} WHERE status = 'error' ORDER BY ts, id"""


def errors(con: duckdb.DuckDBPyConnection, window: Window) -> Errors:
    """The error groups of `window_events`; `new` is judged against all earlier `events`."""
    frame = con.execute(_ERROR_EVENTS.format(events="window_events")).df()
    if frame.empty:
        return Errors(window, ())
    faults = group_faults(frame)
    earlier = con.execute(
        _ERROR_EVENTS.format(
            events=f"(SELECT * FROM events WHERE ts < TIMESTAMP '{window.sql[0]:%Y-%m-%d %H:%M:%S.%f}')"
        )
    ).df()
    known = set(group_faults(earlier)["fingerprint"]) if not earlier.empty else set()
    groups = [_group(str(name), part, known) for name, part in faults.groupby("fingerprint", sort=False)]
    groups.sort(key=lambda g: (-g.count, -g.last_seen.timestamp(), g.fingerprint))
    return Errors(window, tuple(groups))


def group_faults(frame: pd.DataFrame) -> pd.DataFrame:
    """The error events with columns cls, text, pattern, frame, fault and fingerprint added; order kept."""
    out = frame.copy()
    details = [read_exception(t) if isinstance(t, str) else ExceptionText() for t in frame["exception"]]
    out["cls"] = [_text(d.error_class) or _text(c) for d, c in zip(details, frame["error_class"], strict=True)]
    out["text"] = [
        _text(d.message) or _text(e) or _text(m) or _text(n) or "unknown error"
        for d, e, m, n in zip(details, frame["error_message"], frame["log_message"], frame["event"], strict=True)
    ]
    own = [bool(_text(d.message) or _text(e)) for d, e in zip(details, frame["error_message"], strict=True)]
    out["pattern"] = [normalise(t) for t in out["text"]]
    out["frame"] = [d.frame for d in details]
    out["tells"] = [
        4 * bool(_text(f)) + 2 * bool(_text(c)) + o for f, c, o in zip(out["frame"], out["cls"], own, strict=True)
    ]
    out["fault"] = _faults(out)
    return _fingerprints(out)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _faults(frame: pd.DataFrame) -> list[int]:
    """Number the faults: in one trace, events whose patterns are equal or contain each other; an event that tells
    nothing of what failed joins the nearest in time, before or behind it."""
    numbers = list(range(len(frame)))
    by_trace: dict[str, list[int]] = {}
    traces, patterns, tells = frame["correlation_id"].tolist(), frame["pattern"].tolist(), frame["tells"].tolist()
    for row, trace in enumerate(traces):
        if isinstance(trace, str) and tells[row]:
            known = by_trace.setdefault(trace, [])
            same = next((other for other in reversed(known) if _is_same(patterns[other], patterns[row])), row)
            numbers[row] = numbers[same]
            known.append(row)
    times = frame["ts"].astype("int64").tolist()
    for row, trace in enumerate(traces):
        if isinstance(trace, str) and not tells[row] and trace in by_trace:
            numbers[row] = numbers[min(by_trace[trace], key=lambda other: abs(times[other] - times[row]))]
    return numbers


def _is_same(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= 12 and (one in other or other in one))


def _fingerprints(frame: pd.DataFrame) -> pd.DataFrame:
    """Every event takes the identity of its fault's most telling event; one without class or frame that of the most
    frequent identity with the same message."""
    best = frame.sort_values(["tells", "ts"], ascending=[False, True], kind="stable").drop_duplicates("fault")
    rich = best[best["tells"] >= 4].groupby(["pattern", "cls", "frame"], dropna=False).size().reset_index(name="n")
    rich = rich.sort_values(["n", "cls", "frame"], ascending=[False, True, True], kind="stable")
    by_message = rich.drop_duplicates("pattern").set_index("pattern")
    identity: dict[int, tuple[str | None, str, str | None]] = {}
    for fault, cls, pattern, where, tells in zip(
        best["fault"], best["cls"], best["pattern"], best["frame"], best["tells"], strict=True
    ):
        if tells < 4 and pattern in by_message.index and cls in (None, by_message.at[pattern, "cls"]):
            cls, where = by_message.at[pattern, "cls"], by_message.at[pattern, "frame"]
        identity[fault] = (_text(cls), pattern, _text(where))
    chosen = [identity[fault] for fault in frame["fault"]]
    frame["cls"], frame["pattern"], frame["frame"] = (list(part) for part in zip(*chosen, strict=True))
    frame["fingerprint"] = [fingerprint(*parts) for parts in chosen]
    return frame


def _group(name: str, part: pd.DataFrame, known: set[str]) -> ErrorGroup:
    telling = part.loc[part["tells"] == part["tells"].max()].iloc[-1]
    operations = tuple(sorted({o for o in part["operation"] if isinstance(o, str)}))
    traces = list(dict.fromkeys(t for t in reversed(part["correlation_id"].tolist()) if isinstance(t, str)))
    kinds = part["kind"][part["kind"] != "log"]
    return ErrorGroup(
        name,
        str(kinds.mode().iloc[0]) if len(kinds) else "log",
        _text(telling["cls"]),
        str(telling["text"]),
        str(telling["pattern"]),
        _text(telling["frame"]),
        len(part),
        part["fault"].nunique(),
        part["ts"].iloc[0].to_pydatetime(),
        part["ts"].iloc[-1].to_pydatetime(),
        operations,
        tuple(traces[:_SHOWN_TRACES]),
        len(traces),
        name not in known,
    )
