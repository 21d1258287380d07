"""What the demo app writes down: log entries of every shape and table rows, in order of time."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from reporter.demo.facts import TABLES

if TYPE_CHECKING:
    import random
    from datetime import datetime
    from pathlib import Path


@dataclass
class Journal:
    """`entries`: (time, number, file, line); a line has its file's own shape."""

    rng: random.Random
    now: datetime
    entries: list[tuple[datetime, int, str, str]] = field(default_factory=list)
    tool_rows: list[tuple[Any, ...]] = field(default_factory=list)
    command_rows: list[tuple[Any, ...]] = field(default_factory=list)

    def uuid(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def took(self, typical_ms: float, slow: bool = False) -> float:
        return round(self.rng.lognormvariate(0, 0.55) * typical_ms * (6 if slow else 1), 2)

    def line(self, file: str, at: datetime, text: str) -> None:
        self.entries.append((at, len(self.entries), file, text))

    def emit(
        self, channel: str, at: datetime, name: str, context: dict[str, Any], level: str = "INFO", tail: str = ""
    ) -> None:
        text = json.dumps(context, separators=(",", ":"), ensure_ascii=False)
        text = text[:-1] + tail + "}" if tail else text
        line = f"[{at:%Y-%m-%d %H:%M:%S}] local.{level}: {name} {text} \n"
        self.line(f"{channel}-{at:%Y-%m-%d}.log", at, line)

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

    def json_entry(self, file: str, at: datetime, message: str, context: dict[str, Any], level: str = "INFO") -> None:
        """An entry as Monolog's JsonFormatter writes it."""
        number = {"INFO": 200, "WARNING": 300, "ERROR": 400}[level]
        body = {"message": message, "context": context, "level": number, "level_name": level, "channel": "worker",
                "datetime": f"{at:%Y-%m-%dT%H:%M:%S.%f}+00:00", "extra": {}}  # fmt: skip
        self.line(file, at, json.dumps(body, separators=(",", ":")) + "\n")

    def exception(self, at: datetime, trace: str, title: str, name: str, text: str, place: str) -> None:
        name, text = name.replace("\\", "\\\\"), text.replace('"', '\\"')
        tail = (
            f',"exception":"[object] ({name}(code: 0): {text} at /var/www/fragments/app/Services/{place}.php:47)\n[stacktrace]\n'
            f"#0 /var/www/fragments/vendor/laravel/framework/src/Illuminate/Pipeline/Pipeline.php(183): App\\\\Services\\\\run()\n"
            f'#1 /var/www/fragments/app/Services/{place}.php(60): handle()\n#2 {{main}}\n"'
        )
        self.emit("laravel", at, title, {"correlation_id": trace}, "ERROR", tail)

    def write(self, folder: Path) -> None:
        files: dict[Path, list[str]] = {}
        for _, _, name, line in sorted(e for e in self.entries if e[0] <= self.now):
            files.setdefault(folder / "storage" / "logs" / name, []).append(line)
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
