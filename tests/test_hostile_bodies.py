"""P1-P7, P10: a corpus of hostile bodies × every route that writes; each answer is ours."""

import json
from typing import Any

import pytest
from django.core.cache import cache

from tests.campaigns.caller import shared_client
from tests.campaigns.corpus import EMPTY, UNREADABLE
from tests.factories.accounts import ApiClientFactory, bearer
from tests.routes import ROUTES, Owned, Route, make_owned

# Readable, and still nothing that anyone would send.
ODD: dict[str, Any] = {
    "an empty object": {},
    "an empty key": {"": ""},
    "dunder keys": {"__proto__": {"x": 1}, "__class__": "x", "constructor": {"prototype": 1}},
    "operators": {"$where": "1", "$gt": "", "url": {"$ne": None}, "text": {"$regex": ".*"}},
    "a thousand unknown fields": {f"f{n}": n for n in range(1000)},
    "long names": {"x" * 10_000: 1},
    "markup": {"text": "<script>alert(1)</script>", "description": "<img src=x onerror=1>"},
    "addresses inside": {"url": "http://169.254.169.254/", "eventTypes": ["campaign.completed"]},
    "a file as address": {"url": "file:///etc/passwd", "eventTypes": ["campaign.completed"]},
    "an address of nothing": {"url": "https://", "eventTypes": ["campaign.completed"]},
    "an address with a password": {"url": "https://a:b@x.example/", "eventTypes": []},
    "an address in brackets": {"url": "https://[::1", "eventTypes": ["campaign.completed"]},
    "an address of no port": {"url": "https://x.example:99999/", "eventTypes": ["x"]},
    "events of no kind": {"url": "https://x.example/", "eventTypes": ["*", 7, None, {}]},
    "times of no kind": {"startAt": "9999-99-99", "since": "never", "offset": -1, "limit": 10**30},
    "filters of no kind": {"filters": {"channels": 7, "skills": [[]], "messagestatus": {"a": 1}}},
    "windows of no kind": {"schedulingMetrics": {"windows": [{"day": 7, "startTime": []}] * 99}},
    "consumers of no kind": {"consumers": [[[]], None, 7, {"consumerContent": []}]},
    "a platform of no kind": {"platform": ["ios"], "appName": 7, "token": {"a": 1}},
    "keys of no kind": {"platform": "web", "subscription": {"endpoint": 7, "keys": [1]}},
    "an unregister type of no kind": {"unregisterType": ["ALL", {"a": "b"}]},
    "numbers for texts": dict.fromkeys(("text", "url", "description", "token", "model"), 1e308),
    "texts for numbers": dict.fromkeys(("offset", "limit", "enabled", "androidX"), "x"),
    "lists for all": dict.fromkeys(("text", "url", "platform", "campaignName", "filters"), []),
    "nulls for all": dict.fromkeys(("text", "url", "platform", "campaignName", "enabled"), None),
    "bells for all": dict.fromkeys(("text", "description", "model", "campaignName"), "a\x07b"),
    "text that turns round": {"text": "\u202e\u2066", "description": "\u202e", "model": "\u202e"},
    "half a megabyte": {"text": "x" * 500_000, "description": "x" * 500_000, "model": "👋" * 9},
}
BODIES = EMPTY | UNREADABLE | {name: json.dumps(body).encode() for name, body in ODD.items()}
FORMS = {
    "a form": b"a=1&b=2",
    "a form of NULs": b"grant_type=%00&client_id=%00&client_secret=%00&scope=%00&token=%00",
    "a form that is not UTF-8": b"client_id=%ff%fe&client_secret=%ff&grant_type=%c0%80",
    "half an escape": b"client_id=%&client_secret=%4&grant_type=%zz",
    "a name twice": b"grant_type=client_credentials&grant_type=password&client_id=a&client_id=b",
    "no value": b"client_id&client_secret&grant_type",
    "nothing but ampersands": b"&" * 5000,
    "two thousand fields": b"&".join(b"f%d=1" % n for n in range(2000)),
    "a grant of another kind": b"grant_type=authorization_code&code=x&client_id=a",
    "a grant by password": b"grant_type=password&username=a&password=b&client_id=a",
    "half a megabyte": b"client_id=" + b"x" * 500_000,
    "SQL": b"client_id='%20OR%201=1--&client_secret='&grant_type=client_credentials",
}
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
WRITING = [route for route in ROUTES if route.method not in ("GET", "HEAD")]
JSON_ROUTES = [route for route in WRITING if route.door != "token"]
TOKEN_ROUTES = [route for route in WRITING if route.door == "token"]
# What a route that needs no body may answer to any: it is done, was done, or cannot be any more.
TAKEN = {200, 201, 202, 204, 404, 409}


