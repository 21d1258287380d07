"""Names that tell, behind escapes of a URL in a URL, of JSON in a text and of HTML, and keys that a word is joined to."""

from __future__ import annotations

import json

import pytest

from reporter.redaction.redactor import Redactor
from tests.redaction.looking import not_suspected


@pytest.mark.parametrize(
    "text",
    [
        "https%3A%2F%2Fy.test%2F%3Fpassword%3DSECRET%26x%3D1",
        "u?next=https%253A%252F%252Fy.test%252F%253Fapi_key%253DSECRET%2526x%253D1",
        r"\u0026client_secret\u003dSECRET\u0026x",
        r"first\npassword: SECRET\nlast",
        "X-Api-Key%3A%20SECRET",
        "user%5Bpassword%5D=SECRET&x=1",
        "user%5Bpassword%5D%3DSECRET%26x%3D1",
        "&quot;password&quot;:&quot;SECRET&quot;",
        "{&quot;n&quot;:1,&quot;api_key&quot; : &quot;SECRET&quot;,&quot;x&quot;:2}",
        "&#039;client_secret&#039; =&gt; &#39;SECRET&#39;",
        "&amp;#x27;token&amp;#x27;:&amp;#x27;SECRET&amp;#x27;",
        '<div data-page="{&quot;password&quot;:&quot;SECRET&quot;}">',
        "pgsql%3A%2F%2Fapp%3ASECRET%40db%2Fx",
        "u=mysql%253A%252F%252Fapp%253ASECRET%2540db",
    ],
)
def test_a_name_tells_behind_escapes_too(text):
    redactor = Redactor("salt")
    told = text.replace("SECRET", "hunter2velvet")
    before, _, behind = text.partition("SECRET")
    shown = redactor.text(told)
    assert "hunter2velvet" not in shown
    assert shown.startswith(before)
    assert shown.endswith(behind)
    assert not_suspected(redactor, [told, json.dumps({"x": told})]) == []


@pytest.mark.parametrize("name", ["error_message", "errorMessage", "exception_text", "prompt", "user_message"])
def test_a_record_that_was_cut_short_shows_what_it_would_show_whole(name):
    """As JSON, as a text, and within one."""
    redactor, words = Redactor("salt"), "The upstream model was refused since the quota of today is used up by now."
    whole = json.dumps({"event": "tool.invocation.failed", name: words, "left": "x"})
    is_shown = words in redactor.json_text(whole)
    assert is_shown is (name not in ("prompt", "user_message"))
    assert not_suspected(redactor, [whole, whole[:-9]]) == []
    for text in (whole, whole[:-9], f"Boom {whole}", f"Boom {whole[:-9]}"):
        assert (words in redactor.text(text)) is is_shown
    assert (words in redactor.json_text(whole[:-9])) is is_shown


@pytest.mark.parametrize("word", ["x_", "_", "backup_of_", "AWS_KEY_"])
@pytest.mark.parametrize(
    "key", ["AKIAJ7QK2M4XWZ3PLTRV", "glpat-Zk3vQ81mxTR4pLsYw9aB", "xkeysib-" + "0a1b2c3d" * 8 + "-Ab3dE5gH7jK9mN1p"]
)
def test_a_key_is_found_behind_a_word_that_is_joined_to_it(word, key):
    redactor = Redactor("salt")
    assert key not in redactor.text(f"copied {word}{key} away")
    assert key not in json.dumps(redactor.value({"names": {f"{word}{key}": 1}}))
    assert not_suspected(redactor, [f"copied {word}{key} away"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "&quot;status&quot;:&quot;ok&quot;, &quot;prompt_tokens&quot;:&quot;120&quot;",
        "&quot;password&quot; is &quot;required&quot;",
        "https%3A%2F%2Fy.test%3A8080%2F%40someone%2Fposts",
        "mailto%3Asomeone",
        "REGION_ASIAPACIFICSOUTHEAST",
        "cache_key-0123456789abcdef0123456789abcdef",
        "handle_sk-learn_pipeline_of_models",
    ],
)
def test_what_only_looks_alike_stays(text):
    assert Redactor("salt").text(text) == text
