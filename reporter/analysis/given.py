"""What the configuration gives the analyses: prices, and the limits of the performance classes."""

from __future__ import annotations

from dataclasses import dataclass

CLASS_NAMES = ("fast", "normal", "slow", "very slow", "critical")
# Upper limits of the classes in ms, by type of work: the first class that the value lies under.
CLASS_LIMITS_MS: dict[str, tuple[float, ...]] = {
    "step": (50, 200, 1000, 3000),
    "command": (100, 500, 2000, 5000),
    "pipeline": (1000, 5000, 15000),
    "llm": (1000, 3000, 10000, 30000),
}


@dataclass(frozen=True)
class Price:
    """USD per million tokens, as the configuration has it, and the day it was entered there."""

    prompt: float
    completion: float
    cached: float
    entered: str
