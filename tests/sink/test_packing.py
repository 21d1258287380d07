"""Contexts in a sink: packed by what columns hold too, read as they were logged; and what a sink takes beside its logs.

TELEMETRY_FUZZ multiplies the examples.
"""

from __future__ import annotations

import os
import random
import uuid
from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from reporter.events.columns import EVENT_COLUMNS
from reporter.events.packing import PACKED, with_contexts
from reporter.settings.app import find_app
from reporter.sink.file import open_sink
from reporter.sink.schema import STORED_COLUMNS, TABLES
from tests.helpers import entry, run, write_log

# Marks and what they are made of, so that values, marks and what is between them look alike.
_TEXTS = some.none() | some.text(alphabet='ab"=-\x01\x02\\é{', max_size=12)
_IDS = (
    "correlation_id", "pipeline_id", "message_id", "invocation_id", "conversation_id", "fragment_id", "execution_id",
)  # fmt: skip
_EVENTS = some.fixed_dictionaries(
    {
        **{name: _TEXTS for name in _IDS},
        "record_id": some.none() | some.uuids(),
        "ts": some.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1)),
        "duration_ms": some.none() | some.floats(0, allow_nan=False, allow_infinity=False),
        "ttft_ms": some.none() | some.integers(0, 9).map(float),
    }
)


@pytest.fixture(scope="module")
def kept():
    with duckdb.connect() as con:
        con.execute(TABLES)
        yield con


@settings(max_examples=120 * int(os.environ.get("TELEMETRY_FUZZ", "1")), deadline=None)
@given(event=_EVENTS, between=some.lists(some.text(alphabet='abcd"=-\x01{', max_size=5), max_size=12), data=some.data())
def test_a_context_is_read_as_it_was_logged(kept, event, between, data):
    held = [str(value) for value in event.values() if value is not None] + [f"{event['ts']:%Y-%m-%dT%H:%M:%S.%f}"]
    held += [f":{event[name]}" for name in ("duration_ms", "ttft_ms") if event[name] is not None]
    context = "".join(text + data.draw(some.sampled_from(["", *held])) for text in between)
    insert(kept, {**event, "context": context})
    assert unpacked(kept) == [context]


def insert(con, event: dict) -> None:
    con.execute("DELETE FROM events")
    told = ", ".join(
        f'{f"${name}" if name in event else "NULL"}::{kind} AS "{name}"' for name, (kind, _) in EVENT_COLUMNS.items()
    )
    con.execute(
        f"INSERT INTO events BY NAME SELECT * EXCLUDE (context), {PACKED} AS packed FROM (SELECT {told})", event
    )


def test_ids_and_times_that_columns_hold_are_not_kept_twice(kept):
    trace, record, at = "0d0c1f2e-trace", uuid.uuid4(), datetime(2026, 11, 20, 10, 0, 0, 12)
    context = f'{{"event_id":"{record}","timestamp":"2026-11-20T10:00:00.000012Z","correlation_id":"{trace}","again":"{trace}"}}'
    event = {"record_id": record, "ts": at, "correlation_id": trace, "context": context}
    insert(kept, event)
    ((packed, found),) = kept.execute(f"SELECT packed, context FROM {with_contexts()}").fetchall()
    assert found == context
    assert not any(text in packed for text in (str(record), trace, "10:00:00"))
    # A control character that is in the text, not a mark.
    insert(kept, {**event, "context": f"\x01a {context}"})
    assert unpacked(kept) == [f"\x01a {context}"]


def test_what_marks_stand_for_is_written_as_ever(kept):
    """By another DuckDB too: or what older sinks hold would be read as something else."""
    event = {"record_id": uuid.UUID(int=1), "ts": datetime(2026, 1, 2, 3, 4, 5), "context": "\x01="}
    insert(kept, event)
    kept.execute("UPDATE events SET packed = chr(1) || 'a ' || chr(1) || 'b'")
    assert unpacked(kept) == ["00000000-0000-0000-0000-000000000001 2026-01-02T03:04:05.000000"]
    kept.execute("UPDATE events SET packed = chr(1) || 'f'")
    said = {
        5.0: "5.0",
        1344.77: "1344.77",
        0.1 + 0.2: "0.30000000000000004",
        1e-5: "1e-05",
        1e15: "1000000000000000.0",
        1e16: "1e+16",
    }
    for duration, text in said.items():
        kept.execute("UPDATE events SET duration_ms = ?", [duration])
        assert unpacked(kept) == [f":{text}"]


