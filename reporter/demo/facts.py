"""What the demo app is made of: models with their price, commands, tools and steps with their usual ms, error texts."""

from __future__ import annotations

MODELS = (
    ("openai", "gpt-4o", 5.0),
    ("openai", "gpt-4o-mini", 0.6),
    ("anthropic", "claude-3-5-sonnet-latest", 6.0),
    ("ollama", "llama3:latest", 0.0),
)
# Of these, the one whose price went up.
DEARER = "gpt-4o"
# Made-up secrets, so that there is something to hide.
ENV = """APP_NAME=Demo
APP_ENV=local
APP_KEY=base64:ZGVtby1rZXktb2YtYS1kZW1vLWFwcC0zMi1ieXRlcyE=
DB_CONNECTION=sqlite
LOG_CHANNEL=stack
OPENAI_API_KEY=sk-proj-DEMOabcdefghijklmnopqrstuvwxyz0123456789ABCDEF
MAIL_PASSWORD=demo-Pa55word
"""
COMMANDS = {
    "note": ("fragment.create", "notify"),
    "todo": ("condition", "fragment.create", "notify"),
    "search": ("database.query", "tool.call"),
    "recall": ("database.query", "ai.generate", "tool.call"),
    "news-digest": ("tool.call", "tool.call", "ai.generate", "fragment.create"),
}  # fmt: skip
TOOLS = {"db.query": 12, "memory.search": 60, "memory.write": 25, "http.get": 420, "shell.exec": 700, "fs.read": 5}
STEPS = {
    "ParseAtomicFragment": 8,
    "ExtractMetadataEntities": 18,
    "GenerateAutoTitle": 14,
    "EnrichFragmentWithAI": 620,
    "SuggestTags": 22,
    "EmbedFragment": 90,
}
DATABASE_LOCKED = (
    'SQLSTATE[HY000]: General error: 5 database is locked (SQL: select * from "fragments" where "id" = {n})'
)
TIMEOUT = "cURL error 28: Operation timed out after {n} milliseconds with 0 bytes received"
RATE_LIMIT = "Rate limit reached for {model} in organization org-{n} on requests per min"

TABLES = """
CREATE TABLE tool_invocations (id varchar PRIMARY KEY, user_id integer, tool_slug varchar NOT NULL, command_slug varchar,
  fragment_id integer, message_id varchar, conversation_id varchar, command_execution_id varchar, correlation_id varchar,
  processing_job_id varchar, request text, response text, status varchar NOT NULL DEFAULT 'ok', duration_ms float,
  created_at datetime NOT NULL);
CREATE TABLE command_executions (id varchar PRIMARY KEY, command_name varchar NOT NULL, executed_at datetime NOT NULL,
  dry_run tinyint(1) NOT NULL DEFAULT 0, result text, user_id integer, created_at datetime, updated_at datetime);
"""
