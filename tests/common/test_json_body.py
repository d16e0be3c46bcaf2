"""Reading JSON strictly, and the fields of a body."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.body import Fields
from common.errors import InvalidRequest, MalformedBody
from common.json_body import (
    MAX_DEPTH,
    is_storable,
    load_json,
    pointer_to,
    unstorable_pointer,
)

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    LEAVES.filter(lambda leaf: leaf not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_any_json_value_is_read_as_it_was_written(value):
    assert load_json(json.dumps(value).encode()) == value
    assert load_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) == (
        value
    )


def nested(depth):
    return b"[" * depth + b"]" * depth


def test_a_body_may_be_20_levels_deep():
    assert load_json(nested(MAX_DEPTH))
    with pytest.raises(MalformedBody, match="deeper than 20"):
        load_json(nested(MAX_DEPTH + 1))


def test_brackets_in_texts_and_side_by_side_are_no_depth():
    assert load_json(b'["' + b"[{" * 5000 + b'"]') == ["[{" * 5000]
    assert load_json(b"[" + b"[], {}, " * 5000 + b"1]")[-1] == 1


def test_what_is_wrong_is_said_with_its_place():
    with pytest.raises(MalformedBody, match="line 2, column 7"):
        load_json(b'{"a": 1,\n "b": ?}')


def test_a_key_that_stands_twice_among_very_many_is_found_at_once():
    keys = [*(f"k{n}" for n in range(100_000)), "twice", "twice"]
    body = "{" + ",".join(f'"{key}":0' for key in keys) + "}"
    began = time.process_time()

    with pytest.raises(MalformedBody, match="The key 'twice' stands twice"):
        load_json(body.encode())
    # Looking for each among all of them took minutes.
    assert time.process_time() - began < 5


def test_a_long_key_that_stands_twice_is_named_in_short():
    key = b'"' + b"k" * 5000 + b'": 1'

    with pytest.raises(MalformedBody) as refused:
        load_json(b"{" + key + b"," + key + b"}")

    assert len(refused.value.message) < 200


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ("\0", ""),
        ({"a": "b\0"}, "/a"),
        ({"a": [1, {"b": "\ud800"}]}, "/a/1/b"),
        ({"a/b": {"c~d": "\0"}}, "/a~1b/c~0d"),
        ({"a": {"b\0": 1}}, "/a"),
        ({"\udc00": 1}, ""),
        ({"a": ["b", 7, None, True, 1.5, {}]}, None),
        ([], None),
    ],
)
def test_the_first_text_that_no_column_holds_is_pointed_at(data, pointer):
    """RFC 6901, 3 and 4."""
    assert unstorable_pointer(data) == pointer


@pytest.mark.parametrize("text", ["", "a\nb", "👨‍👩‍👧‍👦", "\u202e", "\ufeff", "\x01", "\U0010ffff"])
def test_postgresql_holds_all_but_nul_and_halves_of_pairs(text):
    assert is_storable(text)
    assert not is_storable(text + "\0")
    assert not is_storable(text + "\ud83d")


def test_a_pointer_escapes_what_has_a_meaning_in_it():
    assert pointer_to(pointer_to("", "a/b"), 0) == "/a~1b/0"
    assert pointer_to("", "~1") == "/~01"


def errors_of(fields):
    with pytest.raises(InvalidRequest) as refused:
        fields.raise_if_invalid()
    return [(error.pointer, error.key) for error in refused.value.errors]


@pytest.mark.parametrize("data", [None, [], "a", 7, True])
def test_fields_are_read_from_an_object_only(data):
    with pytest.raises(MalformedBody):
        Fields(data)


def test_fields_that_are_sound_are_given():
    fields = Fields({"name": "Ana", "on": True, "kind": "web", "zone": "Asia/Tokyo", "in": {}})

    assert fields.text("name", required=True) == "Ana"
    assert fields.text("absent", default="x") == "x"
    assert fields.boolean("on")
    assert fields.boolean("absent", default=True)
    assert fields.choice("kind", ["ios", "web"]) == "web"
    assert fields.time_zone("zone") == "Asia/Tokyo"
    assert fields.nested("in") is not None
    assert fields.nested("absent") is None
    assert fields.unknown() == []
    fields.raise_if_invalid()


def test_every_field_that_is_wrong_is_told_at_once():
    fields = Fields({"name": 7, "long": "x" * 9, "on": 1, "kind": "x", "zone": "Mars", "in": []})

    fields.text("name")
    fields.text("long", max_length=8)
    fields.text("absent", required=True)
    fields.boolean("on")
    fields.choice("kind", ["ios", "web"])
    fields.time_zone("zone")
    fields.nested("in")

    assert errors_of(fields) == [
        ("/name", "not_a_string"),
        ("/long", "too_long"),
        ("/absent", "required"),
        ("/on", "not_a_boolean"),
        ("/kind", "not_a_choice"),
        ("/zone", "not_a_time_zone"),
        ("/in", "not_an_object"),
    ]


def test_a_field_of_a_nested_object_is_named_by_its_whole_way():
    fields = Fields({"keys": {"auth": 7}})

    keys = fields.nested("keys")
    assert keys is not None
    keys.text("auth")

    assert errors_of(fields) == [("/keys/auth", "not_a_string")]


def test_what_nobody_asked_for_is_unknown():
    fields = Fields({"name": "Ana", "nickname": "an"})

    fields.text("name")

    assert fields.unknown() == ["nickname"]
