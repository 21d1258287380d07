"""What was decided on error groups, read from telemetry-report.toml and written into it: the user's comments and layout stay."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from reporter.errors import OutputError, UsageError
from reporter.replacing import replaced

if TYPE_CHECKING:
    from pathlib import Path

# Sections of [errors], in the order of Decisions.
DECISIONS = ("ignored", "resolved", "merged")
FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_HEADER = re.compile(r"\s*\[(?P<name>[^\[\]]+)\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*[\"']?(?P<name>[0-9a-f]{16})[\"']?\s*=")


def read_decision(section: str, fingerprint: str, value: Any) -> Any:  # noqa: ANN401 - any TOML value
    """A value of [errors.SECTION], checked: why it is ignored, when it was resolved (UTC), what it was merged into. Raises ValueError, TypeError."""
    if not FINGERPRINT.fullmatch(fingerprint):
        msg = "its key is a fingerprint: 16 hex digits, as `telemetry-report errors` prints them"
        raise ValueError(msg)
    if section == "resolved":
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return datetime.combine(value, time(), UTC)
        msg = "a time such as 2026-11-20T12:00:00Z is wanted"
        raise TypeError(msg)
    if section == "merged" and not (isinstance(value, str) and FINGERPRINT.fullmatch(value) and value != fingerprint):
        msg = "the fingerprint of another group is wanted"
        raise ValueError(msg)
    if section == "ignored" and value is not True and not isinstance(value, str):
        msg = "why, as a text in quotes, or true is wanted"
        raise TypeError(msg)
    return "" if value is True else value


def decide(path: Path, fingerprint: str, section: str | None, value: str, said: str) -> None:
    """Write one decision into the file and take back any other on this group; `section` None: only take back. `value`: as TOML; `said`:
    a comment. Raises UsageError where the file cannot be edited, OutputError where it cannot be written."""
    try:
        old = path.read_bytes().decode("utf-8") if path.exists() else ""
        new = edited(old, fingerprint, section, value, said)
    except (OSError, ValueError) as exc:
        line = f"[errors.{section}] {fingerprint} = {value}" if section else f"no {fingerprint} under [errors.…]"
        msg = f"{path} cannot be edited: {getattr(exc, 'strerror', None) or exc}"
        raise UsageError(msg, f"Write it yourself: {line}") from exc
    if new != old:
        _write(path, new)


def edited(text: str, fingerprint: str, section: str | None, value: str, said: str) -> str:
    """The file's text with this decision, all other lines as they are. Raises ValueError where it would say anything else."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    kept, last = list[str](), None
    name, emptied = "", False
    for line in lines:
        header = _HEADER.match(line)
        if header and emptied:
            _drop_empty_table(kept)
        name = _plain(header["name"]) if header else name
        emptied = emptied and not header
        key = _KEY.match(line)
        if key and key["name"] == fingerprint and name.removeprefix("errors.") in DECISIONS and not header:
            emptied = name != f"errors.{section}"
            continue
        kept.append(line)
        # Behind the last key of its table, before what stands above the next one.
        if name == f"errors.{section}" and (header or key):
            last = len(kept)
    if emptied:
        _drop_empty_table(kept)
    if section:
        line = f"{fingerprint} = {value}{f'  # {_comment(said)}' if said else ''}{end}"
        if kept and not kept[-1].endswith(("\n", "\r")):
            kept[-1] += end
        if last is None:
            kept += [*([end] if kept and kept[-1].strip() else []), f"[errors.{section}]{end}", line]
        else:
            kept.insert(last, line)
    import tomllib

    made = "".join(kept)
    if _told(tomllib.loads(made)) != _told(_wanted(tomllib.loads(text), fingerprint, section, value)):
        msg = "what it says of error groups stands in a form that only people can change"
        raise ValueError(msg)
    return made


def _wanted(told: dict[str, Any], fingerprint: str, section: str | None, value: str) -> dict[str, Any]:
    """What the file is to say."""
    import tomllib

    errors = {name: dict(table) for name, table in told.get("errors", {}).items() if isinstance(table, dict)}
    for table in errors.values():
        table.pop(fingerprint, None)
    if section:
        errors.setdefault(section, {})[fingerprint] = tomllib.loads(f"value = {value}")["value"]
    return {**told, "errors": errors} if errors else told


def _told(says: dict[str, Any]) -> dict[str, Any]:
    """What a file says, of error groups too: an empty table says nothing."""
    errors = says.get("errors", {})
    kept = {name: table for name, table in errors.items() if table != {}} if isinstance(errors, dict) else errors
    return {**{name: value for name, value in says.items() if name != "errors"}, **({"errors": kept} if kept else {})}


def _drop_empty_table(lines: list[str]) -> None:
    """Take the header of the last table away, and what parts it from the one before, where nothing stands below it."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    if end and _HEADER.match(lines[end - 1]):
        begin = end - 1
        while begin and not lines[begin - 1].strip():
            begin -= 1
        del lines[begin : end if begin else len(lines)]


def _plain(header: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in header.split("."))


def _comment(said: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())[:80]


def _write(path: Path, text: str) -> None:
    """A file that would say nothing goes; what a link leads to is somebody's own, and stays."""
    try:
        if not text.strip() and not path.is_symlink():
            return path.unlink()
        with replaced(path) as fresh:
            fresh.write_bytes(text.encode())
    except OSError as exc:
        msg = f"{path} cannot be written: {exc.strerror}"
        raise OutputError(msg, "Let it be written, or write the decision into it yourself.") from exc
