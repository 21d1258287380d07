"""What the configuration gives: prices, the limits of the performance classes, and how long events are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
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
