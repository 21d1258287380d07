"""telemetry-report.toml and TELEMETRY_REPORT_* variables: every key with its default, read and checked in one place."""

from __future__ import annotations

import functools
import re
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from reporter.analysis.given import CLASS_LIMITS_MS, Decisions, Price
from reporter.errors import UsageError
from reporter.events.names import KINDS
from reporter.settings.decisions import DECISIONS, read_decision
from reporter.settings.zones import is_zone
from reporter.window import parse_period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

CONFIG_FILE = "telemetry-report.toml"
TABLE_NAMES = ("tool_invocations", "command_executions")
ENVIRONMENT = "TELEMETRY_REPORT_"
KeyPath = tuple[str, ...]


class Key(NamedTuple):
    """One setting: its name `section.key`, its default as TOML has it, what reads and checks a value, and what it is."""

    name: str
    default: Any
    read: Callable[[Any], Any]
    help: str


def parse_size(text: str) -> int:
    """`10MB`, `500kB`, `2 GB` → bytes (of 1000). Raises UsageError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMG]?)B?", text.strip())
    size = int(float(match[1]) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[match[2]]) if match else 0
    if size <= 0:
        msg = f"“{text}” is not a size"
        raise UsageError(msg, "Write a number and a unit, such as 500kB, 10MB or 1GB.")
    return size


def _text(value: Any) -> str:  # noqa: ANN401 - any TOML value
    if not isinstance(value, str):
        msg = "a text in quotes is wanted"
        raise TypeError(msg)
    return value


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - any TOML value
    if isinstance(value, str):
        value = [part for part in value.split(",") if part]
    if not isinstance(value, list):
        msg = "a list of texts is wanted"
        raise TypeError(msg)
    return tuple(_text(part) for part in value)


def _period(value: Any) -> str:  # noqa: ANN401 - any TOML value
    parse_period(_text(value))
    return str(value)


def _size(value: Any) -> int:  # noqa: ANN401 - any TOML value
    return parse_size(str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value))


def _flag(value: Any) -> bool:  # noqa: ANN401 - any TOML value
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        msg = "true or false is wanted"
        raise TypeError(msg)
    return value


def _days(value: Any) -> int:  # noqa: ANN401 - any TOML value
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 36500:
        msg = "a whole number of days from 1 on is wanted"
        raise ValueError(msg)
    return value


def _days_or_none(value: Any) -> int:  # noqa: ANN401 - any TOML value
    return 0 if value in (0, "0") else _days(value)


def _zone(value: Any) -> str:  # noqa: ANN401 - any TOML value
    if _text(value) and not is_zone(value):
        msg = "an IANA time zone such as Europe/Berlin is wanted"
        raise ValueError(msg)
    return str(value)


def _limits(value: Any) -> tuple[float, ...]:  # noqa: ANN401 - any TOML value
    if isinstance(value, str):
        value = [float(part) for part in value.split(",")]
    numbers = [float(n) for n in value if not isinstance(n, bool)] if isinstance(value, list) else []
    if not 1 <= len(numbers) <= 4 or sorted(numbers) != numbers or len(numbers) != len(value):
        msg = "one to four rising numbers of milliseconds are wanted"
        raise ValueError(msg)
    return tuple(numbers)


KEYS: tuple[Key, ...] = (
    Key("report.last", "24h", _period, "the period a report is about: 90s, 15m, 6h, 7d, 2w"),
    Key("report.tz", "", _zone, "time zone to show times in; empty: this machine's"),
    Key("report.title", "", _text, "what reports call the app; empty: its folder's name"),
    Key("report.output", "output", _text, "folder of the report"),
    Key("report.keep_days", 90, _days_or_none, "days that reports by day or week stay, counted back from the latest; 0: for ever"),
    Key("report.compare", "previous", _text, "what to compare with: previous, or 2026-11-01..2026-11-07"),
    Key("report.max_size", "10MB", _size, "what --single-file may measure"),
    Key("report.shared", False, _flag, "let others on this machine read sink, archive and report, as far as the umask does"),
    Key("app.host", "", _text, "what archives and whole exports call this installation; empty: a salted hash"),
    Key("app.timezone", "", _zone, "time zone that the app logs in, where no .env or config/app.php says it; empty: theirs, else UTC"),
    Key("sources.logs", [], _texts, "globs of logs to read instead of storage/logs"),
    Key("sources.db", "", _text, "URL of the database to read instead of the one in .env"),
    Key("sources.sink", "", _text, "where what was read is kept; empty: storage/telemetry in the app"),
    Key("retention.days", 7, _days, "whole days that events are kept, counted back from the latest event"),
    Key("retention.max_size", "500MB", _size, "what the sink may measure: beyond it the oldest events go first"),
    Key("retention.archive", "", _text, "folder that what goes is written to first, as Parquet by host and day; empty: none are"),
    Key("retention.aggregate_days", 90, _days, "days that daily figures (Trends) stay when events go"),
    *(Key(f"retention.kinds.{kind}", 0, _days_or_none, f"the same for {kind} events alone; 0: as retention.days") for kind in KINDS),
    Key("redaction.salt_file", "", _text, "file with what placeholders are hashed with, the same on all hosts of a fleet; empty: the sink's own"),
    Key("redaction.phones", False, _flag, "take what looks like a phone number for personal data too"),
    Key("redaction.include_content", False, _flag, "leave in the report what people wrote and models answered"),
    *(Key(f"tables.{name}", name, _text, f"what the table {name} is called in the database") for name in TABLE_NAMES),
    Key("watch.window", "1h", _period, "the current session that `watch` keeps up to date at once"),
    Key("watch.max_size", "50MB", _size, "what that session may take in memory: beyond it its older half goes"),
    Key("watch.rebuild", "30s", _period, "how often `watch` renews the rest of the report, at most"),
    *(
        Key(f"classes.{name}", list(limits), _limits, f"limits in ms of the classes fast, normal, slow, very slow: {name}")
        for name, limits in CLASS_LIMITS_MS.items()
    ),
)  # fmt: skip
_BY_NAME = {key.name: key for key in KEYS}
_SECTIONS = {".".join(name.split(".")[:n]) for name in _BY_NAME for n in range(1, name.count(".") + 1)}
_PRICE_KEYS = {"prompt", "completion", "cached", "entered"}


class Values(NamedTuple):
    """The settings by name, checked, and where each comes from: default, the file with its line, or a variable."""

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    prices: Mapping[str, Price]
    patterns: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]
    decisions: Decisions


def load(path: Path, environment: Mapping[str, str]) -> Values:
    """The file's and the variables' values over the defaults. Raises UsageError, naming the key and its line."""
    values = {key.name: key.read(key.default) for key in KEYS}
    origins = dict.fromkeys(values, "default")
    prices: dict[str, Price] = {}
    patterns: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    decided: dict[str, dict[str, Any]] = {name: {} for name in DECISIONS}
    text = read_text(path)
    for parts, value in _leaves(_parsed(path, text)):
        where = f"{path}:{_line(text, parts)}"
        name = ".".join(parts)
        if parts[0] == "prices" and len(parts) == 2:
            prices[parts[1]] = _checked(where, f'prices."{parts[1]}"', _price, value)
        elif parts[:2] == ("redaction", "patterns") and len(parts) == 3:
            patterns[parts[2]] = _checked(where, name, _pattern, value)
        elif parts[:2] == ("tables", "columns") and len(parts) == 4 and parts[2] in TABLE_NAMES:
            columns.setdefault(parts[2], {})[parts[3]] = _checked(where, name, _text, value)
        elif parts[0] == "errors" and len(parts) == 3 and parts[1] in DECISIONS:
            read = functools.partial(read_decision, parts[1], parts[2])
            decided[parts[1]][parts[2]] = _checked(where, name, read, value)
        elif name in _BY_NAME:
            values[name], origins[name] = _checked(where, name, _BY_NAME[name].read, value), where
        else:
            raise _unknown(where, name)
    for variable, value in environment.items():
        if variable.startswith(ENVIRONMENT):
            wanted = variable.removeprefix(ENVIRONMENT).lower()
            found = next((name for name in _BY_NAME if name.replace(".", "_") == wanted), None)
            if not found:
                raise _unknown(variable, wanted)
            values[found], origins[found] = _checked(variable, found, _BY_NAME[found].read, value), variable
    return Values(values, origins, prices, patterns, columns, Decisions(**decided))


def read_text(path: Path) -> str:
    """What stands in the file; nothing where there is none. Raises UsageError."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as exc:
        msg = f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}"
        raise UsageError(msg, "Mend it or move it away.") from exc


