"""Names that tell, behind escapes of a URL in a URL and of JSON in a text."""

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
