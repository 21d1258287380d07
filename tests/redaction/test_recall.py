"""How much is hidden of 1,536 samples of secrets, personal data and texts in every surrounding, and how much clean text is hurt.

TELEMETRY_FUZZ multiplies the texts that are made from the rules' patterns.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reporter.redaction.named import VALUES, named_secrets
from reporter.redaction.redactor import Redactor
from reporter.redaction.rules import SHAPES, SURROUNDINGS
from tests.redaction.forms import FORMS, TEXTS, around, made
from tests.redaction.looking import not_suspected

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = json.loads(gzip.decompress((Path(__file__).parents[1] / "data" / "redaction.json.gz").read_bytes()))
EXAMPLES = 3 * int(os.environ.get("TELEMETRY_FUZZ", "1"))
NAMES = "password|DB_PASSWORD|api_key|X-Api-Key|accessToken|client_secret|pin|security_code|session|app_key"
SURROUNDED = ("shape/msg", "shape/ctx", "shape/url", "shape/hdr", "shape/nest", "shape/trace")


def shown(redactor: Redactor, text: str) -> str:
    """The entry as a report has it: its message as text, its context by names."""
    message = text.split(": ", 1)[-1]
    for at in (n for n in range(len(message)) if message.startswith(" {", n)):
        with contextlib.suppress(ValueError):
            context = json.loads(message[at:].strip(), strict=False)
            return f"{redactor.text(message[:at])} {json.dumps(redactor.value(context), ensure_ascii=False)}"
    return redactor.text(message)


def is_clean(redactor: Redactor, text: str) -> bool:
    try:
        return json.loads(redactor.json_text(text)) == json.loads(text)
    except ValueError:
        return redactor.text(text) == text


@pytest.fixture(scope="module")
def rates() -> dict[str, float]:
    redactor = Redactor("salt")
    good, all_ = Counter(), Counter()
    for sample in SAMPLES:
        kind, secret, text = sample["kind"], sample["secret"], sample["text"]
        is_good = is_clean(redactor, text) if secret is None else secret not in shown(redactor, text)
        for name in {kind, kind.partition("/")[0]}:
            good[name] += is_good
            all_[name] += 1
    return {name: good[name] / all_[name] for name in sorted(all_)}


def test_recall_on_the_open_samples(rates, capsys):
    with capsys.disabled():
        print(
            "\n"
            + "\n".join(f"{name:32} {rate:7.1%}" for name, rate in rates.items() if not name.startswith("laravel/"))
        )
    assert [name for name in SURROUNDED if rates[name] < 0.95] == []
    assert rates["content"] >= 0.9
    assert rates["laravel"] >= 0.9
    assert rates["clean"] >= 0.99


@pytest.fixture(scope="module")
def formed() -> list[tuple[str, str, str, str]]:
    """(form, surrounding, entry, the key in it)"""
    keys = [(form, made(form)) for form in FORMS]
    return [(form, where, text, key) for form, key in keys for where, text in around(key)]


def test_recall_on_forms_that_providers_document(formed, capsys):
    redactor = Redactor("salt")
    seen, all_, missed = Counter(), Counter(), {}
    for form, where, text, key in formed:
        out = shown(redactor, text)
        is_seen = key in out or key.replace("/", "\\/") in out
        seen[where] += is_seen
        all_[where] += 1
        if is_seen:
            missed.setdefault(form, []).append(where)
    with capsys.disabled():
        print("\n" + "\n".join(f"documented/{where:21} {1 - seen[where] / all_[where]:7.1%}" for where in all_), missed)
    assert len(FORMS) > 150
    assert [where for where in all_ if seen[where] > 0.03 * all_[where]] == []


def test_the_database_suspects_keys_of_documented_forms(formed):
    texts = [text for _, _, text, key in formed if key not in shown(Redactor("salt"), text)]
    assert not_suspected(Redactor("salt"), texts) == []


@pytest.mark.parametrize("text", ["moving to Oslo", ["moving to Oslo"], [{"type": "text", "text": "moving to Oslo"}]])
def test_three_words_under_names_that_llm_packages_log_texts_under(text):
    redactor = Redactor("salt")
    contexts = [json.dumps({name: text}) for name in TEXTS]
    assert len(TEXTS) > 140
    assert [context for context in contexts if "Oslo" in redactor.json_text(context)] == []
    assert not_suspected(redactor, contexts) == []


def test_a_second_pass_changes_nothing():
    redactor = Redactor("salt")
    for sample in SAMPLES:
        once = redactor.text(sample["text"])
        assert redactor.text(once) == once, sample["id"]


def test_the_database_suspects_every_sample_that_is_changed():
    redactor = Redactor("salt")
    changed = [
        s["text"].split(": ", 1)[-1] for s in SAMPLES if s["secret"] and s["secret"] not in shown(redactor, s["text"])
    ]
    assert len(changed) > 1000
    assert not_suspected(redactor, [form for text in changed for form in (text, json.dumps({"x": text}))]) == []


def found_by(pattern: str, finds: Callable[[str], bool]) -> list[str]:
    """Texts made from a pattern in which a secret is found."""
    texts = []

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(re.compile(pattern, re.ASCII)))
    def collect(text: str) -> None:
        # JSON writes other control characters as numbers.
        is_plain = all(char.isprintable() or char in "\n\r\t" for char in text)
        if is_plain and finds(text):
            texts.append(text)

    collect()
    return texts


def test_the_database_suspects_whatever_a_rule_finds():
    """Texts made from every rule's pattern, raw and in JSON."""
    rules = {
        rule.text: lambda text, rule=rule: any(map(rule.secret, rule.pattern.finditer(text)))
        for rule in (*SHAPES, *SURROUNDINGS)
    }
    named = {rf"\A(?:{NAMES}){value.text}": lambda text: any(named_secrets(text)) for value in VALUES}
    found = {pattern: found_by(pattern, finds) for pattern, finds in {**rules, **named}.items()}
    made_of = {
        form: pattern
        for pattern, texts in found.items()
        for text in texts
        for form in (text, json.dumps({"note": text}))
    }
    assert sum(bool(texts) for texts in found.values()) > 40
    assert sum(bool(found[pattern]) for pattern in named) > 2
    assert [(made_of[text], text) for text in not_suspected(Redactor("salt"), made_of)] == []
