"""Which keys a JSON log's facts stand under, whoever wrote it: one table of names, and how an object becomes a record."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from reporter.events.levels import level_of
from reporter.events.names import EVENT_NAME
from reporter.sources.mend import dump

# Monolog's JsonFormatter, Logstash, GELF, Loggly, Google Cloud, Elastic Common Schema, Datadog, Fluentd, structlog, pino, zap,
# OpenTelemetry. A dot stands for a level of nesting, or for itself. Best first.
KEYS: dict[str, tuple[str, ...]] = {
    "time": (
        "datetime", "@timestamp", "timestamp", "time", "meta.timestamp", "date", "ts", "eventTime", "event_time", "created_at", "asctime", "Timestamp",
        "__REALTIME_TIMESTAMP",
    ),
    "level": ("level_name", "levelname", "log.level", "severity", "level", "status", "lvl", "severity_text", "SeverityText", "monolog_level", "PRIORITY"),
    "message": ("message", "short_message", "msg", "@message", "text", "body", "Body", "full_message", "MESSAGE"),
    "context": ("context", "ctxt", "@fields", "fields"),
    "extra": ("extra",),
    "error": ("exception", "error"),
    "error_class": ("class", "type", "kind"),
    "error_stack": ("stack_trace", "stack", "trace"),
}  # fmt: skip
_GELF_CONTEXT = "_ctxt_"
_PHP_ABBREVIATIONS = {
    "CEST": 2, "EEST": 3, "WEST": 1, "BST": 1, "EDT": -4, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8, "EST": -5,
    "JST": 9, "AEST": 10, "AEDT": 11, "MSK": 3, "SAST": 2, "Z": 0,
}  # fmt: skip
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
# Seconds, milli-, micro-, nanoseconds since 1970 by how large the number is.
_EPOCHS = ((1e8, 1e11, 1.0), (1e11, 1e14, 1e3), (1e14, 1e17, 1e6), (1e17, 1e20, 1e9))


class Record(NamedTuple):
    """An entry's facts; `context` and `extra` are JSON text. `reason`: why it is none."""

    time: str | None = None
    level: str | None = None
    message: str | None = None
    context: str | None = None
    extra: str | None = None
    reason: str = ""


def record(value: dict[str, Any]) -> Record:
    """A parsed JSON entry as a record: a wrapped one (message and level beside the context), or the telemetry object itself."""
    time_key, stamp = _found(value, "time")
    time = _time(stamp)
    if time_key is None or stamp in (None, ""):
        return Record(message=dump(value), reason=f"JSON without a time: looked for {', '.join(KEYS['time'])}")
    if time is None:
        return Record(message=dump(value), reason=f"no valid time in “{time_key}”")
    level_key, level = _level(value)
    message_key, message = _found(value, "message")
    event = value.get("event")
    if message_key is None and isinstance(event, str) and not EVENT_NAME.fullmatch(event):
        message_key, message = "event", event
    elif isinstance(event, str) and not _is_name(event):
        value = {key: part for key, part in value.items() if key != "event"}
    text = message if isinstance(message, str) or message is None else dump(message)
    if isinstance(event, str) and EVENT_NAME.fullmatch(event) and "level_name" not in value:
        # These two are the event's own time, which is read from the object itself.
        return Record(None if time_key in ("timestamp", "meta.timestamp") else time, level, text, dump(value))
    told = {key: part for key, part in value.items() if key not in (time_key, level_key, message_key)}
    context_key, context = _found(told, "context")
    exception = _exception(told)
    if not isinstance(context, dict | list) or message_key is None:
        told.pop("level", None)
        context = _beside(told)
    extra = value.get("extra")
    if isinstance(context, dict) and exception and "exception" not in context:
        context = {**context, "exception": exception}
    beside = {
        key: told[key]
        for key in ("correlation_id", "correlation")
        if key in told and context_key and key not in context
    }
    if beside:
        extra = {**beside, **(extra if isinstance(extra, dict) else {})}
    return Record(time, level, text, dump(context) if context else None, dump(extra) if extra else None)


def is_record(value: object) -> bool:
    """Whether an object is an entry of its own, and not a body that a message shows."""
    return isinstance(value, dict) and _time(_found(value, "time")[1]) is not None


def _is_name(event: str) -> bool:
    return bool(EVENT_NAME.fullmatch(event))


