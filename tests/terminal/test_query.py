"""`query`: answers, what can be asked, and that nothing else can be reached."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from reporter.analysis.query import SCHEMA
from tests.helpers import event, run, write_log

DOCS = (Path(__file__).parent.parent.parent / "docs" / "query.md").read_text()
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("query") / "app"
    (root / "storage" / "logs").mkdir(parents=True)
    (root / ".env").write_text(
        "APP_KEY=base64:c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlYw==\nMAIL_PASSWORD=correct-horse-battery\n"
    )
    for n, took in enumerate((100, 200, 900)):
        write_log(
            root,
            event(
                "tool.invocation.completed",
                f"10:00:0{n}.500",
                f"t-{n}",
                tool_name="db",
                invocation_id=f"i-{n}",
                duration_ms=took,
            ),
        )
    why = f"denied for {KEY} of jane@example.org with correct-horse-battery"
    write_log(
        root,
        event(
            "tool.invocation.failed",
            "10:00:05.500",
            "t-5",
            tool_name="=cmd()",
            duration_ms=5,
            error=why,
            prompt="a long text somebody wrote",
        ),
    )
    assert run("sources", "--app", str(root)).exit_code == 0
    return root  # fmt: skip


def told(app: Path, sql: str, *arguments: str) -> str:
    done = run("query", sql, "--app", str(app), *arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def rows(app: Path, sql: str, *arguments: str) -> list[list]:
    return json.loads(told(app, sql, "--format", "json", *arguments))["rows"]


def test_an_answer_in_every_format(app):
    sql = "SELECT operation, count(*) AS n, quantile_cont(duration_ms, 0.5) AS p50, min(ts) AS first FROM spans WHERE operation = 'db' GROUP BY ALL"
    assert json.loads(told(app, sql, "--format", "json")) == {
        "columns": [{"name": "operation", "type": "VARCHAR"}, {"name": "n", "type": "BIGINT"}, {"name": "p50", "type": "DOUBLE"},
                    {"name": "first", "type": "TIMESTAMP"}],
        "rows": [["db", 3, 200.0, "2026-11-20T10:00:00.500000Z"]],
    }  # fmt: skip
    assert told(app, sql).split() == ["operation", "n", "p50", "first", "db", "3", "200", "2026-11-20T10:00:00.500000Z"]
    table = list(csv.reader(io.StringIO(told(app, sql, "--format", "csv"))))
    assert table == [["operation", "n", "p50", "first"], ["db", "3", "200.0", "2026-11-20T10:00:00.500000Z"]]
    assert "'=cmd()" in told(app, "SELECT operation FROM spans", "--format", "csv")
    assert told(app, "SELECT 1 WHERE false") == "No row.\n"


def test_all_tables_can_be_asked_and_are_documented(app):
    for name, columns in SCHEMA.items():
        found = json.loads(told(app, f"SELECT * FROM {name}", "--format", "json"))
        assert {c["name"]: c["type"] for c in found["columns"]} == {
            column: kind for column, (kind, _) in columns.items()
        }
        for column, (kind, said) in columns.items():
            assert said, (name, column)
            assert f"| {column} | {kind} | {said} |" in DOCS.partition(f"## {name}\n")[2].partition("\n## ")[0]
    listed = json.loads(run("query", "--format", "json").stdout)
    assert [(row["table"], row["column"]) for row in listed] == [
        (t, c) for t, columns in SCHEMA.items() for c in columns
    ]
    assert "quantile" not in run("query").stdout
    assert rows(app, "SELECT correlation_id, status, events, duration_ms FROM traces ORDER BY 1 LIMIT 1") == [
        ["t-0", "ok", 1, 100.0]
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "FROM events SELECT count(*)",
        "WITH e AS (SELECT 1 AS n FROM events) SELECT sum(n) FROM e",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT max(n) FROM r",
        "SELECT count(*) FROM events e JOIN spans USING (id) WHERE e.id IN (SELECT id FROM spans)",
        "SELECT max(n) FROM range(5) r(n)",
        "WITH events AS (SELECT * FROM events WHERE kind = 'tool') SELECT count(*) FROM events",
        "DESCRIBE events",
        "SELECT to_json(e) FROM spans e LIMIT 1",
        "SELECT {'a': [1, 2], 'b': DATE '2026-01-01', 'c': 12345678901234567890123::HUGEINT, 'd': 1.5::DECIMAL(4,2), 'e': INTERVAL 1 DAY}",
    ],
)
def test_what_a_select_may_do(app, sql):
    assert rows(app, sql)
    told(app, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO events (id) VALUES (1)", "DELETE FROM events", "DROP TABLE events", "CREATE TABLE x AS SELECT 1",
        "CREATE TEMP TABLE x AS SELECT 1", "UPDATE about SET value = 1", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE events", "",
        "COPY (SELECT 1) TO '{}/x.csv'", "COPY events TO '{}/x.parquet'", "EXPORT DATABASE '{}/x'", "ATTACH '{}/x.db'",
        "ATTACH '{}/app/storage/telemetry/telemetry.duckdb' AS y", "USE memory", "SET threads = 1", "RESET threads",
        "SET enable_external_access = true", "PRAGMA database_list", "CALL pragma_version()", "LOAD json", "INSTALL httpfs", "CHECKPOINT",
        "SHOW TABLES", "PREPARE q AS SELECT 1", "EXPLAIN ANALYZE SELECT 1", "VACUUM", "nonsense",
        "SELECT * FROM about", "SELECT * FROM telemetry.main.about", "SELECT * FROM main.events", "SELECT * FROM temp.main.events",
        "SELECT * FROM duckdb_tables()", "SELECT * FROM duckdb_settings()", "SELECT * FROM information_schema.tables",
        "SELECT * FROM query('SELECT * FROM about')", "SELECT * FROM query_table('about')",
        "SELECT * FROM json_execute_serialized_sql('x')", "SELECT * FROM '{}/secret.csv'", "SELECT * FROM \"{}/secret.csv\"",
        "SELECT * FROM read_csv('{}/secret.csv')", "SELECT * FROM read_text('{}/secret.csv')", "SELECT * FROM read_blob('{}/*')",
        "SELECT * FROM glob('{}/*')", "SELECT * FROM sniff_csv('{}/secret.csv')", "SELECT * FROM read_duckdb('{}/x')",
        "SELECT current_setting('threads')", "SELECT write_log('x')", "SELECT sleep_ms(10)", "SELECT getvariable('x')",
        "WITH x AS (SELECT * FROM about) SELECT * FROM x", "WITH about AS (SELECT * FROM about) SELECT * FROM about",
        "WITH RECURSIVE about AS (SELECT * FROM about) SELECT * FROM about", "WITH duckdb_tables AS (SELECT * FROM duckdb_tables) FROM duckdb_tables",
        "SELECT * FROM events, LATERAL (FROM about)", "FROM temp.main.events", "SELECT * FROM (VALUES (1)) about(x) WHERE x IN (SELECT 1 FROM about)", "SELECT (SELECT value FROM about LIMIT 1)",
        "SELECT * FROM events WHERE EXISTS (FROM about)", "SELECT context FROM events", "SELECT exception FROM events", "SELECT path FROM sources",
    ],
)  # fmt: skip
def test_nothing_else_can_be_reached(app, tmp_path, sql):
    (tmp_path / "secret.csv").write_text("a\nTOP SECRET\n")
    sink = app / "storage" / "telemetry" / "telemetry.duckdb"
    before = (
        sink.read_bytes(),
        sorted(p.name for p in sink.parent.iterdir()),
        sorted(p.name for p in tmp_path.iterdir()),
    )
    done = run("query", sql.replace("{}", str(tmp_path)), "--app", str(app))
    if sql:
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith("telemetry-report: ")
        assert len(done.stderr.splitlines()) == 1
    assert "TOP SECRET" not in done.output
    assert (
        sink.read_bytes(),
        sorted(p.name for p in sink.parent.iterdir()),
        sorted(p.name for p in tmp_path.iterdir()),
    ) == before


def test_what_does_not_fit_in_memory_is_not_written(app, monkeypatch):
    monkeypatch.setattr("reporter.engine.memory_limit", lambda: 100_000_000)
    done = run("query", "SELECT count(*) FROM (SELECT DISTINCT n FROM range(100000000) r(n))", "--app", str(app))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "more memory than it may take" in done.stderr


def test_results_and_complaints_are_redacted(app):
    for sql in ("SELECT error_message FROM events", "SELECT error_message AS kind FROM events", "SELECT {'status': error_message} FROM events",
                "SELECT [error_message] AS level FROM events", "SELECT error_message AS message_id FROM events"):  # fmt: skip
        for form in ("table", "json", "csv"):
            said = told(app, sql, "--format", form)
            assert not [part for part in (KEY, "jane@example.org", "correct-horse-battery") if part in said], sql
    wrong = run("query", "SELECT error_message::INTEGER FROM events WHERE status = 'error'", "--app", str(app)).stderr
    assert "Could not convert" in wrong
    assert not [part for part in (KEY, "jane@example.org", "correct-horse-battery") if part in wrong]
    assert "jane@example.org" in told(app, "SELECT error_message FROM events WHERE status = 'error'", "--no-redact")
    logged = rows(app, "SELECT context->>'$.data.prompt' FROM events WHERE status = 'error'", "--no-redact")
    assert logged == [["a long text somebody wrote"]]


def test_a_table_shows_so_many_rows_and_says_that_there_are_more(app):
    text = told(app, "SELECT n FROM range(500) r(n) ORDER BY n", "--top", "3")
    assert text.splitlines()[1:] == ["0", "1", "2", "… more: --top 6, or a LIMIT"]
    assert len(rows(app, "SELECT n FROM range(500) r(n)")) == 500
