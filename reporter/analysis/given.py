"""What the configuration gives: prices, the limits of the performance classes, how long events are kept, and what was decided on error groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

CLASS_NAMES = ("fast", "normal", "slow", "very slow", "critical")
# Upper limits of the classes in ms, by type of work: the first class that the value lies under.
CLASS_LIMITS_MS: dict[str, tuple[float, ...]] = {
    "step": (50, 200, 1000, 3000),
    "command": (100, 500, 2000, 5000),
    "pipeline": (1000, 5000, 15000),
    "llm": (1000, 3000, 10000, 30000),
}


class Price(NamedTuple):
    """USD per million tokens, as the configuration has it, and the day it was entered there."""

    prompt: float
    completion: float
    cached: float
    entered: str


class Retention(NamedTuple):
    """How long events are kept: whole `days` by kind, back from the latest event, and at most `max_bytes` of sink.
    `aggregate_days`: how long daily figures stay. `archive`: the folder that what goes is written to first."""

    days: Mapping[str, int]
    max_bytes: int
    aggregate_days: int
    archive: Path | None = None


class Decisions(NamedTuple):
    """What people decided on error groups, by fingerprint. `ignored`: why, as far as it is said; `resolved`: when (UTC); `merged`: into which
    other group."""

    ignored: Mapping[str, str] = {}
    resolved: Mapping[str, datetime] = {}
    merged: Mapping[str, str] = {}

    def group_of(self, fingerprint: str) -> str:
        """The group that one of this fingerprint stands in; where merges lead in a circle, the last of it."""
        seen = {fingerprint}
        while (into := self.merged.get(fingerprint)) and into not in seen:
            seen.add(into)
            fingerprint = into
        return fingerprint


UNDECIDED = Decisions()