def _found(value: dict[str, Any], fact: str) -> tuple[str | None, Any]:
    """The key a fact stands under, and what stands there."""
    for key in KEYS[fact]:
        if key in value:
            if value[key] is not None:
                return key, value[key]
        elif "." in key:
            outer, inner = key.split(".")
            part = value.get(outer)
            if isinstance(part, dict) and part.get(inner) is not None:
                return key, part[inner]
    return None, None


def _level(value: dict[str, Any]) -> tuple[str | None, str | None]:
    unknown = None
    for key in KEYS["level"]:
        if "level_name" in value and key == "status":
            continue
        told = _found_at(value, key)
        if told is None:
            continue
        known = level_of(told)
        if known:
            return key, known
        if key == "level_name" and isinstance(told, str):
            unknown = unknown or (key, told.upper())
    return unknown or (None, None)


def _found_at(value: dict[str, Any], key: str) -> Any:  # noqa: ANN401 - any JSON value
    if key in value or "." not in key:
        return value.get(key)
    outer, inner = key.split(".")
    part = value.get(outer)
    return part.get(inner) if isinstance(part, dict) else None


def _beside(told: dict[str, Any]) -> dict[str, Any]:
    """The context of an object that has none of its own: all that is not the frame. GELF writes context keys with a prefix."""
    context = {}
    for key, part in told.items():
        if key.startswith(_GELF_CONTEXT):
            context[key.removeprefix(_GELF_CONTEXT)] = _opened(part)
        elif key.startswith("_") and "short_message" in (told.keys() | {"short_message"}) and "version" in told:
            context.setdefault(key[1:], part)
        elif key != "extra":
            context[key] = part
    return context


def _opened(part: Any) -> Any:  # noqa: ANN401 - any JSON value
    """GELF's nested values are JSON as text."""
    if isinstance(part, str) and part[:1] in ("{", "["):
        from reporter.sources.mend import load

        try:
            return load(part)
        except ValueError:
            return part
    return part


def _exception(told: dict[str, Any]) -> dict[str, Any] | None:
    """An error beside the context (ECS, Datadog) in the names of JsonFormatter's exceptions."""
    _, error = _found(told, "error")
    if not isinstance(error, dict):
        flat = {key.removeprefix("error."): part for key, part in told.items() if key.startswith("error.")}
        error = flat or None
    if not isinstance(error, dict):
        return None
    name = next((error[key] for key in KEYS["error_class"] if isinstance(error.get(key), str)), None)
    if name is None:
        return None
    stack: Any = next((error[key] for key in KEYS["error_stack"] if error.get(key)), [])
    lines = stack.splitlines() if isinstance(stack, str) else stack
    frames = [_frame(line) for line in lines if isinstance(line, str) and re.match(r"\s*#\d+ ", line)] or lines
    return {**error, "class": name, "message": str(error.get("message") or ""), "trace": frames}


def _frame(line: str) -> str:
    """`#0 /a/b.php(12): f()` as JsonFormatter writes it: `/a/b.php:12`."""
    found = re.match(r"\s*#\d+ ([^\n(]+)\((\d+)\)", line)
    return f"{found[1]}:{found[2]}" if found else line.strip()


def _time(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """A time as ISO 8601: text as it stands, an epoch number, or PHP's {date, timezone_type, timezone}."""
    if isinstance(value, dict):
        return _php_time(value)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        if not re.fullmatch(r"\d{8,20}(?:\.\d+)?", value):
            return value if re.match(r"\d{4}-\d\d-\d\d", value) else None
        value = float(value)
    if not isinstance(value, int | float):
        return None
    for least, most, scale in _EPOCHS:
        if least <= value < most:
            return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(value / scale * 1e6))).isoformat()
    return None


def _php_time(value: dict[str, Any]) -> str | None:
    date, zone = value.get("date"), value.get("timezone")
    if not isinstance(date, str):
        return None
    try:
        naive = datetime.fromisoformat(date)
    except ValueError:
        return None
    where = _zone(zone) if isinstance(zone, str) else None
    return naive.replace(tzinfo=where).isoformat() if where and naive.tzinfo is None else date


def _zone(name: str) -> tzinfo | None:
    offset = _OFFSET.fullmatch(name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    if name.upper() in _PHP_ABBREVIATIONS:
        return timezone(timedelta(hours=_PHP_ABBREVIATIONS[name.upper()]))
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None
