"""Builds that can be repeated: with SOURCE_DATE_EPOCH (reproducible-builds.org) the same input gives the same bytes."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from hashlib import blake2b

from reporter.errors import UsageError


def now() -> datetime:
    """This moment, or the one that SOURCE_DATE_EPOCH names. Raises UsageError."""
    text = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        return datetime.fromtimestamp(int(text), UTC) if text else datetime.now(UTC)
    except (ValueError, OverflowError, OSError) as exc:
        msg = f"SOURCE_DATE_EPOCH is “{text}”, which is no time"
        raise UsageError(msg, "Set it to whole seconds since 1970, or unset it.") from exc


def salt(secrets: tuple[str, ...]) -> str | None:
    """What placeholders of redacted secrets are hashed with where builds are to be repeatable: a hash of the app's own
    secrets, which strangers do not know either. None otherwise: then each sink has a random one."""
    if not os.environ.get("SOURCE_DATE_EPOCH"):
        return None
    return blake2b("\0".join(sorted(secrets)).encode("utf-8", "replace"), digest_size=32).hexdigest()
