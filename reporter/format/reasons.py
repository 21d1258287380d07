"""Why an event of a trace failed, as it says itself. The same as in the viewer (assets/cause.js)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from reporter.events.exceptions import exception_chain, is_vendor

Json = dict[str, Any]
_NOTHING = ("", "true", "false", "[]")


@dataclass(frozen=True)
class Reason:
    """Message, class and first frame in the app, each None where the record does not tell."""

    message: str | None
    error_class: str | None
    frame: str | None


def reason(event: Json | None) -> Reason | None:
    """Of an event as `analysis.trace` gives it; None where it did not fail or carries no context."""
    if not event or event["status"] != "error":
        return None
    context = event.get("context")
    context = context if isinstance(context, dict) else {}
    data = context.get("data")
    facts = data if isinstance(data, dict) else context
    given = context.get("exception") or facts.get("exception")
    parts = exception_chain(given if isinstance(given, str) else json.dumps(given)) if given else ()
    frame = None
    if parts:
        at = parts[0].at
        frame = at if at and not is_vendor(at) else next(iter(parts[0].frames), None)
    error = facts.get("error")
    message = (
        (_said(parts[0].message) if parts else None)
        or _said(facts.get("error_message"))
        or _said(error)
        or (_said(error.get("message")) if isinstance(error, dict) else None)
    )
    named = (_said(parts[0].error_class) if parts else None) or _said(facts.get("error_type"))
    return Reason(message, named or _said(facts.get("error_class")), frame)


def _said(value: object) -> str | None:
    return value if isinstance(value, str) and value not in _NOTHING else None
