"""P1-P7 on the SDK's endpoints: every bad body is a 400 that says so, never a 500."""

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.models import Device
from tests.consumers import tokens

BODIES = {
    "empty": b"",
    "blanks": b" \n\t ",
    "open brace": b"{",
    "two values": b"{} {}",
    "comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "comment": b'{"a": 1} // no',
    "list": b"[]",
    "null": b"null",
    "true": b"true",
    "number": b"7",
    "string": b'"text"',
    "NaN": b'{"token": NaN}',
    "Infinity": b'{"token": -Infinity}',
    "1e999": b'{"token": 1e999}',
    "5,000 digits": b'{"token": ' + b"9" * 5000 + b"}",
    "BOM": b"\xef\xbb\xbf{}",
    "UTF-16": '{"token": "a"}'.encode("utf-16"),
    "Latin-1": '{"token": "é"}'.encode("latin-1"),
    "overlong NUL": b'{"token": "\xc0\x80"}',
    "surrogate in UTF-8": b'{"token": "\xed\xa0\x80"}',
    "key twice": b'{"token": "a", "token": "b"}',
    "nested key twice": b'{"subscription": {"endpoint": "a", "endpoint": "b"}}',
    "2,000 lists deep": b"[" * 2000 + b"]" * 2000,
    "2,000 objects deep": b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "21 deep": b'{"token":' + b"[" * 21 + b"]" * 21 + b"}",
    "NUL": b'{"token": "a\\u0000b"}',
    "raw NUL": b'{"token": "a\x00b"}',
    "raw newline": b'{"token": "a\nb"}',
    "NUL in a key": b'{"a\\u0000": 1}',
    "NUL in an unknown field": b'{"x": [{"y": "\\u0000"}]}',
    "high surrogate": b'{"token": "\\ud800"}',
    "low surrogate": b'{"token": "\\udc00"}',
    "surrogates the wrong way round": b'{"token": "\\udc00\\ud800"}',
    "surrogate in a key": b'{"\\ud800": 1}',
    "half an escape": b'{"token": "\\u12"}',
    "form": b"appName=com.brand.app",
    "XML": b"<device/>",
    "9,000 tokens": json.dumps({"token": ["t"] * 9000}).encode(),
}
WRONG_TYPES = [None, True, 7, 1.5, [], {}, ["a"], {"a": 1}, [[["a"]]]]
FIELDS = ["appName", "platform", "token", "subscription", "sdkVersion", "timeZone"]


@pytest.fixture
def device(sdk, app, phone):
    return sdk.post("devices", phone).json()["id"]


def routes(device):
    return {
        "register": ("POST", "devices"),
        "refresh": ("PATCH", f"devices/{device}"),
        "logout": ("POST", f"devices/{device}/logout"),
    }


def send(sdk, method, path, body, content_type="application/json"):
    return sdk.client.generic(
        method,
        sdk.url(path),
        data=body,
        content_type=content_type,
        headers={"Authorization": f"Bearer {tokens.sign()}"},
    )


@pytest.mark.parametrize("name", BODIES)
def test_bad_body_is_refused_with_a_short_problem_on_every_route(sdk, device, name):
    """P1, P2, P4, P5, P6."""
    before = Device.objects.values().get()

    for route, (method, path) in routes(device).items():
        response = send(sdk, method, path, BODIES[name])

        if route == "logout" and name in {"empty", "9,000 tokens"}:
            continue  # it needs no body, and knows no token
        if route == "refresh" and name == "empty":
            continue  # nothing to change
        problem = response.json()
        assert response.status_code == 400, (route, problem)
        assert response.headers["Content-Type"] == "application/problem+json"
        assert problem["errorKey"] in {"malformed_body", "validation_error"}
        assert problem["requestTraceId"] == response.headers["X-Request-Id"]
        assert len(response.content) < 16_384
    kept = Device.objects.values("token", "model", "removed_at").get()
    assert kept == {name: before[name] for name in kept}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", WRONG_TYPES, ids=repr)
def test_field_of_a_wrong_type_never_breaks_us(sdk, app, phone, field, value):
    response = sdk.post("devices", phone | {field: value})

    is_left_out = value is None and field in {"subscription", "timeZone"}
    assert response.status_code == (200 if is_left_out else 400), response.json()


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"],
)
def test_other_media_types_are_refused(sdk, device, content_type):
    for method, path in routes(device).values():
        assert send(sdk, method, path, b"{}", content_type).status_code == 415


def test_body_that_is_too_large_is_413(sdk, device, settings):
    """P3."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000

    for method, path in routes(device).values():
        response = send(sdk, method, path, b'{"token": "' + b"t" * 20_000 + b'"}')
        assert response.status_code == 413
        assert response.json()["errorKey"] == "body_too_large"


def test_query_string_is_of_no_meaning(sdk, app):
    """P5."""
    assert sdk.get("devices?a=%00&b=%ff&token=x").status_code == 200


@pytest.mark.parametrize("header", ["a\0b", "Bearer \0", "Bearer \xff\xfe", "Bearer " + "a" * 9000])
def test_odd_authorization_headers_are_401(sdk, header):
    """P5."""
    assert sdk.get("devices", Authorization=header).status_code == 401


EMOJI = ["👨‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "❤️", "1️⃣", "🇸🇪", "e\u0301\u0327", "שלום", "\u202eabc"]


@pytest.mark.parametrize("text", EMOJI)
def test_emoji_and_marks_come_back_byte_for_byte(sdk, app, phone, text):
    """P7."""
    response = sdk.post("devices", phone | {"token": text, "model": text, "city": text})

    device = Device.objects.get()
    assert (response.json()["model"], response.json()["city"]) == (text, text)
    assert (device.token, device.model) == (text, text)
    assert text.encode() in response.content


TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=100
)


@given(token=TEXT, model=TEXT)
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_makes_the_round_trip(sdk, app, phone, token, model):
    response = sdk.post("devices", phone | {"token": token, "model": model})

    device = Device.objects.get(public_id=response.json()["id"])
    assert (device.token, device.model, response.json()["model"]) == (token, model, model)


@given(sub=st.text(st.sampled_from(string.printable + "é👍"), min_size=1, max_size=60))
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_subject_is_one_person(sdk, app, phone, sub):
    """Ids are compared byte for byte."""
    caller = sdk.signed_in(sub)
    is_blank = not sub.strip()

    response = caller.post("devices", phone)

    assert response.status_code == (401 if is_blank else 200)
    if not is_blank:
        assert Device.objects.get().consumer.ref == sub
