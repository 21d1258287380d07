"""Texts of a relation leave as each by itself would, whatever they have in common; long ones are cut without leaving half a secret."""

from __future__ import annotations

import json
import random
import uuid

import duckdb
import pytest

from reporter.redaction import relation
from reporter.redaction.cut import cut, mended, shortened
from reporter.redaction.redactor import Redactor
from reporter.redaction.relation import ID, JSON, TEXT, redacted, shown_columns
from tests.redaction.test_recall import SAMPLES

R = random.Random(20261126)
# A secret of an app's .env that looks like an id.
KNOWN = "51b03f21-531f-48a2-aae7-fe0afbc5f709"


def some_id() -> str:
    ulid = "01" + "".join(R.choices("0123456789abcdefghjkmnpqrstvwxyz", k=24))
    return R.choice([str(uuid.UUID(int=R.getrandbits(128), version=4)), ulid, ulid.upper()])


def some_time() -> str:
    return f"2026-11-{R.randrange(10, 30)}T10:{R.randrange(10, 60)}:00.{R.randrange(100_000, 999_999)}Z"


def some_number() -> float | int:
    return R.choice([R.randrange(10**6), round(R.random() * 1000, 2), -R.randrange(9)])


def entries() -> list[tuple[str, str]]:
    """(sort, text): three of each, which differ in ids, times and numbers alone."""
    found = []
    secrets = [sample["secret"] for sample in SAMPLES if sample["secret"]][::9]
    contexts = [
        lambda text=text: {"n": some_number(), "detail": text, "id": some_id(), "at": some_time()} for text in secrets
    ]
    contexts += [
        lambda: {"event_id": f"tool_invocations:{some_id()}", "k": f"{some_id()}:{R.getrandbits(128):032x}", "openai": some_id()},
        lambda: {"hex": f"{R.getrandbits(256):064x}", "sonar": f"squ_{R.getrandbits(160):040x}", "n": some_number(), "t": "01" * 20},
        lambda: {"auth": some_id(), "n": some_number()},
        lambda: {"pin": R.randrange(1000, 9999), "otp_code": R.randrange(10**5, 10**6), "ms": some_number()},
        lambda: {"prompt": f"call me at {some_time()} about {some_id()} please", "n": 1},
        lambda: {"key": f"sk-lf-{some_id()}", "job": f"job-{some_id()}", "more": [some_id(), {"api_token": some_id()}]},
        lambda: {"card": 4111111111111111, "n": some_number(), "text": f"{some_id()} 4111 1111 1111 1111"},
        lambda: {"arguments": {"q": "three words here", "id": some_id(), "k": some_number()}, "password": some_time()},
        lambda: {some_id(): some_number(), "plain": 12.50, "openai": some_id(), "config": {"openai": some_id()}},
    ]  # fmt: skip
    for make in contexts:
        found += [(JSON, json.dumps(make(), separators=R.choice([(",", ":"), (", ", ": ")]))) for _ in range(3)]
    for sample in SAMPLES[::5]:
        message = sample["text"].split(": ", 1)[-1]
        found += [(TEXT, f"{message} {some_id()} at {some_time()}") for _ in range(2)]
    found += [
        (ID, name) for name in ("ann@example.org", "chat.message.received", f"sk-ant-api03-{'aB3' * 12}", some_id())
    ]
    return found


