"""What an event's name tells: its kind, the span it bounds, where its operation is read. Data, and one function."""

from __future__ import annotations

import re
from typing import NamedTuple

KINDS = ("chat", "processing", "command", "tool", "llm", "log")
STATUSES = ("ok", "error", "unfinished")
PHASES = ("start", "finish", "end", "root")
FINISHING_WORDS = ("completed", "failed", "error", "executed", "finished")


class Family(NamedTuple):
    """Events that bound one sort of span: `<name>.started`, `<name>.completed` and so on.

    `operation`: the column the operation is read from, or a 'literal'. `ids`: columns that together name the span.
    """

    kind: str
    type: str
    operation: str
    ids: tuple[str, ...] = ()


FAMILIES: dict[str, Family] = {
    "chat.streaming": Family("chat", "stream", "model", ("message_id",)),
    "chat.stream": Family("chat", "stream", "model", ("message_id",)),
    "fragment.processing.pipeline": Family("processing", "pipeline", "'pipeline'", ("pipeline_id",)),
    "fragment.processing.step": Family("processing", "step", "step", ("pipeline_id",)),
    "processing.step": Family("processing", "step", "step", ("job_id", "pipeline_id")),
    "processing.job": Family("processing", "job", "'job'", ("job_id",)),
    "chat.enrichment.pipeline": Family("processing", "enrichment", "'enrichment'", ("message_id",)),
    "command.execution": Family("command", "command", "command", ("execution_id",)),
    "command.step": Family("command", "step", "step", ("execution_id", "step_id")),
    "dsl.step": Family("command", "step", "step", ("execution_id", "step_id")),
    "tool.invocation": Family("tool", "tool", "tool", ("invocation_id",)),
    "llm.call": Family("llm", "llm", "model"),
}

# Names that finish an operation by themselves, without one of the finishing words.
FINISHING_NAMES: dict[str, Family] = {
    "chat.enrichment.step": Family("processing", "step", "step", ("message_id",)),
    "command.ai.generation": Family("command", "generation", "'ai.generation'"),
    "command.template.rendered": Family("command", "template", "'template'"),
    "tool_invocations": Family("tool", "tool", "tool", ("invocation_id",)),
    "command_executions": Family("command", "command", "command", ("execution_id",)),
}
SPAN_TYPES = (
    *dict.fromkeys(family.type for family in (*FAMILIES.values(), *FINISHING_NAMES.values())),
    "root",
    "other",
)
TABLE_EVENTS = ("tool_invocations", "command_executions")

# Known events that are no operations although their last word and duration say so.
KNOWN_OTHERS = (
    "chat.message.",
    "chat.validation.",
    "chat.provider.",
    "chat.session.",
    "chat.fragment.",
    "chat.transaction.",
    "fragment.processing.state.",
    "fragment.processing.performance.",
    "fragment.processing.correlation",
    "fragment.processing.summary",
    "command.condition.",
    "command.chain.",
    "command.validation.",
    "command.performance.",
    "command.error",
    "tool.health.",
    "tool.chain.",
    "tool.usage.",
    "tool.alert.",
    "llm.model.",
    "llm.streaming.",
    "llm.cost.",
    "llm.performance.",
    "llm.quality.",
    "llm.health.",
)
# Names whose first word is not their kind.
KIND_BY_PREFIX = (("fragment.processing.", "processing"), ("chat.enrichment.", "processing"), ("dsl.step.", "command"))

EVENT_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+")


class Name(NamedTuple):
    """What an event's name alone tells; the columns `kind, family, type, phase` and where its operation is read."""

    event: str | None
    kind: str
    family: str | None = None
    type: str | None = None
    phase: str | None = None
    operation: str = "event"
    needs_duration: bool = False


def classify(event: str | None) -> Name:
    """The meaning of an event name; an unknown one keeps its first word's kind, so that no new event is lost."""
    if event is None:
        return Name(None, "log", operation="")
    if event in FINISHING_NAMES:
        family = FINISHING_NAMES[event]
        return Name(event, family.kind, event, family.type, "finish", family.operation)
    stem, _, last = event.rpartition(".")
    kind = _kind(event)
    phase = "start" if last == "started" else "finish" if last in FINISHING_WORDS else None
    if stem in FAMILIES:
        family = FAMILIES[stem]
        known_phase = None if family.type == "llm" and last == "executed" else phase
        return Name(event, family.kind, stem, family.type, known_phase, family.operation)
    if event == "chat.transaction.summary":
        return Name(event, kind, "chat.transaction", "root", "root")
    if phase and stem and EVENT_NAME.fullmatch(event) and not event.startswith(KNOWN_OTHERS):
        return Name(event, kind, stem, "other", phase, f"'{stem}'", needs_duration=phase == "finish")
    return Name(event, kind, operation=_operation_of_others(event, kind))


def _kind(event: str) -> str:
    for prefix, kind in KIND_BY_PREFIX:
        if event.startswith(prefix):
            return kind
    first = event.split(".", 1)[0]
    return first if first in KINDS else "log"


def _operation_of_others(event: str, kind: str) -> str:
    if event.startswith(("chat.streaming.", "chat.stream.")):
        return "model"
    return {"processing": "step_or_pipeline", "command": "command_or_step", "tool": "tool", "llm": "model"}.get(
        kind, "event"
    )
