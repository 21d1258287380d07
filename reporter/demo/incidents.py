"""What goes on beside the everyday: a queue that tries again, a worker with a log of its own, settings that change, words
that should not stand in a log, entries that were cut off."""

from __future__ import annotations

from datetime import datetime, timedelta

from reporter.demo.life import DAYS, Life

_WORKER = "worker.log"
# Made up, all of them.
_SECRETS = (
    "Provider answered 401 for Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJlLW9mLWEtZGVtbw",
    "Mail to jane.doe@example.org was refused by smtp://mailer:demo-Pa55word@mail.example.org:587",
    "Webhook https://hooks.example.org/in?token=demo4f9a8b7c6d5e4f3a2b1c answered 500",
    "Retrying with key sk-proj-DEMOabcdefghijklmnopqrstuvwxyz0123456789ABCDEF",
)


def happen(app: Life) -> None:
    """All of it, over the app's whole life."""
    start = app.now - timedelta(days=DAYS)
    for hour in range(DAYS * 24):
        at = start + timedelta(hours=hour, minutes=7)
        _job(app, at)
        _sync(app, at + timedelta(minutes=11), hour)
        if hour % 16 == 5:
            text = _SECRETS[hour // 16 % len(_SECRETS)]
            app.emit(
                "laravel",
                at + timedelta(minutes=20),
                text,
                {"correlation_id": app.uuid(), "user_ip": "203.0.113.7"},
                "WARNING",
            )
        if hour % 48 == 30:
            data = {
                "event": "settings.updated",
                "key": "ai.default_model",
                "old": "gpt-4o-mini",
                "new": "gpt-4o",
                "correlation_id": app.uuid(),
            }
            app.emit("settings-audit", at + timedelta(minutes=25), "settings.updated", data)


def _job(app: Life, at: datetime) -> None:
    """A queued job, some of which succeed at the second or third attempt, some never."""
    trace, job = app.uuid(), app.uuid()
    for attempt in range(1, 4):
        took = app.took(240)
        base = {"job_id": job, "correlation_id": trace, "attempt": attempt}
        stamp = f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
        app.line("queue.log", at, _queue_line(at, "processing.job.started", {**base, "timestamp": stamp}))
        at += timedelta(milliseconds=took)
        told = {**base, "duration_ms": took, "timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"}
        if app.rng.random() > 0.12:
            app.line("queue.log", at, _queue_line(at, "processing.job.completed", told))
            return
        error = {
            "error": "Connection refused by embeddings at 127.0.0.1:11434",
            "error_class": "App\\Exceptions\\EmbeddingsDown",
        }
        app.line("queue.log", at, _queue_line(at, "processing.job.failed", {**told, **error}, "ERROR"))
        at += timedelta(seconds=30 * attempt)


def _queue_line(at: datetime, name: str, context: dict[str, object], level: str = "INFO") -> str:
    import json

    text = json.dumps({"event": name, **context}, separators=(",", ":"))
    return f"[{at:%Y-%m-%d %H:%M:%S}] queue.{level}: {name} {text} \n"


def _sync(app: Life, at: datetime, hour: int) -> None:
    """The worker's hourly run, in JSON; now and then the disk is full and an entry is cut off."""
    trace, took = f"cmd_{app.uuid()[:13]}", app.took(900)
    failed = app.rng.random() < 0.08
    context = {"correlation_id": trace, "duration_ms": took, "items": app.rng.randint(0, 40)}
    if failed:
        context |= {"error": "Disk quota exceeded while writing notes/index", "error_class": "RuntimeException"}
    app.json_entry(
        _WORKER, at, f"sync.notes.{'failed' if failed else 'completed'}", context, "ERROR" if failed else "INFO"
    )
    if hour % 57 == 20:
        app.line(_WORKER, at + timedelta(seconds=1), '{"message":"sync.notes.comp\n')
