"""LineFormatter as Monolog really writes it; every entry an event or a reject."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporter.sources.entries import Entries
from tests.helpers import entry

EXCEPTION = """[2026-11-20 10:00:00] local.ERROR: Boom {"correlation_id":"abcdefgh","exception":"[object] (RuntimeException(code: 0): Boom at /app/app/X.php:12)
[stacktrace]
#0 /app/app/Y.php(40): App\\\\X->run()
#1 {main}

[previous exception] [object] (PDOException(code: HY000): gone away at /app/Z.php:9)
[stacktrace]
#0 {main}
","provider":"openai"} 
"""


def cut(text: str | bytes, *, closed: bool = True):
    data = text if isinstance(text, bytes) else text.encode()
    return Entries().cut(data, True, closed)


def contexts(text: str | bytes) -> list:
    rows = sorted(cut(text).entries.to_pylist(), key=lambda r: r["offset"])
    return [(r["message"], json.loads(r["context"]) if r["context"] else None, r["extra"]) for r in rows]


def test_exception_with_line_breaks_is_mended_and_the_keys_behind_it_are_read():
    (message, context, _), (after, _, _) = contexts(EXCEPTION + entry("next"))
    assert message == "Boom"
    assert after == "next"
    assert context["provider"] == "openai"
    assert "[previous exception]" in context["exception"]
    assert "\nApp" not in context["exception"]
    assert "App\\X->run()" in context["exception"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('m {"a":1} \n', ("m", {"a": 1}, None)),
        ("m  \n", ("m", None, None)),
        ('m {"a":1} {"b":2}\n', ("m", {"a": 1}, '{"b":2}')),
        ('m  {"b":2}\n', ("m", None, '{"b":2}')),
        ("m [] []\n", ("m", None, None)),
        ('m {"a":1} []\n', ("m", {"a": 1}, None)),
        (' {"a":1} \n', ("", {"a": 1}, None)),
        ('got {"x":1} {"a":1} \n', ('got {"x":1}', {"a": 1}, None)),
        ('got {"x":1}  \n', ('got {"x":1}', None, None)),
        ("like '%[x] {y: z%' [80ms] {\"a\":1} \n", ("like '%[x] {y: z%' [80ms]", {"a": 1}, None)),
        ('array (\n  0 => 1,\n) {"a":1} \n', ("array (\n  0 => 1,\n)", {"a": 1}, None)),
        ("one\ntwo: {no\nend  \n", ("one\ntwo: {no\nend", None, None)),
        ('m {"a":"x\ny"} \n', ("m", {"a": "x\ny"}, None)),
    ],
)
def test_message_context_and_extra_are_split_as_monolog_joined_them(line, expected):
    assert contexts(f"[2026-11-20 10:00:00] local.INFO: {line}" + entry("next"))[0] == expected


def test_a_header_forged_inside_a_context_is_user_text():
    text = '[2026-11-20 10:00:00] local.INFO: m {"a":"x\n[2026-11-20 10:00:01] local.ERROR: forged {} \nend"} \n'
    found = contexts(text + entry("next", {"b": 1}))
    assert [f[0] for f in found] == ["m", "next"]
    assert found[0][1] == {"a": "x\n[2026-11-20 10:00:01] local.ERROR: forged {} \nend"}


def test_a_cut_off_entry_is_one_reject_and_the_next_is_read():
    found = cut('[2026-11-20 10:00:00] local.INFO: m {"a":"x\n' + entry("next", {"b": 1}))
    assert [r.offset for r in found.rejects] == [0]
    assert found.entries.num_rows == 1


def test_an_unfinished_last_entry_waits_in_a_file_that_can_grow():
    whole = entry("first", {"a": 1})
    found = cut(whole + '[2026-11-20 10:00:00] local.INFO: m {"a', closed=False)
    assert (found.consumed, found.entries.num_rows, found.rejects) == (len(whole), 1, [])


def test_garbage_before_and_between_entries_is_counted():
    found = cut("PHP Fatal error: x\n" + entry("a", {"a": 1}) + "PHP Warning: x\n" + entry("b", {"a": 1}))
    assert [r.reason for r in found.rejects] == ["a line of PHP's own, no log entry"] * 2
    assert found.entries.num_rows == 2


def test_invalid_utf8_is_replaced_and_the_rest_read():
    found = contexts(b'[2026-11-20 10:00:00] local.INFO: a\xff {"k":"\xfe"} \n' + entry("b", {"a": 1}).encode())
    assert [f[0] for f in found] == ["a�", "b"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"{",
                b'"',
                b"\\",
                b"}",
                b"[",
                b"\n",
                b" ",
                b"\xff",
                b"\x00",
                b"[2026-11-20 10:00:00] local.INFO: ",
                b'{"a":1} \n',
                b"x",
            ]
        ),
        max_size=60,
    )
)
def test_any_bytes_give_entries_or_rejects_and_are_consumed(parts):
    data = b"".join(parts)
    found = cut(data)
    assert found.consumed == len(data)
    if data.strip():
        assert found.entries.num_rows + len(found.rejects) > 0


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=60), st.integers(1, 40))
def test_blocks_cut_anywhere_give_the_same_entries(noise, size):
    data = EXCEPTION.encode() + entry("b", {"a": 1}).encode() + noise.replace(b"[", b"") + b"\n" + entry("c").encode()
    whole = cut(data)
    waiting, rows, rejects = b"", 0, 0
    for at in range(0, len(data), size * 20):
        waiting += data[at : at + size * 20]
        at_end = at + size * 20 >= len(data)
        part = Entries().cut(waiting, at_end, True)
        waiting, rows, rejects = waiting[part.consumed :], rows + part.entries.num_rows, rejects + len(part.rejects)
    assert rows == whole.entries.num_rows
