"""An entry reads the same wherever it stands and however much of it is there when it is read. TELEMETRY_FUZZ multiplies the
examples."""

from __future__ import annotations

import json
import os

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporter import engine
from reporter.sources import format_of
from reporter.sources.blocks import scratch
from reporter.sources.entries import Entries

MANY = int(os.environ.get("TELEMETRY_FUZZ", "1")) > 1
EXAMPLES = 15 * int(os.environ.get("TELEMETRY_FUZZ", "1"))
TRACE = '{"exception":"[object] (RuntimeException(code: 0): gone {x} at /srv/n/app/A.php:4)\n[stacktrace]\n#0 /srv/n/app/B.php(1): A->b()\n#1 {main}\n"'
INDENTED = '{"exception":"[object] (E(code: 0): gone at C:\\\\n\\\\app\\\\A.php:4)\n    [stacktrace]\n    #0 C:\\\\n\\\\app\\\\B.php(1): A->b()\n    #1 {main}\n"} \n'
TIMES = (
    "2026-11-24 10:00:00", "2026-11-24 10:00:00,123", "2026-11-24 10:00:00.123456", "2026-11-24 10:00:00 +0200", "2026-11-24 10:00:00 (+02:00)",
    "2026-11-24T10:00:00.123456+00:00", "2026-11-24T10:00:00Z", "2026-11-24 10:00:00.5 UTC", "2026-11-24 10:00:00 Europe/Berlin",
)  # fmt: skip
CHANNELS = (
    "local",
    "Notes App",
    "my.app",
    "Notes: v2.0",
    "20e94e8 production",
    "[20e94e8] local",
    "",
    "Über-Notes (dev)",
    "a-b_c",
)
LEVELS = ("INFO", "ERROR", "INF", "WRN", "ERR", "EMERGENCY", "warning", "CRIT")
BODIES = (
    "plain text  \n", "  \n", " {\"userId\":7} \n", "m {\"a\":1} \n", "m {\"a\":1} {\"b\":2}\n", "m  {\"b\":2}\n", "m [] {\"b\":2}\n", "m [] []\n",
    'm ["one","two"] \n', 'm ["one","two"] {"uid":"x"}\n', "m {\"a\":true,\"b\":null,\"c\":12.5,\"d\":1e3,\"e\":\"\\u00e9\"} {\"b\":[1]}\n",
    f"Boom {TRACE},\"p\":1}} \n", f"Boom {TRACE}}} {{\"uid\":1}}\n", f"Boom {INDENTED}", 'm {"a":"x\n[2026-11-24 10:00:01] local.ERROR: forged {} \nend"} \n',
    'got {"x":1} {"a":1} \n', "two\nlines  \n", 'HTTP request returned status code 401:\n{"error":{"m":"no"}}\n {"a":1} \n', 'm {"a":NaN,"b":-Infinity} \n',
    "done: [80ms] {no  \n", "m é漢🎉 {\"é\":\"漢🎉\"} \n",
)  # fmt: skip
AT = '"2026-11-24T10:00:00.123456+00:00"'
OBJECTS = (
    f'{{"message":"m","context":{{"a":1}},"level":200,"level_name":"INFO","channel":"c","datetime":{AT},"extra":{{"x":1}}}}',
    f'{{"message":"","context":[],"level":400,"level_name":"ERROR","channel":"c","datetime":{AT},"extra":[]}}',
    f'{{"message":"m","context":["one","two"],"level_name":"INFO","datetime":{AT},"extra":{{}}}}',
    f'{{"event":"tool.invocation.completed","data":{{"tool_name":"t","duration_ms":5}},"meta":{{"timestamp":{AT}}}}}',
    f'{{"event":"note.seen","correlation_id":"abcdefgh","timestamp":{AT}}}',
    f'{{"@timestamp":{AT},"message":"m","channel":"c","level":"ERROR","monolog_level":400,"context":{{"a":"\\u00e9"}}}}',
    '{"version":"1.1","short_message":"m","timestamp":1795514400.17,"level":3,"_ctxt_a":1}',
    f'{{"message":"m","context":{{"a":true}},"extra":{{}},"severity":"WARNING","time":{AT}}}',
    f'{{\n  "message": "m",\n  "level_name": "INFO",\n  "context": {{\n    "a": [\n      1\n    ]\n  }},\n  "datetime": {AT}\n}}',
    '["app.tag",1795514400,{"message":"m","context":{"a":1},"extra":[],"level":200,"level_name":"INFO"}]',
    '{"message":"m","level_name":"INFO","datetime":{"date":"2026-11-24 10:00:00.000000","timezone_type":3,"timezone":"Europe/Berlin"},"context":{"n":NaN}}',
)  # fmt: skip
FOREIGN = (
    "[24-Nov-2026 10:00:00 UTC] PHP Warning:  no in /a.php on line 3\n",
    "PHP Fatal error:  no in /b.php on line 9\n",
    "=== banner ===\n",
)

