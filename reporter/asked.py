"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from reporter.settings.app import Settings
    from reporter.window import Window


@dataclass(frozen=True)
class Asked:
    """What a run is about. `compared`: the window that changes are judged against. `built_at`: aware; no stage reads a clock."""

    settings: Settings
    window: Window
    compared: Window
    zone: ZoneInfo
    built_at: datetime

    @property
    def since(self) -> datetime:
        """Where the earlier of both windows begins."""
        return min(self.window.start, self.compared.start)