@pytest.mark.parametrize("few", [0, 10**9])
def test_texts_of_a_relation_leave_as_each_by_itself_would(monkeypatch, few):
    """With the database's first look, and without."""
    monkeypatch.setattr(relation, "_FEW_BYTES", few)
    texts = entries()
    redactor = Redactor("salt", ["s3cret-of-dotenv", KNOWN])
    alone = Redactor("salt", ["s3cret-of-dotenv", KNOWN])
    texts += [
        *((sort, KNOWN) for sort in (TEXT, ID)),
        (JSON, json.dumps({"detail": KNOWN})),
        (TEXT, f"it holds s3cret-of-dotenv {some_id()}"),
        (JSON, json.dumps({"n": "s3cret-of-dotenv", "id": some_id()})),
    ]
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE texts AS SELECT unnest(?) AS sort, unnest(?) AS text", [*map(list, zip(*texts, strict=True))]
        )
        shown = redacted(con, "FROM texts", redactor)
        shown.register(con)
        con.execute("CREATE TABLE events AS SELECT text AS context FROM texts WHERE sort = 'json'")
        columns = con.execute(shown_columns("FROM events", {"context": JSON})).fetchall()
    passes = {TEXT: alone.text, JSON: alone.json_text, ID: alone.identifier}

    def read(sort: str, text: str) -> object:
        return json.loads(text) if sort == JSON else text

    wrong = [
        (text, shown.of(sort, text), passes[sort](text))
        for sort, text in texts
        if read(sort, shown.of(sort, text)) != read(sort, passes[sort](text))
    ]
    assert wrong == []
    assert len(shown) > 300
    assert sorted(text for (text,) in columns) == sorted(shown.of(JSON, text) for sort, text in texts if sort == JSON)
    assert redactor.counts["env"] == 5
    assert KNOWN not in "".join(shown.values())


def test_what_a_scanner_finds_in_one_text_is_hidden_in_all(monkeypatch):
    from reporter.redaction import scanner

    monkeypatch.setattr(
        scanner,
        "secrets_in",
        lambda texts: frozenset(["found7me"]) if any("7Gkqx12Plm" in text for text in texts) else frozenset(),
    )
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE texts AS SELECT 'text' AS sort, unnest(['found7me beside 7Gkqx12PlmzQ4', 'and found7me alone', 'found7memore']) AS text"
        )
        shown = redacted(con, "FROM texts", Redactor("salt", is_thorough=True))
    assert sorted(text for _, text in shown) == ["and found7me alone", "found7me beside 7Gkqx12PlmzQ4"]
    assert "found7me" not in "".join(shown.values())


WHOLE = {"a": [1, 2.5, {"b": 'x\\"y\né\\'}, None, True], 'k"ey': {"c": [], "d": {}, "e": "…"}, "n": -1e5, "s": "\\\\"}


@pytest.mark.parametrize("is_ascii", [True, False])
def test_json_cut_anywhere_is_read_as_far_as_it_goes(is_ascii):
    text = json.dumps(WHOLE, ensure_ascii=is_ascii)
    for end in range(1, len(text)):
        for mark in ("", "…"):
            found = json.loads(mended(text[:end] + mark))
            assert list(found) == list(WHOLE)[: len(found)] or list(found)[:-1] == list(WHOLE)[: len(found) - 1]
    assert json.loads(mended(text)) == WHOLE
    assert [mended(text) for text in ("", "plain", "[INFO started …", '["a" b c…', '{"a":tru x', '{"a"]')] == [None] * 6


def test_names_count_in_json_that_was_cut():
    text = json.dumps({"arguments": {"q": "three words here"}, "password": "hunter2", "n": 7, "long": "x y " * 100})
    shown = Redactor("salt").json_text(text[:150] + "…")
    assert "three words" not in shown
    assert "hunter2" not in shown
    assert json.loads(shown)["n"] == 7


def test_a_cut_leaves_no_half_of_a_secret():
    text = f"{'word ' * 10}ann.lee@example.org said sk-ant-api03-{'aB3' * 12} then"
    with duckdb.connect() as con:
        for chars in range(1, len(text) + 1):
            (short,) = con.execute(f"SELECT {cut('text', chars)} FROM (SELECT ? AS text)", [text]).fetchone()
            assert short == shortened(text, chars)
            assert len(short) <= chars + 1
            assert not ("ann" in short and "ann.lee@example.org" not in short)
            assert not ("sk-ant" in short and text not in (short, f"{short} then") and f"{'aB3' * 12}" not in short)
