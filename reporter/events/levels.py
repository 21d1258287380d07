"""How writers name and number Monolog's levels: one table."""

from __future__ import annotations

from reporter.events.columns import LEVELS

_ALSO = {
    "DEBUG": ("DBG", "DEB", "TRACE", "TRC", "VERBOSE", "FINE"),
    "INFO": ("INF", "INFORMATION", "INFORMATIONAL", "DEFAULT", "LOG"),
    "NOTICE": ("NOT", "NTC", "NOTE"),
    "WARNING": ("WRN", "WARN", "WAR"),
    "ERROR": ("ERR", "SEVERE"),
    "CRITICAL": ("CRT", "CRI", "CRIT", "FATAL", "FTL"),
    "ALERT": ("ALT", "ALR", "ALE"),
    "EMERGENCY": ("EMG", "EME", "EMERG", "PANIC"),
}
LEVEL_NAMES: dict[str, str] = {name: level for level in LEVELS for name in (level, *_ALSO[level])}
# Monolog counts up in hundreds, syslog (GELF, journald) down from 7, pino and bunyan up in tens.
_NUMBERS: dict[int, str] = {
    **dict(zip((100, 200, 250, 300, 400, 500, 550, 600), LEVELS, strict=True)),
    **dict(zip(range(7, -1, -1), LEVELS, strict=True)),
    **dict(zip((10, 20, 30, 40, 50, 60), ("DEBUG", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), strict=True)),
}


def level_of(value: object) -> str | None:
    """The level that a name or number means; null where it means none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _NUMBERS.get(int(value))
    if not isinstance(value, str):
        return None
    name = value.strip().upper()
    return _NUMBERS.get(int(name)) if name.isascii() and name.isdigit() else LEVEL_NAMES.get(name)
