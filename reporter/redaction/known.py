"""Secrets that are known by their letters: the values of the app's .env, and what a scanner found."""

from __future__ import annotations

import json
import re

from reporter.redaction.patterns import begins
from reporter.redaction.rule import Rule

# So common that they would take words out of texts that tell nothing: only under a telling name are they secrets.
_COMMON = frozenset(
    [
        "password",
        "passwd",
        "secret",
        "admin",
        "administrator",
        "root",
        "user",
        "users",
        "guest",
        "test",
        "tests",
        "testing",
        "demo",
        "example",
        "sample",
        "default",
        "local",
        "localhost",
        "laravel",
        "app",
        "apps",
        "forge",
        "homestead",
        "sail",
        "vagrant",
        "valet",
        "docker",
        "postgres",
        "postgresql",
        "pgsql",
        "mysql",
        "mariadb",
        "sqlite",
        "redis",
        "mongo",
        "minio",
        "minioadmin",
        "rabbitmq",
        "fragments",
        "fragment",
        "chat",
        "note",
        "notes",
        "message",
        "messages",
        "command",
        "commands",
        "tool",
        "tools",
        "llm",
        "log",
        "logs",
        "mail",
        "mailpit",
        "mailhog",
        "smtp",
        "null",
        "none",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "ok",
        "error",
        "errors",
        "debug",
        "info",
        "warning",
        "production",
        "staging",
        "development",
        "dev",
        "prod",
        "master",
        "main",
        "public",
        "private",
        "internal",
        "api",
        "web",
        "http",
        "https",
        "file",
        "files",
        "sync",
        "database",
        "db",
        "queue",
        "cache",
        "session",
        "array",
        "stack",
        "single",
        "daily",
        "changeme",
        "letmein",
        "welcome",
        "qwerty",
        "abc123",
        "database.sqlite",
        "openai",
        "anthropic",
        "google",
        "azure",
        "ollama",
        "claude",
        "gpt",
        "model",
        "models",
        "key",
        "token",
        "login",
        "system",
        "home",
        "server",
        "client",
        "nativephp",
    ]
)
_LEAST = 4
# Digits as short as these are counts and times as well.
_DIGITS = 6


def known_rule(name: str, secrets: frozenset[str]) -> Rule | None:
    """What finds these where they stand as words, as they are or in JSON; None where none can be told from plain words."""
    told = {secret for secret in secrets if _is_telling(secret)}
    literals = sorted({form for secret in told for form in _forms(secret)}, key=lambda form: (-len(form), form))
    if not literals:
        return None
    return Rule(
        name, rf"{begins('A-Za-z0-9_')}(?:{'|'.join(re.escape(literal) for literal in literals)})(?![A-Za-z0-9_])"
    )


def _is_telling(secret: str) -> bool:
    is_number = secret.isdigit() and len(secret) <= _DIGITS
    return len(secret) >= _LEAST and secret.lower() not in _COMMON and not is_number


def _forms(secret: str) -> set[str]:
    """As it is, and as it stands in JSON that is a text: escaped once and twice, slashes too."""
    once = json.dumps(secret)[1:-1]
    plain = json.dumps(secret, ensure_ascii=False)[1:-1]
    return {secret, once, plain, once.replace("/", "\\/"), json.dumps(plain, ensure_ascii=False)[1:-1]}