heads = st.builds("[{}] {}.{}: ".format, st.sampled_from(TIMES), st.sampled_from(CHANNELS), st.sampled_from(LEVELS))
lines = st.builds("{}{}".format, heads, st.sampled_from(BODIES))
entries = st.one_of(lines, st.sampled_from(OBJECTS).map(lambda text: f"{text}\n"))


def records(cut, base: int = 0) -> list[tuple]:
    """(offset, time, level, message, context, extra) of a cut, JSON parsed strictly; in the file's order."""
    found = []
    for name, records_sql, rows in cut.parts:
        if name == "line":
            found += list(zip(*rows.to_pydict().values(), strict=True))
            continue
        con = scratch().cursor()
        engine.register(con, "raw", rows.append_column("source", pa.array([1] * rows.num_rows, pa.int32())))
        found += con.execute(f'SELECT "offset", time, level, message, context, extra FROM ({records_sql})').fetchall()
        con.close()
    told = lambda text: text and json.loads(text, parse_constant=pytest.fail)  # noqa: E731
    return sorted(
        ((o + base, t, v, m or "", told(c), told(e)) for o, t, v, m, c, e in found), key=lambda record: record[0]
    )


def read(data: bytes, *cuts: int) -> tuple[list[tuple], list[tuple[int, str]]]:
    """All records and rejects of a file that is read when it is so long, and whole."""
    at, found, rejects = 0, [], []
    for end in (*cuts, len(data)):
        cut = format_of(data[:100]).cut(data[at:end], at_end=True, is_closed=False)
        found += records(cut, at)
        rejects += [(r.offset + at, r.reason) for r in cut.rejects]
        at += cut.consumed
    assert not data[at:].strip()
    return found, rejects


def alone(text: str) -> tuple:
    found, rejects = read(text.encode())
    assert (len(found), rejects) == (1, []), text
    return found[0][1:]


@pytest.mark.parametrize(
    "text", [f"[2026-11-24 10:00:00] local.INFO: {body}" for body in BODIES] + [f"{text}\n" for text in OBJECTS]
)
def test_an_entry_waits_at_every_cut_until_it_is_whole(text):
    before, behind = "[2026-11-24 09:59:59] local.INFO: before  \n", "[2026-11-24 10:00:09] local.INFO: behind  \n"
    data = (before + text + behind).encode()
    whole = read(data)
    assert whole[1] == []
    for cut in range(len(before), len(data), 1 if MANY else 3):
        assert read(data, cut) == whole, data[:cut]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(entries, min_size=1, max_size=6))
def test_an_entry_reads_the_same_alone_and_wherever_it_stands(parts):
    found, rejects = read("".join(parts).encode())
    assert rejects == []
    assert [record[1:] for record in found] == [alone(part) for part in parts]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(entries, min_size=1, max_size=3), st.integers(13, 40))
