"""Error groups: the same fault under one fingerprint, whatever ids, numbers, paths and quoted values it carries.

Pure pandas over the window's error events. A fault seen by several events of one trace (the failed call, the command
around it, the log line about it) is one fault: they stand together in the group of the one that tells most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reporter.analysis.fingerprints import ExceptionText, fingerprint, normalise, read_exception
from reporter.analysis.overview import bucket_seconds

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from reporter.window import Window


@dataclass(frozen=True)
class ErrorGroup:
    """`count`: error events; `faults`: distinct faults (a trace's events about one failure are one).

    `share`: of the window's error events, 0–1. `new`: nothing of it in the sink before the window; `regressed`: known
    before, but silent in the window of the same length before this one. `message`: the latest, as logged; `pattern`:
    normalised; `variants`: (message, faults), most frequent first. `trend`: error events by bucket of `Errors.buckets`.
    `telling`: ids of events that show it: the latest, the first, then one a variant. `kind`: the most frequent of `kinds`.
    """

    fingerprint: str
    kind: str
    kinds: tuple[str, ...]
    error_class: str | None
    message: str
    pattern: str
    frame: str | None
    count: int
    faults: int
    share: float
    first_seen: datetime
    last_seen: datetime
    operations: tuple[str, ...]
    traces: tuple[str, ...]
    trace_count: int
    new: bool
    regressed: bool
    variants: tuple[tuple[str, int], ...]
    trend: tuple[int, ...]
    telling: tuple[int, ...]


@dataclass(frozen=True)
class Errors:
    """Groups, most frequent first; ties by last seen (latest first), then fingerprint.

    `buckets`: starts, in UTC. `has_past`: whether anything lies before the window, so that `new` means something.
    """

    window: Window
    groups: tuple[ErrorGroup, ...]
    buckets: tuple[datetime, ...]
    bucket_seconds: int
    has_past: bool


_SHOWN_TRACES, _SHOWN_VARIANTS, _SHOWN_OCCURRENCES = 500, 20, 5
_ERROR_EVENTS = """
SELECT id, ts, kind, operation, event, correlation_id, message AS log_message, error_class, error_message, exception
FROM {events} WHERE status = 'error' ORDER BY ts, id"""


def errors(con: duckdb.DuckDBPyConnection, window: Window) -> Errors:
    """The error groups of `window_events`; `new` and `regressed` are judged against all earlier `events`."""
    seconds = bucket_seconds(window)
    first = int(window.start.timestamp()) // seconds
    count = -(-int(window.end.timestamp()) // seconds) - first
    buckets = tuple(datetime.fromtimestamp((first + n) * seconds, UTC) for n in range(count))
    frame = con.execute(_ERROR_EVENTS.format(events="window_events")).df()
    start = f"TIMESTAMP '{window.sql[0]:%Y-%m-%d %H:%M:%S.%f}'"
    has_past = bool(con.execute(f"SELECT count(*) > 0 FROM events WHERE ts < {start}").fetchall()[0][0])
    if frame.empty:
        return Errors(window, (), buckets, seconds, has_past)
    faults = group_faults(frame)
    earlier = con.execute(_ERROR_EVENTS.format(events=f"(SELECT * FROM events WHERE ts < {start})")).df()
    known = group_faults(earlier) if not earlier.empty else earlier.assign(fingerprint=[])
    past = Past(set(known["fingerprint"]), set(known["fingerprint"][known["ts"] >= window.previous().sql[0]]))
    faults["bucket"] = faults["ts"].astype("datetime64[s]").astype("int64") // seconds - first
    groups = [
        _group(str(name), part, past, len(faults), count) for name, part in faults.groupby("fingerprint", sort=False)
    ]
    groups.sort(key=lambda g: (-g.count, -g.last_seen.timestamp(), g.fingerprint))
    return Errors(window, tuple(groups), buckets, seconds, has_past)


@dataclass(frozen=True)
class Past:
    """Fingerprints seen at any time before the window, and in the window right before it."""

    ever: set[str]
    lately: set[str]


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


def _group(name: str, part: pd.DataFrame, past: Past, total: int, buckets: int) -> ErrorGroup:
    """`part`: the group's events by time."""
    tells = part.loc[part["tells"] == part["tells"].max()]
    telling = tells.iloc[-1]
    operations = part["operation"].dropna().value_counts().index
    traces = list(dict.fromkeys(t for t in reversed(part["correlation_id"].tolist()) if isinstance(t, str)))
    kinds = part["kind"].value_counts()
    named = kinds.drop("log", errors="ignore")
    variants = tells.drop_duplicates("fault")["text"].value_counts()
    shown = [telling["id"], tells["id"].iloc[0], *tells.drop_duplicates("text", keep="last")["id"].iloc[::-1]]
    trend = part["bucket"].value_counts().reindex(range(buckets), fill_value=0)
    return ErrorGroup(
        name,
        str(named.index[0]) if len(named) else "log",
        tuple(kinds.index),
        _text(telling["cls"]),
        str(telling["text"]),
        str(telling["pattern"]),
        _text(telling["frame"]),
        len(part),
        part["fault"].nunique(),
        len(part) / total,
        part["ts"].iloc[0].to_pydatetime(),
        part["ts"].iloc[-1].to_pydatetime(),
        tuple(operations),
        tuple(traces[:_SHOWN_TRACES]),
        len(traces),
        name not in past.ever,
        name in past.ever and name not in past.lately,
        tuple((str(text), int(n)) for text, n in variants.head(_SHOWN_VARIANTS).items()),
        tuple(int(n) for n in trend),
        tuple(dict.fromkeys(int(number) for number in shown))[:_SHOWN_OCCURRENCES],
    )
