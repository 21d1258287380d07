"""All analyses of one window together: what the pipeline hands to pages and terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reporter.analysis.changes import Changes
    from reporter.analysis.error_details import ErrorDetails
    from reporter.analysis.errors import Errors
    from reporter.analysis.overview import Overview, RejectSample
    from reporter.analysis.performance import Performance
    from reporter.analysis.traces import Traces


@dataclass(frozen=True)
class Results:
    """All figures of one window. `error_details`: by fingerprint, where asked for."""

    overview: Overview
    performance: Performance
    errors: Errors
    traces: Traces
    rejects: tuple[RejectSample, ...]
    changes: Changes
    error_details: Mapping[str, ErrorDetails] = field(default_factory=dict)