def _parsed(path: Path, text: str) -> dict[str, Any]:
    if not text:
        return {}
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        line = re.search(r"line (\d+)", str(exc))
        msg = f"{path}{f':{line[1]}' if line else ''} is not valid TOML: {exc}"
        raise UsageError(msg, "`telemetry-report config` prints a valid one.") from exc


def _leaves(table: Mapping[str, Any], above: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """The settings of a parsed file with their paths; a price is one."""
    for name, value in table.items():
        path = (*above, name)
        is_section = ".".join(path) in _SECTIONS or (
            path in (("prices",), ("redaction", "patterns"), ("tables", "columns"), ("errors",))
            or path[:2] == ("tables", "columns")
            or (path[0] == "errors" and path[-1] in DECISIONS)
        )
        if is_section and isinstance(value, dict):
            yield from _leaves(value, path)
        else:
            yield path, value


def _checked(where: str, name: str, read: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401 - any TOML value
    try:
        return read(value)
    except (ValueError, TypeError, AttributeError, UsageError) as exc:
        what = exc.args[0] if exc.args else "it cannot be used"
        msg = f"{where}: {name} = {value!r} cannot be used: {what}"
        raise UsageError(msg, "`telemetry-report config` prints every key with its default.") from exc


def _unknown(where: str, name: str) -> UsageError:
    import difflib

    near = difflib.get_close_matches(name, _BY_NAME, 1) or [
        n for n in _BY_NAME if n.replace(".", "_") == name or n.endswith(f".{name}")
    ]
    hint = f"Did you mean {near[0]}?" if near else "`telemetry-report config` prints every key."
    return UsageError(f"{where}: unknown key {name}", hint)


def _pattern(value: Any) -> str:  # noqa: ANN401 - any TOML value
    try:
        if re.compile(_text(value)).search(""):
            msg = "it matches everything"
            raise ValueError(msg)
    except re.error as exc:
        msg = f"no regular expression: {exc}"
        raise ValueError(msg) from exc
    return str(value)


def _price(given: Any) -> Price:  # noqa: ANN401 - any TOML value
    wrong = set(given) ^ _PRICE_KEYS if isinstance(given, dict) else {"…"}
    if not isinstance(given, dict) or wrong - {"cached"}:
        msg = 'a price looks like: [prices."openai/gpt-4o"] prompt = 2.5, completion = 10, entered = 2026-11-01'
        raise ValueError(msg)
    if not isinstance(given["entered"], date):
        msg = "entered is a day such as 2026-11-01"
        raise TypeError(msg)
    prompt, completion = float(given["prompt"]), float(given["completion"])
    return Price(prompt, completion, float(given.get("cached", prompt)), str(given["entered"]))


def _line(text: str, path: KeyPath) -> int:
    """The line that sets `path`, by tomllib's own reading of keys; else that of the table it stands in."""
    section: KeyPath = ()
    at = 1
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?([^\[\]]+)\]", line)
        if header:
            section = _parts(f"[{header[1]}]")
            at = number if section and path[: len(section)] == section else at
        key = re.match(r"([^=#\[]+)=", line)
        found = (*section, *_parts(f"{key[1]}= 0")) if key else ()
        if found and path[: len(found)] == found:
            return number
    return at


def _parts(text: str) -> KeyPath:
    import tomllib

    try:
        node: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(node, dict) and node:
        name, node = next(iter(node.items()))
        parts.append(name)
    return tuple(parts)


def render(values: Values) -> str:
    """Every key as TOML with what it is, its value, and where that comes from; defaults are commented out."""
    lines = [
        f"# {CONFIG_FILE}: lies in the app's folder. Variables {ENVIRONMENT}<SECTION>_<KEY> go before it, options before both."
    ]
    section = ""
    for key in KEYS:
        above, _, name = key.name.rpartition(".")
        if above != section:
            lines += ["", f"[{above}]"]
            section = above
        origin = values.origins[key.name]
        value = _toml(values.values[key.name] if origin != "default" else key.default)
        lines += [f"# {key.help}"]
        lines += [f"# {name} = {value}" if origin == "default" else f"{name} = {value}  # from {origin}"]
    lines += ["", "# Further things to redact, by name: regular expressions (Python's)"]
    lines += _table("redaction.patterns", values.patterns) or ["# [redaction.patterns]", '# customer = "CUST-[0-9]{6}"']
    lines += [
        "",
        "# Error groups by fingerprint, as `telemetry-report errors FINGERPRINT --ignore`, --resolve and --merge write them",
    ]
    for name, kept in zip(DECISIONS, values.decisions, strict=True):
        lines += _table(f"errors.{name}", kept)
    if not any(values.decisions):
        lines += ["# [errors.ignored]", '# 0123456789abcdef = "known, harmless"']
    lines += ["", "# What columns are called in the database, where not as the app's migrations call them"]
    for table in values.columns:
        lines += _table(f"tables.columns.{table}", values.columns[table])
    if not values.columns:
        lines += ["# [tables.columns.tool_invocations]", '# tool_slug = "slug"']
    lines += ["", "# USD per million tokens, for calls that log no cost"]
    for model, price in values.prices.items():
        given = {"prompt": price.prompt, "completion": price.completion, "cached": price.cached}
        lines += [*_table(f"prices.{_toml(model)}", given), f"entered = {price.entered}"]
    if not values.prices:
        lines += [
            '# [prices."openai/gpt-4o"]',
            "# prompt = 2.5",
            "# completion = 10",
            "# cached = 1.25",
            "# entered = 2026-11-01",
        ]
    return "\n".join(lines)


def _table(name: str, values: Mapping[str, Any]) -> list[str]:
    return [f"[{name}]", *(f"{_toml(key)} = {_toml(value)}" for key, value in values.items())] if values else []


def _toml(value: Any) -> str:  # noqa: ANN401 - a key's value
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(part) for part in value)}]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
