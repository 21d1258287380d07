"""Time zones: the one that the app logs in, and the one that times are shown in."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reporter.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from reporter.settings.env import Env

_CONFIG_ZONE = re.compile(
    r"""['"]timezone['"]\s*=>\s*(?:env\(\s*['"](\w+)['"]\s*(?:,\s*['"]([^'"]+)['"])?\s*\)|['"]([^'"]+)['"])"""
)


def app_zone(root: Path, env: Env) -> str:
    """The app's time zone: config/app.php's `timezone`, else APP_TIMEZONE, else UTC (Laravel's default)."""
    try:
        found = _CONFIG_ZONE.search((root / "config" / "app.php").read_text("utf-8", "replace"))
    except OSError:
        found = None
    name = env.get("APP_TIMEZONE")
    if found:
        name = found[3] or env.get(found[1] or "") or found[2] or ""
    return name if name and is_zone(name) else "UTC"


def is_zone(name: str) -> bool:
    """Whether it is an IANA name: `localtime`, `posixrules` and the like are files of some systems, and mean nothing elsewhere."""
    if name in ("localtime", "posixrules", "Factory") or name.startswith(("posix/", "right/")):
        return False
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


def checked_zone(name: str) -> str:
    """Raises UsageError for what is no time zone."""
    if not is_zone(name):
        msg = f"“{name}” is not a time zone"
        raise UsageError(msg, "Use an IANA name such as Europe/Berlin or UTC.")
    return name


def viewer_zone(name: str | None) -> ZoneInfo:
    """The zone that times are shown in: --tz, else the machine's, else UTC. Raises UsageError."""
    if name and name != "localtime":
        return ZoneInfo(checked_zone(name))
    local = os.environ.get("TZ", "").lstrip(":").partition("zoneinfo/")
    named = local[2] or local[0] or os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    return ZoneInfo(named) if named and is_zone(named) else ZoneInfo("UTC")