def test_many_read_as_few_do(parts, times):
    """The arrays' way and the single one are one grammar."""
    found, rejects = read("".join(parts * times).encode())
    assert rejects == []
    assert [record[1:] for record in found] == [alone(part) for part in parts] * times


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.one_of(entries, st.sampled_from(FOREIGN)), min_size=1, max_size=6))
def test_a_foreign_line_is_one_reject_and_sticks_to_no_entry(parts):
    found, rejects = read("".join(parts).encode())
    good = [part for part in parts if part not in FOREIGN]
    assert [record[1:] for record in found] == [alone(part) for part in good]
    assert len(rejects) == len(parts) - len(good)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(entries, min_size=1, max_size=3), st.sampled_from(["\ufeff", "\x1b[33m", "\x1b[1;31m\ufeff", ""]))
def test_marks_and_colours_around_entries_are_nothing(parts, mark):
    text = "".join(f"{mark}{part[:-1]}\x1b[0m\n" if mark.startswith("\x1b") else mark + part for part in parts)
    found, rejects = read(text.encode())
    assert rejects == []
    assert [record[1:] for record in found] == [alone(part) for part in parts]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(entries, min_size=1, max_size=4), st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_utf16_is_read(parts, codec):
    found, rejects = read(("\ufeff" + "".join(parts)).encode(codec))
    assert rejects == []
    assert [record[1:] for record in found] == [alone(part) for part in parts]


def docker(line: str) -> str:
    return json.dumps({"log": line + "\n", "stream": "stdout", "time": "2026-11-24T10:00:00.1Z"}) + "\n"


def journal(line: str) -> str:
    return json.dumps({"MESSAGE": line, "PRIORITY": "6", "__REALTIME_TIMESTAMP": "1795514400000000"}) + "\n"


WRAPPINGS = {
    "compose": "app-1  | {}\n".format,
    "cri": "2026-11-24T10:00:00.123456789Z stdout F {}\n".format,
    "docker": docker,
    "journald": journal,
}


@pytest.mark.parametrize("name", WRAPPINGS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(parts=st.lists(entries, min_size=1, max_size=4), share=st.floats(0, 1))
def test_wrapped_lines_are_unwrapped(name, parts, share):
    wrapped = "".join(WRAPPINGS[name](line) for line in "".join(parts)[:-1].split("\n")).encode()
    found, rejects = read(wrapped)
    assert rejects == []
    assert [record[1:] for record in found] == [alone(part) for part in parts]
    assert len({record[0] for record in found}) == len(found)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.sampled_from(OBJECTS), min_size=1, max_size=6), st.sampled_from(["", " ", "\r\n", "\n\n"]))
def test_objects_need_no_line_ends_between_them(parts, between):
    found, rejects = read(between.join(parts).encode())
    assert rejects == []
    assert [record[1:] for record in found] == [alone(part) for part in parts]


@pytest.mark.parametrize("text", ['{"message":"m","level":"info"}\n', '{"event":"a.b","correlation_id":"x"}\n'])
def test_the_key_that_is_missing_is_named(text):
    ((_, reason),) = read(text.encode())[1]
    assert reason.startswith("JSON without a time: looked for datetime, @timestamp, timestamp")


@pytest.mark.parametrize("text", ["Tool call finished", "Started", "GET /notes 200"])
def test_free_text_in_event_is_the_message(text):
    _, level, message, context, _ = alone(
        json.dumps({"event": text, "level": "info", "timestamp": "2026-11-24T10:00:00Z", "n": 1}) + "\n"
    )
    assert (level, message, context) == ("INFO", text, {"n": 1})


def test_an_open_file_without_line_ends_is_read_object_by_object():
    text = OBJECTS[0].encode() * 3
    found, rejects = read(text, *range(1, len(text)))
    assert (len(found), rejects) == (3, [])


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_block_ends_where_its_last_entry_begins(is_closed):
    text = "".join(f"[2026-11-24 10:00:00] local.INFO: {body}" for body in BODIES)
    data = text.encode()
    whole = read(data)
    for size in range(200, len(data), 97):
        cut = Entries().cut(data[:size], at_end=False, is_closed=is_closed)
        rest = Entries().cut(data[cut.consumed :], at_end=True, is_closed=is_closed)
        assert records(cut) + records(rest, cut.consumed) == whole[0]
