"""All analyses of one window together: what the pipeline hands to pages and terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reporter.analysis.changes import Changes
    from reporter.analysis.chat import Chat
    from reporter.analysis.commands import Commands
    from reporter.analysis.coverage import Coverage
    from reporter.analysis.error_details import ErrorDetails
    from reporter.analysis.errors import Errors
    from reporter.analysis.hosts import HostFigures
    from reporter.analysis.latency import Latency
    from reporter.analysis.llm import Llm
    from reporter.analysis.operation_details import OperationDetails
    from reporter.analysis.overview import Overview, RejectSample
    from reporter.analysis.performance import Performance
    from reporter.analysis.problems import Problems
    from reporter.analysis.processing import Processing
    from reporter.analysis.tools import Tools
    from reporter.analysis.traces import Traces
    from reporter.analysis.trends import Trends
    from reporter.window import Window


@dataclass(frozen=True)
class Usage:
    """What only the report's pages show. `counts`: finished operations in each bucket, by kind and operation. `hosts`: where there
    are several."""

    chat: Chat
    commands: Commands
    tools: Tools
    processing: Processing
    llm: Llm
    latency: Latency
    trends: Trends
    coverage: Coverage
    counts: Mapping[tuple[str, str], tuple[int, ...]]
    operations: OperationDetails
    hosts: tuple[HostFigures, ...]


@dataclass(frozen=True)
class Results:
    """All figures of one window. `usage` and `error_details` (by fingerprint): where pages are made of them. `redacted`: how
    often what was replaced, by rule, still counting until the traces' data is there; None where nothing was looked for."""

    overview: Overview
    performance: Performance
    errors: Errors
    traces: Traces
    rejects: tuple[RejectSample, ...]
    changes: Changes
    problems: Problems
    usage: Usage | None = None
    error_details: Mapping[str, ErrorDetails] = field(default_factory=dict)
    redacted: Mapping[str, int] | None = None

    @property
    def window(self) -> Window:
        return self.overview.window


def used(results: Results) -> Usage:
    """The figures of pages; they are there in every build."""
    if results.usage is None:
        msg = "these results were not made for pages"
        raise ValueError(msg)
    return results.usage