@pytest.fixture(scope="module")
def brand(kept_rows) -> Owned:
    return make_owned("brand")


@pytest.fixture
def owned(brand, db) -> Owned:
    return brand


def header_of(route: Route, owned: Owned) -> dict[str, str]:
    if route.door == "sdk":
        return {"authorization": f"Bearer {owned.jwt(sub='anna')}"}
    if route.door == "code":
        return {}
    return bearer(ApiClientFactory(account=owned.account, scopes=[route.scope]))


def send(route: Route, owned: Owned, body: bytes, content_type: str, headers: Any) -> Any:
    return shared_client().generic(
        route.method, route.url(owned.ids), body, content_type=content_type, headers=headers
    )


def fault(response: Any, allowed: set[int]) -> str:
    """What is wrong with an answer, or nothing."""
    if response.status_code not in allowed:
        return f"{response.status_code}: {response.content[:300]!r}"
    if response.content and "json" not in response.headers["Content-Type"]:
        return f"is {response.headers['Content-Type']}"
    if len(response.content) >= 16_384:
        return f"has {len(response.content)} bytes"
    return "is HTML" if b"<html" in response.content.lower() else ""


def test_the_corpus_has_150_bodies_and_more():
    assert len(BODIES) >= 150
    assert len(JSON_ROUTES) >= 15


@pytest.mark.parametrize("route", JSON_ROUTES, ids=str)
def test_no_hostile_body_breaks_a_route_that_writes(route, owned):
    """P1-P7: no 5xx, no HTML, and an answer under 16 kB."""
    headers = header_of(route, owned)
    faults = {}

    for name, body in BODIES.items():
        refused = {400} if route.reads_json and name in UNREADABLE else {400} | TAKEN
        response = send(route, owned, body, "application/json", headers)
        if wrong := fault(response, refused):
            faults[name] = wrong

    assert faults == {}


@pytest.mark.parametrize("route", JSON_ROUTES, ids=str)
@pytest.mark.parametrize(
    "content_type",
    [FORM, MULTIPART, "text/html", "text/plain; charset=utf-7", "x"],
)
def test_a_body_of_another_kind_is_told_so(route, owned, content_type):
    """A9: 415, where a body is read at all."""
    headers = header_of(route, owned)
    allowed = {415} if route.reads_json else {415} | TAKEN

    for body in (b"{}", b"a=1", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--"):
        response = send(route, owned, body, content_type, headers)
        assert fault(response, allowed) == "", body


@pytest.mark.parametrize("route", TOKEN_ROUTES, ids=str)
@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-7", MULTIPART])
def test_no_hostile_form_breaks_a_token_endpoint(route, owned, content_type):
    """P1-P7, A9: the body of RFC 6749, whatever was sent."""
    faults = {}

    for name, body in {**BODIES, **FORMS}.items():
        cache.clear()  # each is the first try of the minute
        response = send(route, owned, body, content_type, {})
        wrong = fault(response, {400, 401, 413})
        if wrong or "error" not in response.json():
            faults[name] = wrong or f"{response.content[:200]!r}"

    assert faults == {}


@pytest.mark.parametrize("route", TOKEN_ROUTES, ids=str)
@pytest.mark.parametrize("content_type", ["application/json", "text/html", "x", ""])
def test_a_token_endpoint_reads_no_other_kind_of_body(route, owned, content_type):
    for body in (b"{}", b'{"grant_type": "client_credentials"}', b"\0\xff", b"[" * 5000):
        cache.clear()
        response = send(route, owned, body, content_type, {})
        assert fault(response, {400, 401, 415}) == "", body


@pytest.mark.parametrize("route", TOKEN_ROUTES, ids=str)
@pytest.mark.parametrize(
    "query", ["&".join(f"f{n}=1" for n in range(2000)), "client_id=%ff", "%", "&" * 3000]
)
def test_no_hostile_query_breaks_a_token_endpoint(route, owned, query):
    response = shared_client().generic(
        "POST", f"{route.url(owned.ids)}?{query}", b"", content_type=FORM
    )

    assert fault(response, {400, 401}) == ""
    assert response.json()["error"] in {"invalid_request", "invalid_client"}


def test_a_form_beyond_the_limit_is_refused_before_anyone_reads_it(client, db, settings):
    """P3, A9: at the door of the installation, so in its words."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    response = client.post("/oauth/token", b"client_id=" + b"x" * 1000, FORM)

    assert fault(response, {413}) == ""
    assert response.json()["errorKey"] == "body_too_large"
