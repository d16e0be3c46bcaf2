"""A5, P7, P8, P10: from handoff and variables to the text that is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.parsing import parse_consumers
from common.text import forbidden_character, is_visible

DEFAULT = "Your new card is on its way."


def parse(variables, *, text=DEFAULT, title=""):
    entry = {"consumerContent": {"inapp": "ana"}}
    if variables is not None:
        entry["variables"] = variables
    return parse_consumers([entry], text=text, title=title)


def rendered(variables, *, text=DEFAULT, title=""):
    (recipient,), rejected = parse(variables, text=text, title=title)
    assert rejected == []
    return recipient.text


def refusal(variables, *, text=DEFAULT, title=""):
    accepted, (rejected,) = parse(variables, text=text, title=title)
    assert accepted == []
    return rejected.error


def test_variable_one_is_the_whole_text_of_a_handoff_without_placeholders():
    assert rendered({"1": "Hi Ana"}) == "Hi Ana"


@pytest.mark.parametrize("variables", [None, {}])
def test_without_variables_the_handoff_s_default_text_is_sent(variables):
    assert rendered(variables) == DEFAULT


def test_placeholders_are_filled_in_each_place_they_stand():
    text = "Dear ${{1}}, card ${{2}} is on its way. Thank you, ${{1}}!"

    assert rendered({"1": "Ana", "2": "4711"}, text=text) == (
        "Dear Ana, card 4711 is on its way. Thank you, Ana!"
    )


def test_what_stands_in_a_value_is_never_filled_in():
    """P10: one pass; a value that looks like a placeholder stays literal."""
    assert rendered({"1": "${{2}}", "2": "${{1}}"}, text="${{1}} ${{2}}") == "${{2}} ${{1}}"
    assert rendered({"1": "{{1}}"}, text="$${{1}}") == "${{1}}"
    assert rendered({"1": "${{1}}"}) == "${{1}}"


@pytest.mark.parametrize("text", ["${{0}}", "${{01}}", "${{100}}", "${{ 1 }}", "${1}", "{{1}}"])
def test_what_is_no_placeholder_is_text(text):
    assert rendered({}, text=text) == text


@pytest.mark.parametrize("variables", [None, {}])
def test_a_text_with_placeholders_needs_its_variables(variables):
    assert refusal(variables, text="Hi ${{1}}") == "INSUFFICIENT_VARIABLES"
    assert refusal(variables, title="Hi ${{1}}") == "INSUFFICIENT_VARIABLES"


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        ({"1": "a"}, "MISSING_VARIABLE=2"),
        ({"2": "a"}, "MISSING_VARIABLE=1"),
        ({"1": "a", "3": "b"}, "MISSING_VARIABLE=2"),
        ({"1": "a", "2": "b", "3": "c"}, "TOO_MANY_VARIABLES"),
        ({"1": "a", "2": 2}, "VARIABLE_NOT_STRING=2"),
        ({"1": "a", "2": "b" * 1551}, "VARIABLE_TOO_LONG=2"),
        ({"1": "a", "2": "\0"}, "VARIABLE_INVALID_CHARACTER=2"),
        ({"01": "a", "2": "b"}, "MISSING_VARIABLE=1"),
    ],
)
def test_each_variable_is_asked_for_by_name(variables, error):
    """A7"""
    assert refusal(variables, text="${{1}} and ${{2}}") == error


def test_a_title_of_placeholders_leaves_variable_one_the_whole_text():
    (recipient,), _ = parse({"1": "Hi Ana", "2": "News"}, title="${{2}} for you")

    assert (recipient.title, recipient.text) == ("News for you", "Hi Ana")


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines\tand a tab",
        "Windows\r\nlines",
        "👨‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇸🇪 1️⃣ ❤️",
        "שלום \u202eabc\u202c \u2067x\u2069",
        "e" + "\u0301" * 1000,
        "<b>bold</b> <script>alert(1)</script> &amp;",
        "{{7*7}} {% load x %} {0.__class__} %(name)s ${HOME} $(id) `id`",
        "' OR 1=1 -- \\u0041 =HYPERLINK()",
        "\ufeffHi\u200b",
    ],
)
def test_text_goes_through_unharmed(text):
    """A5, P7, P8, P10: as plain text, by itself and through a placeholder."""
    assert rendered({"1": text}) == text
    assert rendered({"1": text}, text="<${{1}}>") == f"<{text}>"


@pytest.mark.parametrize(
    "character",
    ["\0", "\x07", "\x08", "\x0b", "\x1b", "\x7f", "\x85", "\x9f", "\ud800", chr(0xDFFF)],
)
def test_controls_and_halves_of_pairs_fail_the_consumer(character):
    assert refusal({"1": f"Hi{character}"}) == "VARIABLE_INVALID_CHARACTER=1"


def test_a_value_may_have_1550_characters():
    assert rendered({"1": "👋" * 1550}) == "👋" * 1550
    assert refusal({"1": "👋" * 1551}) == "VARIABLE_TOO_LONG=1"


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "\u200b", "\u200b\u200d\u2060\ufeff", "\u00a0\u3000", "\u3164\u2800"]
)
def test_a_text_with_nothing_to_see_is_refused(text):
    """P8"""
    assert refusal({"1": text}) == "EMPTY_MESSAGE"


def test_a_variable_may_be_empty_where_the_text_around_it_is_seen():
    assert rendered({"1": ""}, text="Hi${{1}}!") == "Hi!"


@given(st.text(st.characters(), max_size=200))
def test_any_text_is_sent_as_it_came_or_refused_with_its_reason(text):
    """P7: nothing is ever changed on the way."""
    accepted, rejected = parse({"1": text})

    if forbidden_character(text):
        assert rejected[0].error == "VARIABLE_INVALID_CHARACTER=1"
    elif not is_visible(text):
        assert rejected[0].error == "EMPTY_MESSAGE"
    else:
        assert accepted[0].text == text


def test_a_text_that_repeats_its_variables_without_end_is_refused():
    """The 4,000 characters of a handoff could make a million of them."""
    assert refusal({"1": "x" * 1550}, text="${{1}}" * 600) == "MESSAGE_TOO_LONG"
    most = "".join(f"${{{{{n}}}}}" for n in range(1, 21))
    assert len(rendered({str(n): "x" * 1550 for n in range(1, 21)}, text=most)) == 31_000
