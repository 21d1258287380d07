"""Messages of one fault by what differs in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from reporter.analysis.messages import shapes


def test_what_differs_is_told_apart_from_what_is_shared():
    (found,) = shapes((("timeout after 7.27ms (fragment 1024).", 2), ("timeout after 11ms (fragment 9).", 1)))
    assert found.parts == ("timeout after ", " (fragment ", ").")
    assert found.values == ((("7.27ms", "1024"), 2), (("11ms", "9"), 1))
    assert found.faults == 3


def test_messages_of_other_forms_stand_apart_most_faults_first():
    found = shapes((("no table a", 1), ("user 7 is gone", 2), ("user 8 is gone", 1)))
    assert [(shape.parts, shape.faults) for shape in found] == [(("user ", " is gone"), 3), (("no table a",), 1)]


def test_messages_that_share_too_little_stay_whole():
    texts = tuple((" ".join(f"{n}{m}" for m in range(9)), 1) for n in (1, 2))
    assert [shape.parts for shape in shapes(texts)] == [(text,) for text, _ in texts]


@given(some.lists(some.tuples(some.text(max_size=30), some.integers(1, 9)), max_size=6, unique_by=lambda pair: pair[0]))
def test_every_message_can_be_put_together_again(messages):
    made = {}
    for shape in shapes(messages):
        for values, faults in shape.values:
            text = "".join(part + value for part, value in zip(shape.parts, (*values, ""), strict=True))
            made[text] = faults
    assert made == dict(messages)
