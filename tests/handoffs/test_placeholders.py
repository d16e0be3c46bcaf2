"""``${{n}}`` in texts, and P10: nothing in a text is ever evaluated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoffs.placeholders import placeholders, render


def test_placeholders_are_listed_once_in_the_order_of_the_text():
    assert placeholders("${{2}} and ${{1}}, again ${{2}}, then ${{12}}") == [2, 1, 12]


@pytest.mark.parametrize(
    "text",
    ["", "{{1}}", "${1}", "${{}}", "${{0}}", "${{01}}", "${{a}}", "${{ 1 }}", "${{١}}", "${{100}}"],
)
def test_what_is_no_placeholder_stays_as_it_is(text):
    assert placeholders(text) == []
    assert render(text, {"1": "wrong"}) == text


def test_variables_take_the_place_of_their_placeholders():
    assert render("${{1}}, ${{2}}: ${{1}}", {"1": "Ann", "2": "👨‍👩‍👧‍👦"}) == "Ann, 👨‍👩‍👧‍👦: Ann"


def test_a_placeholder_without_its_variable_is_an_error():
    with pytest.raises(KeyError):
        render("Hi ${{1}}", {"2": "Ann"})


@pytest.mark.parametrize(
    "value",
    [
        "${{2}}",
        "{{7*7}}",
        "{0.__class__}",
        "%(name)s",
        "\\1 \\g<0>",
        "$name",
        "<script>alert(1)</script>",
        "{% load x %}",
    ],
)
def test_a_value_is_carried_as_plain_text_and_never_looked_into(value):
    assert render("Hi ${{1}}!", {"1": value, "2": "secret"}) == f"Hi {value}!"


@given(st.text(), st.text(), st.text())
def test_any_value_goes_in_whole(before, value, after):
    before, after = before.replace("$", ""), after.replace("$", "")

    assert render(before + "${{1}}" + after, {"1": value}) == before + value + after
