"""What the fields of our own results hold: one of few words, an id or a name, or a text."""

from __future__ import annotations

OWN_WORDS = frozenset(
    (
        "kind",
        "kinds",
        "status",
        "statuses",
        "level",
        "form",
        "type",
        "outcome",
        "severity",
        "rule",
        "class_",
        "zone",
        "fingerprint",
    )
)
_OWN_IDS = frozenset(
    (
        "correlation_id",
        "id",
        "trace",
        "traces",
        "event",
        "operation",
        "operations",
        "detailed",
        "model",
        "provider",
        "name",
        "names",
        "version",
    )
)


def is_id(field: str) -> bool:
    """Whether a field's texts are ids or names: they may look random, which makes them no secrets."""
    return field in _OWN_IDS or field.endswith(("_id", "_ids"))