def unpacked(con) -> list[str]:
    return [context for (context,) in con.execute(f"SELECT context FROM {with_contexts()}").fetchall()]


def test_a_sink_takes_less_than_a_sixth_of_its_logs(app):
    """All ids are random, every time another: what is held twice is seen in the bytes."""
    chance = random.Random(1)

    def fresh() -> str:
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))

    lines, at = [], datetime(2026, 11, 20)
    for _ in range(3000):
        trace, message = fresh(), fresh()
        for name in ("received", "sent", "enriched", "validated", "stored", "seen"):
            at += timedelta(microseconds=chance.randrange(10**6))
            told = {
                "event": f"chat.message.{name}",
                "data": {"message_id": message, "content_length": chance.randrange(900)},
                "meta": {"timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z", "event_id": fresh(), "service": "chat-telemetry"},
                "correlation": {
                    "correlation_id": trace,
                    "timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
                    "context": {"correlation_id": trace},
                },
            }
            lines.append(entry(told["event"], told, at=f"{at:%Y-%m-%d %H:%M:%S}"))
    write_log(app, *lines)
    assert run("overview", "--app", str(app)).exit_code == 0
    logged = sum(len(line.encode()) for line in lines)
    assert logged > 8_000_000
    sink = find_app(str(app), None, (), None).sink
    assert sink.stat().st_size < logged / 6


# Of a sink of version 6, which computed the contexts itself, of fewer marks.
_COMPUTED = """
CREATE TABLE computed ({columns}, batch INTEGER,
  context VARCHAR GENERATED ALWAYS AS (replace(packed, chr(1) || 'c', coalesce(correlation_id, ''))) VIRTUAL);
INSERT INTO computed SELECT * REPLACE (replace(context, coalesce(correlation_id, chr(1) || '-'), chr(1) || 'c') AS context) FROM whole;
DROP TABLE whole;
ALTER TABLE computed RENAME TO whole"""


@pytest.mark.parametrize("version", [4, 5, 6])
def test_a_sink_that_kept_contexts_otherwise_is_brought_up_to_date(app, version):
    write_log(app, entry("one", {"correlation_id": "trace-0001", "note": "trace-0001 \u0001a"}), entry("two", {"a": 1}))
    asked = ("export", "--app", str(app), "--format", "json", "--since", "2026-11-01", "--until", "2026-12-01")
    before = run(*asked)
    sink = find_app(str(app), None, (), None).sink
    with open_sink(sink) as old:
        con, names = old.connection, ", ".join(f'"{name}"' for name in EVENT_COLUMNS)
        con.execute(
            f"CREATE TABLE whole AS SELECT {names}, batch FROM {with_contexts()}; DROP TABLE events; DROP TABLE faults"
        )
        if version == 6:
            con.execute(
                _COMPUTED.format(columns=", ".join(f'"{name}" {kind}' for name, (kind, _) in STORED_COLUMNS.items()))
            )
        con.execute(f"ALTER TABLE whole RENAME TO events; UPDATE about SET value = '{version}' WHERE key = 'schema'")
        if version == 4:
            con.execute("DROP TABLE traces")
    after = run(*asked)
    assert (after.exit_code, after.stdout) == (0, before.stdout)
    assert "is of an older version, and is brought up to date" in after.stderr
    assert "older version" not in run(*asked).stderr
    with open_sink(sink, read_only=True) as new:
        packed = new.connection.execute("SELECT packed FROM events WHERE message = 'one'").fetchall()[0][0]
        columns = [row[0] for row in new.connection.execute("DESCRIBE events").fetchall()]
        assert columns == [*STORED_COLUMNS, "batch"]
    assert "trace-0001" not in packed
