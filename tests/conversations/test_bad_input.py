"""P1-P7, P10 on the SDK's endpoints: whatever comes, a problem says what is wrong."""

import gzip
import json

import pytest

from conversations.models import Conversation, Message
from tests.consumers import tokens

REPLY = b'{"text": "Yes"}'

MALFORMED = {
    "empty": b"",
    "blank": b"  \n ",
    "word": b"yes",
    "half": b'{"text": "Yes"',
    "trailing comma": b'{"text": "Yes",}',
    "two values": b'{"text": "Yes"}{"text": "No"}',
    "single quotes": b"{'text': 'Yes'}",
    "comment": b'{"text": "Yes" /* hi */}',
    "form": b"text=Yes",
    "xml": b"<text>Yes</text>",
    "null": b"null",
    "true": b"true",
    "number": b"7",
    "string": b'"Yes"',
    "list": b'[{"text": "Yes"}]',
    "NaN": b'{"text": NaN}',
    "Infinity": b'{"text": -Infinity}',
    "1e999": b'{"text": 1e999}',
    "number of 5,000 digits": b'{"text": ' + b"9" * 5000 + b"}",
    "duplicate key": b'{"text": "Yes", "text": "No"}',
    "duplicate key by escape": b'{"text": "Yes", "t\\u0065xt": "No"}',
    "duplicate key inside": b'{"text": "Yes", "x": {"a": 1, "a": 2}}',
    "UTF-16": '{"text": "Yes"}'.encode("utf-16"),
    "UTF-32": '{"text": "Yes"}'.encode("utf-32"),
    "Latin-1": '{"text": "né"}'.encode("latin-1"),
    "invalid UTF-8": b'{"text": "\xff\xfe"}',
    "overlong UTF-8": b'{"text": "\xc0\xaf"}',
    "UTF-8 of a surrogate": b'{"text": "\xed\xa0\xbd"}',
    "byte order mark": b"\xef\xbb\xbf" + REPLY,
    "gzip": gzip.compress(REPLY),
    "raw line break in a string": b'{"text": "a\nb"}',
    "raw NUL": b'{"text": "a\x00b"}',
    "nested 2,000 lists": b'{"text": ' + b"[" * 2000 + b"]" * 2000 + b"}",
    "nested 2,000 objects": b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "nested 21 deep in an unknown field": b'{"text": "Yes", "x": ' + b"[" * 21 + b"]" * 21 + b"}",
    "NUL escaped": b'{"text": "a\\u0000b"}',
    "NUL in a key": b'{"text": "Yes", "a\\u0000": 1}',
    "NUL in an unknown field": b'{"text": "Yes", "x": ["\\u0000"]}',
    "NUL in clientMessageId": b'{"text": "Yes", "clientMessageId": "\\u0000"}',
    "NUL in messageId": b'{"text": "Yes", "messageId": "\\u0000"}',
    "lone high surrogate": b'{"text": "\\ud83d"}',
    "lone low surrogate": b'{"text": "\\udc4b"}',
    "surrogates the wrong way round": b'{"text": "\\udc4b\\ud83d"}',
    "lone surrogate in clientMessageId": b'{"text": "Yes", "clientMessageId": "\\ud83d"}',
}

WRONG = {
    "no text": ({}, "/text"),
    "text is null": ({"text": None}, "/text"),
    "text is a number": ({"text": 7}, "/text"),
    "text is true": ({"text": True}, "/text"),
    "text is a list": ({"text": ["Yes"]}, "/text"),
    "text is an object": ({"text": {"html": "<b>"}}, "/text"),
    "text is an image": ({"text": {"type": "image", "url": "https://x.example/a.png"}}, "/text"),
    "text is empty": ({"text": ""}, "/text"),
    "text is blank": ({"text": " \t\n"}, "/text"),
    "text is invisible": ({"text": "\u200b\u2060\ufeff"}, "/text"),
    "text rings": ({"text": "bell\x07"}, "/text"),
    "text escapes": ({"text": "\x1b[31mred"}, "/text"),
    "text has a C1 control": ({"text": "a\x9bb"}, "/text"),
    "text is too long": ({"text": "x" * 5001}, "/text"),
    "text is far too long": ({"text": "👋" * 300_000}, "/text"),
    "messageId is a number": ({"text": "Yes", "messageId": 7}, "/messageId"),
    "messageId is a word": ({"text": "Yes", "messageId": "the last"}, "/messageId"),
    "messageId is a path": ({"text": "Yes", "messageId": "../../etc/passwd"}, "/messageId"),
    "messageId is too long": ({"text": "Yes", "messageId": "a" * 5000}, "/messageId"),
    "messageId is SQL": ({"text": "Yes", "messageId": "' OR 1=1 --"}, "/messageId"),
    "messageId is a list": ({"text": "Yes", "messageId": []}, "/messageId"),
    "clientMessageId is a number": ({"text": "Yes", "clientMessageId": 7}, "/clientMessageId"),
    "clientMessageId is long": ({"text": "Yes", "clientMessageId": "a" * 65}, "/clientMessageId"),
    "clientMessageId is an object": ({"text": "Yes", "clientMessageId": {}}, "/clientMessageId"),
}


def is_problem(response, status):
    assert response.status_code == status, response.content[:500]
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "detail", "code", "message", "requestTraceId"} <= set(body)
    assert len(response.content) < 16_384
    assert not Conversation.objects.exists()
    return body


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_body_that_cannot_be_read_is_refused(sdk, raw):
    is_problem(sdk.call("post", "replies", raw), 400)


@pytest.mark.parametrize(("body", "pointer"), WRONG.values(), ids=WRONG.keys())
def test_a_field_that_is_wrong_is_named(sdk, body, pointer):
    problem = is_problem(sdk.post("replies", body), 400)

    assert [error["pointer"] for error in problem["errors"]] == ["#" + pointer]


def test_all_fields_that_are_wrong_are_named_at_once(sdk):
    problem = is_problem(
        sdk.post("replies", {"text": 1, "messageId": 2, "clientMessageId": 3}), 400
    )

    assert [error["pointer"] for error in problem["errors"]] == [
        "#/text",
        "#/clientMessageId",
        "#/messageId",
    ]


def test_a_body_that_is_too_large_is_refused(sdk, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    is_problem(sdk.call("post", "replies", json.dumps({"text": "x" * 1000}).encode()), 413)


def test_a_body_that_is_no_json_by_its_own_word_is_refused(sdk):
    headers = {"Authorization": f"Bearer {tokens.sign()}"}

    response = sdk.client.post(sdk.url("replies"), {"text": "Yes"}, headers=headers)

    is_problem(response, 415)


@pytest.mark.parametrize("query", ["appName=%00", "appName=%ff", "appName=%ed%a0%bd", "x=%00"])
def test_what_no_column_can_hold_is_harmless_in_a_query(sdk, query):
    response = sdk.get(f"messages?{query}")

    assert response.status_code == 200
    assert response.json()["messages"] == []


@pytest.mark.parametrize(
    "text",
    [
        "{{7*7}}",
        "{% load x %}",
        "{0.__class__}",
        "%(name)s",
        "${{1}}",
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "\\u0041",
        "=HYPERLINK()",
        "👨‍👩‍👧‍👦",
        "\u202eRTL",
    ],
)
def test_markup_and_templates_are_text_like_any_other(sdk, text):
    response = sdk.post("replies", {"text": text})

    assert response.status_code == 201
    assert Message.objects.get().text == text
    assert sdk.get("dialog").json()["messages"][0]["text"] == text
