"""Error groups: the same fault under one fingerprint, whatever ids, numbers, paths and quoted values it carries.

Pure pandas over the window's error events. A fault seen by several events of one trace (the failed call, the command
around it, the log line about it) is one fault: they stand together in the group of the one that tells most.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

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


_OBJECT = re.compile(
    r"\[object\] \((?P<cls>[^(\s]+)\(code: (?P<code>[^)]*)\): (?P<msg>.*?) at (?P<file>[^\n]*?):(?P<line>\d+)\)", re.S
)
_FRAME = re.compile(r"^#\d+ (?P<file>[^\n(]+?)\((?P<line>\d+)\): (?P<call>[^\n(]+)", re.M)
_VENDOR = re.compile(r"(?:^|/)(?:vendor|node_modules)/")
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.I), "<uuid>"),
    (re.compile(r"\b(?:https?|wss?|ftp)://[^\s\"'<>)\]]+", re.I), "<url>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.I), "<hex>"),
    (re.compile(r"\"(?:[^\"\\\n]|\\.){0,500}\"|`[^`\n]{0,500}`|'(?:[^'\\\n]|\\.){0,500}'(?!\w)"), "<value>"),
    (re.compile(r"(?<![\w.])(?:[A-Za-z]:\\|/)(?:[\w.\-@ ]+[/\\])+[\w.\-@]+"), "<path>"),
    (re.compile(r"\b(?=[a-z]*\d)(?:[a-z]{2,8}[-_])[A-Za-z0-9]*\d[A-Za-z0-9_-]*\b"), "<id>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", re.I), "<hex>"),
    (re.compile(r"\b[A-Za-z0-9_]*\d[A-Za-z0-9_]{15,}\b"), "<id>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<ip>"),
    (re.compile(r"(?<![A-Za-z\[#])[-+]?\d+(?:[.,]\d+)*(?=\D|$)"), "<n>"),
    (re.compile(r"\s+"), " "),
)  # fmt: skip
# What makes one error another: these numbers stay.
_KEPT = re.compile(
    r"(SQLSTATE\[\w+\]|cURL error \d+|HTTP(?:/\d(?:\.\d)?)? (?:status )?(?:code )?\d{3}|status code:? \d{3}|General error: \d+|\b[1-5]\d\d (?=[A-Z][a-z]))",
    re.I,
)
_SHOWN_TRACES = 50


@lru_cache(maxsize=20_000)
def normalise(message: str) -> str:
    """The message with what varies from one occurrence to the next replaced: ids, numbers, paths, times, quoted values.

    Error codes that tell faults apart (SQLSTATE, cURL, HTTP status) stay.
    """
    parts = _KEPT.split(message[:2000])
    for index in range(0, len(parts), 2):
        for pattern, replacement in _RULES:
            parts[index] = pattern.sub(replacement, parts[index])
    return "".join(parts).strip()


@dataclass(frozen=True)
class ExceptionText:
    """What Monolog wrote of an exception. `frame`: its first in-app frame, without line number."""

    error_class: str | None = None
    message: str | None = None
    frame: str | None = None


@lru_cache(maxsize=20_000)
def read_exception(text: str) -> ExceptionText:
    """Class, message and first in-app frame from LineFormatter's `[object] (…)` text or JsonFormatter's object."""
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return ExceptionText()
        return _read_object(value) if isinstance(value, dict) else ExceptionText()
    found = _OBJECT.match(text)
    if not found:
        plain = text if re.fullmatch(r"[\w\\]+", text) else None
        return ExceptionText(plain)
    own = text.split("[previous exception]", 1)[0]
    files = [found["file"], *(m["file"] for m in _FRAME.finditer(own))]
    return ExceptionText(found["cls"].replace("\\\\", "\\"), found["msg"], _in_app(files))


def _read_object(value: dict[str, Any]) -> ExceptionText:
    files = [str(value.get("file", "")).rpartition(":")[0] or str(value.get("file", ""))]
    trace = value.get("trace")
    files += [str(f).rpartition(":")[0] for f in trace if isinstance(f, str)] if isinstance(trace, list) else []
    cls, message = value.get("class"), value.get("message")
    return ExceptionText(
        cls if isinstance(cls, str) else None, message if isinstance(message, str) else None, _in_app(files)
    )


def _in_app(files: list[str]) -> str | None:
    inside = [name for name in files if name and not _VENDOR.search(name) and not name.startswith("[internal")]
    if not inside:
        return None
    # Only what is the same on every machine: the path from the app's own folder on.
    return re.sub(r"^.*?/((?:app|bootstrap|config|database|routes|src|tests|packages|modules)/)", r"\1", inside[0])


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


def fingerprint(error_class: str | None, pattern: str, frame: str | None) -> str:
    """16 hex digits that stay the same from report to report."""
    return hashlib.blake2b(
        "\0".join((error_class or "", pattern, frame or "")).encode("utf-8", "replace"), digest_size=8
    ).hexdigest()


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
