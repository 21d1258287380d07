"""The demo app's everyday life: conversations, commands, tools, pipelines, what fails in them and what never ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reporter.demo.facts import COMMANDS, DATABASE_LOCKED, DEARER, MODELS, RATE_LIMIT, STEPS, TIMEOUT, TOOLS
from reporter.demo.journal import Journal

DAYS = 8
# A tool that was slow for a night and a morning, and from when on a model cost more.
SLOW_TOOL, SLOW_HOURS = "http.get", range(140, 152)
DEARER_FROM_HOUR = 120


@dataclass
class Life(Journal):
    """`states`: of tools, as last told."""

    states: dict[str, str] = field(default_factory=dict)

    def live(self) -> None:
        start = self.now - timedelta(days=DAYS)
        for hour in range(DAYS * 24):
            at = start + timedelta(hours=hour)
            busy = 4 if 8 <= at.hour <= 19 else 1
            for _ in range(self.rng.randint(0, busy)):
                self.conversation(at + timedelta(seconds=self.rng.uniform(0, 3000)), hour)

    def hour(self, at: datetime) -> int:
        """Of its life, counted from the first."""
        return int((at - self.now + timedelta(days=DAYS)).total_seconds() // 3600)

    def conversation(self, at: datetime, hour: int) -> None:
        """A few messages in one session, a minute or so apart."""
        conversation, session = self.uuid(), self.uuid()
        data = {"session_id": session, "conversation_id": conversation}
        self.nested("chat-telemetry", at, "chat.session.created", self.uuid(), data)
        for _ in range(self.rng.choice((1, 1, 2, 3, 4, 6))):
            at += timedelta(seconds=self.rng.uniform(4, 120))
            self.message(at, conversation, session, slow=hour % 61 in (40, 41, 42))

    def message(self, at: datetime, conversation: str, session: str, slow: bool) -> None:
        """A chat message: a stream and its LLM call, sometimes a command, then the fragment pipeline."""
        trace, message = self.uuid(), self.uuid()
        provider, model, price = self.rng.choice(MODELS)
        if model == DEARER and self.hour(at) >= DEARER_FROM_HOUR:
            price *= 2.5
        if at > self.now - timedelta(seconds=30):
            return
        ids = {"message_id": message, "provider": provider, "model": model, "session_id": session}
        chat = "chat-telemetry"
        if self.rng.random() < 0.01:
            self.nested(
                chat, at, "chat.validation.error", trace, {"error_fields": ["content"], "error_count": 1}, "ERROR"
            )
            return
        self.nested(
            chat,
            at,
            "chat.message.received",
            trace,
            {"content_length": self.rng.randint(5, 900), "provider_requested": provider, "model_requested": model},
        )
        at += timedelta(milliseconds=12)
        begun = at
        self.nested(
            chat,
            at,
            "chat.streaming.started",
            trace,
            {**ids, "conversation_id": conversation, "input_message_count": 3},
        )
        total = self.took(1400, slow)
        at = begun + timedelta(milliseconds=total)
        if self.rng.random() < 0.008:
            return  # the app was closed: a stream that never ended
        if self.rng.random() < (0.12 if slow else 0.012):
            self.failed_stream(at, trace, ids, total)
            return
        first = min(total, self.took(350, slow))
        self.nested(
            chat,
            begun + timedelta(milliseconds=first),
            "chat.streaming.first_token",
            trace,
            {**ids, "time_to_first_token_ms": first},
        )
        prompt, completion = self.rng.randint(40, 900), self.rng.randint(30, 600)
        usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        self.nested(
            chat,
            at,
            "chat.streaming.completed",
            trace,
            {"message_id": message, "duration_ms": total, "token_usage": usage},
        )
        data = {"provider": provider, "model": model, "operation": "chat", "response_time_ms": total, "tokens_prompt": prompt,
                "tokens_completion": completion, "total_tokens": prompt + completion, "cost_usd": round((prompt + 3 * completion) * price / 1e6, 6), "success": True}  # fmt: skip
        self.llm(at, "LLM Call Completed", "llm.call.completed", trace, data)
        if self.rng.random() < 0.45:
            at = self.command(at + timedelta(milliseconds=4), trace, message, slow)
        if self.rng.random() < 0.6:
            at = self.pipeline(at + timedelta(milliseconds=3), trace, slow)
        summary = {
            **ids,
            "conversation_id": conversation,
            "total_duration_ms": round((at - begun).total_seconds() * 1000, 2),
            "success": True,
        }
        self.nested(chat, at, "chat.transaction.summary", trace, summary)
        if self.rng.random() < 0.02:
            n = self.rng.randint(1200, 9000)
            self.emit(
                "laravel",
                at,
                f'Slow query: select * from "fragments" where "message" like \'%[x] {{y: z%\' [{n}ms]',
                {"correlation_id": trace},
                "WARNING",
            )

    def failed_stream(self, at: datetime, trace: str, ids: dict[str, str], total: float) -> None:
        text = self.rng.choice((TIMEOUT, RATE_LIMIT)).format(n=self.rng.randint(100, 30000), model=ids["model"])
        error = {
            "error_type": "App\\Exceptions\\ProviderException",
            "error_message": text,
            "error_code": 0,
            "duration_ms": total,
        }
        self.nested("chat-telemetry", at, "chat.streaming.error", trace, {**ids, **error}, "ERROR")
        data = {
            "provider": ids["provider"],
            "model": ids["model"],
            "response_time_ms": total,
            "success": False,
            "error_message": text,
            "error_class": error["error_type"],
        }
        self.llm(at, "LLM Call Error", "llm.call.error", trace, data, "ERROR")
        self.exception(
            at,
            trace,
            f"Chat streaming failed for {ids['message_id']}",
            "App\\Exceptions\\ProviderException",
            text,
            "Chat/StreamService",
        )

    def command(self, at: datetime, trace: str, message: str, slow: bool) -> datetime:
        name = self.rng.choice(list(COMMANDS))
        channel, begun, execution = "command-telemetry", at, self.uuid()
        self.nested(
            channel, at, "command.execution.started", trace, {"command": name, "dry_run": self.rng.random() < 0.05}
        )
        fails = self.rng.random() < 0.03
        error: str | None = None
        steps = COMMANDS[name]
        for number, step in enumerate(steps):
            self.nested(channel, at, "command.step.started", trace, {"step_type": step, "step_id": f"step-{number}"})
            step_begun = at
            error = DATABASE_LOCKED.format(n=self.rng.randint(1, 9999)) if fails and number == len(steps) - 1 else None
            if step == "tool.call":
                at = self.tool(at + timedelta(milliseconds=1), trace, message, execution, name, error, slow)
            else:
                self.aside(at, trace, step)
                at += timedelta(milliseconds=self.took({"ai.generate": 900, "database.query": 30}.get(step, 15), slow))
            data = {
                "step_type": step,
                "step_id": f"step-{number}",
                "duration_ms": round((at - step_begun).total_seconds() * 1000, 2),
                "success": error is None,
            }
            self.nested(channel, at, "command.step.completed", trace, {**data, **({"error": error} if error else {})})
        duration = round((at - begun).total_seconds() * 1000, 2)
        data = {
            "command": name,
            "duration_ms": duration,
            "success": error is None,
            **({"error": error, "error_category": "database"} if error else {}),
        }
        self.nested(channel, at, "command.execution.completed", trace, data)
        if error:
            self.exception(at, trace, "Command execution failed", "RuntimeException", error, "Commands/Runner")
        else:
            result = json.dumps(
                {
                    "success": True,
                    "steps_executed": len(steps),
                    "steps_failed": 0,
                    "correlation_id": trace,
                    "error": None,
                }
            )
            self.command_rows.append((execution, name, f"{at:%Y-%m-%d %H:%M:%S}", 0, result, 1))
        return at

    def aside(self, at: datetime, trace: str, step: str) -> None:
        """What a step tells beside its start and end."""
        if step == "condition":
            data: dict[str, object] = {"condition": "fragment.type == todo", "result": self.rng.random() < 0.7}
            self.nested("command-telemetry", at, "command.condition.evaluated", trace, data)
        elif step == "notify":
            data = {
                "template": "note.saved",
                "duration_ms": round(self.rng.uniform(0.2, 3), 2),
                "cache_hit": self.rng.random() < 0.8,
            }
            self.nested("command-telemetry", at, "command.template.rendered", trace, data)

    def tool(
        self, at: datetime, trace: str, message: str, execution: str, command: str, error: str | None, slow: bool
    ) -> datetime:
        name = self.rng.choice(list(TOOLS))
        invocation = self.uuid()
        base = {"invocation_id": invocation, "tool_name": name, "parameters": {"q": f"term {self.rng.randint(0, 9)}", "limit": 50},
                "parameter_stats": {"count": 2, "size_bytes": 24, "complexity": 2, "types": {"q": "string", "limit": "integer"}},
                "memory_before": 2097152, "caller_context": [], "environment": "local",
                "correlation": {"correlation_id": trace, "context": {"correlation_id": trace}}}  # fmt: skip
        stamp = f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
        self.emit(
            "tool-telemetry",
            at,
            "tool.invocation.started",
            {**base, "event": "tool.invocation.started", "timestamp": stamp},
        )
        duration = self.took(TOOLS[name], slow or (name == SLOW_TOOL and self.hour(at) in SLOW_HOURS))
        at += timedelta(milliseconds=duration)
        event = f"tool.invocation.{'failed' if error else 'completed'}"
        end = {
            "duration_ms": duration,
            "success": error is None,
            "error": error,
            "event": event,
            "timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
            "result_stats": None if error else {"size_bytes": int(self.rng.lognormvariate(7, 1.5))},
        }
        if self.rng.random() > 0.01:
            self.emit("tool-telemetry", at, event, {**base, **end})
            self.health(at, name, base["correlation"], error is None)
            row = (
                self.uuid(),
                1,
                name,
                command,
                message,
                execution,
                trace,
                '{"q":"term"}',
                '{"n":2}',
                "error" if error else "ok",
                duration,
                f"{at:%Y-%m-%d %H:%M:%S}",
            )
            self.tool_rows.append(row)
        return at

    def health(self, at: datetime, tool: str, correlation: object, healthy: bool) -> None:
        told = {"tool_name": tool, "healthy": healthy, "correlation": correlation, "environment": "local"}
        stamp = f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
        name = "tool.health.check"
        self.emit("tool-telemetry", at, name, {**told, "event": name, "timestamp": stamp})
        state = "healthy" if healthy else "degraded"
        if self.states.get(tool, "unknown") != state:
            name, change = (
                "tool.health.status_changed",
                {"previous_status": self.states.get(tool, "unknown"), "new_status": state},
            )
            self.emit("tool-telemetry", at, name, {**told, **change, "event": name, "timestamp": stamp})
            self.states[tool] = state

    def pipeline(self, at: datetime, trace: str, slow: bool) -> datetime:
        pipeline, fragment, begun = self.uuid(), self.rng.randint(1000, 9999), at
        channel, kind = "fragment-processing-telemetry", "fragment.processing"
        self.nested(
            channel,
            at,
            f"{kind}.pipeline.started",
            trace,
            {"pipeline_id": pipeline, "fragment_id": fragment, "step_count": len(STEPS)},
        )
        fails = self.rng.choice(list(STEPS)) if self.rng.random() < 0.04 else ""
        for step, typical in STEPS.items():
            duration = self.took(typical, slow)
            at += timedelta(milliseconds=duration)
            data = {
                "pipeline_id": pipeline,
                "step_name": step,
                "fragment_id": fragment,
                "duration_ms": duration,
                "success": step != fails,
            }
            if step == fails:
                error = {
                    "error_type": "App\\Exceptions\\ToolTimeout",
                    "error_message": f"AI provider timeout after {duration}ms for fragment {fragment}",
                }
                self.nested(channel, at, f"{kind}.step.failed", trace, {**data, **error}, "ERROR")
                total = round((at - begun).total_seconds() * 1000, 2)
                self.nested(
                    channel,
                    at,
                    f"{kind}.pipeline.failed",
                    trace,
                    {"pipeline_id": pipeline, "duration_ms": total, **error},
                    "ERROR",
                )
                return at
            self.nested(channel, at, f"{kind}.step.completed", trace, data)
        if self.rng.random() > 0.015:
            total = round((at - begun).total_seconds() * 1000, 2)
            self.nested(
                channel,
                at,
                f"{kind}.pipeline.completed",
                trace,
                {"pipeline_id": pipeline, "fragment_id": fragment, "duration_ms": total},
            )
        return at
