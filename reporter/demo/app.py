"""A realistic demo app: SQLite with both tables, logs of all kinds over 8 days, failures, slow spells, unfinished calls.

Seeded: the same seed and the same `now` give the same bytes.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from reporter.demo.facts import COMMANDS, DATABASE_LOCKED, MODELS, RATE_LIMIT, STEPS, TABLES, TIMEOUT, TOOLS
from reporter.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 8
_MARKER = ".telemetry-report-demo"


def write_demo(folder: Path, *, seed: int, now: datetime) -> Path:
    """Write the app into `folder`, replacing an earlier demo there; anything else there is an OutputError."""
    if folder.exists() and not (folder / _MARKER).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"{folder} holds something that is not a demo app"
        raise OutputError(msg, "Name another folder: telemetry-report demo DIR.")
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "storage" / "logs").mkdir(parents=True)
    (folder / "database").mkdir()
    (folder / _MARKER).touch()
    (folder / ".env").write_text("APP_NAME=Demo\nAPP_ENV=local\nDB_CONNECTION=sqlite\nLOG_CHANNEL=stack\n")
    app = _App(random.Random(seed), now.astimezone(UTC))
    app.live()
    app.write(folder)
    return folder.resolve()


@dataclass
class _App:
    """The app's life, event by event; `entries`: channel → lines with their times; `states`: of tools."""

    rng: random.Random
    now: datetime
    entries: list[tuple[datetime, int, str, str]] = field(default_factory=list)
    tool_rows: list[tuple[Any, ...]] = field(default_factory=list)
    command_rows: list[tuple[Any, ...]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)

    def live(self) -> None:
        start = self.now - timedelta(days=DAYS)
        for hour in range(DAYS * 24):
            at = start + timedelta(hours=hour)
            busy = 9 if 8 <= at.hour <= 19 else 2
            for _ in range(self.rng.randint(0, busy)):
                self.message(at + timedelta(seconds=self.rng.uniform(0, 3590)), slow=hour % 61 in (40, 41, 42))

    def uuid(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def took(self, typical_ms: float, slow: bool = False) -> float:
        return round(self.rng.lognormvariate(0, 0.55) * typical_ms * (6 if slow else 1), 2)

    def emit(
        self, channel: str, at: datetime, name: str, context: dict[str, Any], level: str = "INFO", tail: str = ""
    ) -> None:
        text = json.dumps(context, separators=(",", ":"), ensure_ascii=False)
        text = text[:-1] + tail + "}" if tail else text
        line = f"[{at:%Y-%m-%d %H:%M:%S}] local.{level}: {name} {text} \n"
        self.entries.append((at, len(self.entries), channel, line))

    def nested(
        self, channel: str, at: datetime, name: str, trace: str, data: dict[str, Any], level: str = "INFO"
    ) -> None:
        stamp = f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
        correlation = {"correlation_id": trace, "timestamp": stamp, "context": {"correlation_id": trace}}
        if channel == "command-telemetry":
            data = {**data, "memory_usage_mb": 2.0, "memory_peak_mb": 2.0}
            meta = {"timestamp": stamp, "environment": "local", "memory_usage_mb": 2.0}
        else:
            meta = {"timestamp": stamp, "event_id": self.uuid(), "service": channel, "version": "1.0"}
        body = {"event": name, "data": data, "meta": meta, "correlation": correlation}
        self.emit(channel, at, name, body, level)

    def llm(self, at: datetime, title: str, event: str, trace: str, data: dict[str, Any], level: str = "INFO") -> None:
        """An entry of the LLM channel: bare correlation, the name in `event`."""
        stamp = f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
        body = {"event": event, "data": data, "correlation": {"correlation_id": trace}, "timestamp": stamp}
        self.emit("llm-telemetry", at, title, body, level)

    def message(self, at: datetime, slow: bool) -> None:
        """A chat message: a stream and its LLM call, sometimes a command, then the fragment pipeline."""
        trace, message, conversation = self.uuid(), self.uuid(), self.uuid()
        provider, model, price = self.rng.choice(MODELS)
        if at > self.now - timedelta(seconds=30):
            return
        ids = {"message_id": message, "provider": provider, "model": model}
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

    def exception(self, at: datetime, trace: str, title: str, name: str, text: str, place: str) -> None:
        name, text = name.replace("\\", "\\\\"), text.replace('"', '\\"')
        tail = (
            f',"exception":"[object] ({name}(code: 0): {text} at /var/www/fragments/app/Services/{place}.php:47)\n[stacktrace]\n'
            f"#0 /var/www/fragments/vendor/laravel/framework/src/Illuminate/Pipeline/Pipeline.php(183): App\\\\Services\\\\run()\n"
            f'#1 /var/www/fragments/app/Services/{place}.php(60): handle()\n#2 {{main}}\n"'
        )
        self.emit("laravel", at, title, {"correlation_id": trace}, "ERROR", tail)

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
        duration = self.took(TOOLS[name], slow)
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

    def write(self, folder: Path) -> None:
        files: dict[Path, list[str]] = {}
        for at, _, channel, line in sorted(e for e in self.entries if e[0] <= self.now):
            files.setdefault(folder / "storage" / "logs" / f"{channel}-{at:%Y-%m-%d}.log", []).append(line)
        for path, lines in files.items():
            path.write_text("".join(lines), encoding="utf-8")
        limit = f"{self.now:%Y-%m-%d %H:%M:%S}"
        with sqlite3.connect(folder / "database" / "database.sqlite") as db:
            db.executescript(TABLES)
            db.executemany(
                "INSERT INTO tool_invocations (id, user_id, tool_slug, command_slug, message_id, command_execution_id, correlation_id,"
                " request, response, status, duration_ms, created_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                [row for row in self.tool_rows if row[-1] <= limit],
            )
            db.executemany(
                "INSERT INTO command_executions (id, command_name, executed_at, dry_run, result, user_id) VALUES (?,?,?,?,?,?)",
                [row for row in self.command_rows if row[2] <= limit],
            )
        db.close()
