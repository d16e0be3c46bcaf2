"""A9: every error of an API path is a problem that says what to do, and leaks nothing."""

import json
import logging
from uuid import UUID

import pytest
from django.db import connection
from django.test import RequestFactory

from campaigns.api import campaigns as campaign_api
from common.errors import Conflict, DomainError, FieldError, find_error
from common.problem_types import TITLES, explain
from common.problems import MAX_ERRORS, ServiceUnavailable, problem_body
from tests.campaigns.caller import Api, shared_client
from tests.campaigns.conftest import make_brand
from tests.consumers import tokens
from tests.consumers.conftest import Sdk
from tests.factories.accounts import ApiClientFactory, bearer
from tests.factories.consumers import IdentityProviderFactory

SECRET = "text-of-a-message-7f3a"


def members(response, status, key):
    """The body of a problem, after what all of them share was checked."""
    body = response.json()
    assert response.status_code == status, body
    assert body["status"] == status
    assert body["errorKey"] == key
    assert body["type"].endswith(f"/problems/{key.replace('_', '-')}")
    assert body["title"] == explain(key).title
    assert type(body["code"]) is int
    assert body["message"] == body["detail"] != ""
    assert body["requestTraceId"] == response.headers["X-Request-Id"]
    assert body["instance"] == f"urn:uuid:{body['requestTraceId']}"
    assert response.headers["Cache-Control"] == "no-store"
    assert int(response.headers["Content-Length"]) == len(response.content)
    return body


def test_a_bad_body_is_400_and_each_field_has_its_pointer(api, brand):
    response = api.post("campaign", brand.body("ana", consent=False, skill=7))

    body = members(response, 400, "validation_error")
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [
        ("#/skill", "not_a_string"),
        ("#/consent", "consent_required"),
    ]
    assert all(error["detail"] for error in body["errors"])


def test_no_token_is_401_and_names_the_scheme(brand):
    response = Api(brand.account).get("campaign")

    members(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_missing_scope_is_403_and_named(brand):
    client = ApiClientFactory(account=brand.account, scopes=["campaigns:read"])

    response = Api(brand.account, bearer(client)).post("campaign", brand.body("ana"))

    assert "campaigns:send" in members(response, 403, "forbidden")["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v2/",
        "/api/v9/account/1/campaign",
        "/sentinel/x",
        "/oauth/authorize",
        "/api/x",
    ],
)
def test_an_unknown_path_of_an_api_is_404_without_html(db, path):
    for method in ("GET", "POST"):
        members(shared_client().generic(method, path), 404, "not_found")


def test_a_page_that_is_not_there_stays_a_page(db):
    response = shared_client().get("/no/such/page")

    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["X-Request-Id"]


def test_a_method_that_is_not_offered_is_405_and_tells_which_are(api):
    response = api.call("PUT", "campaign", b"{}")

    members(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_a_body_without_a_length_is_411(api):
    response = shared_client().post(
        api.url("campaign"),
        content_type="application/json",
        headers=api.headers | {"Transfer-Encoding": "chunked"},
        CONTENT_LENGTH="",
    )

    members(response, 411, "length_required")


@pytest.mark.parametrize("path", ["/api/v2/account/1/campaign", "/oauth/token", "/sentinel/x"])
@pytest.mark.parametrize("length", [str(5 * 1024 * 1024), "9" * 5000])
def test_a_body_that_says_it_is_too_large_is_413_before_it_is_read(db, path, length):
    response = shared_client().post(
        path, b"{}", content_type="application/json", CONTENT_LENGTH=length
    )

    assert "4,194,304 bytes" in members(response, 413, "body_too_large")["detail"]


def test_another_media_type_is_415(api):
    response = api.call("POST", "campaign", b"a=b", content_type="text/plain")

    members(response, 415, "unsupported_media_type")


def fail_with(monkeypatch, error):
    def fail(**kwargs):
        raise error

    monkeypatch.setattr(campaign_api, "accept_call", fail)


def test_an_unexpected_error_is_500_and_leaks_nothing(api, brand, monkeypatch):
    fail_with(monkeypatch, RuntimeError(SECRET))

    response = api.post("campaign", brand.body("ana"))

    body = members(response, 500, "internal_error")
    raw = response.content.decode()
    assert SECRET not in raw
    assert "Traceback" not in raw
    assert "RuntimeError" not in raw
    assert set(body) == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "errorKey",
        "message",
        "requestTraceId",
    }


def test_what_is_not_there_for_the_moment_is_503_and_says_when(api, brand, monkeypatch):
    fail_with(monkeypatch, ServiceUnavailable("The key set is away.", retry_after=7))

    response = api.post("campaign", brand.body("ana"))

    assert members(response, 503, "unavailable")["detail"] == "The key set is away."
    assert response.headers["Retry-After"] == "7"


def test_a_rule_that_is_broken_keeps_its_word_its_field_and_its_details(api, brand, monkeypatch):
    class InTheWay(Conflict):
        """Something is in the way."""

        key = "in_the_way"

    fail_with(monkeypatch, InTheWay("Two are.", pointer="/skill", waiting=2))

    body = members(api.post("campaign", brand.body("ana")), 409, "in_the_way")

    assert body["details"] == {"waiting": 2}
    assert body["errors"] == [{"pointer": "#/skill", "code": "in_the_way", "detail": "Two are."}]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_503_with_retry_after(monkeypatch):
    """D8: nothing was accepted, and the caller may come again."""
    brand = make_brand()
    client = ApiClientFactory(account=brand.account)
    api = Api(brand.account, bearer(client))
    token_call = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.secret,
    }
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    connection.close()
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "HOST", "/nowhere")
        responses = [
            api.post("campaign", brand.body("ana")),
            api.get("campaign"),
            Sdk(brand.account).get("devices"),
            shared_client().post("/oauth/token", token_call),
            shared_client().get(f"/sentinel/api/account/{brand.account.number}/app/token"),
        ]
        ready = shared_client().get("/ready")

    for response in responses[:4]:
        members(response, 503, "unavailable")
        assert response.headers["Retry-After"] == "5"
    members(responses[4], 405, "method_not_allowed")
    assert ready.status_code == 503
    assert ready.json()["checks"]["database"] == "no connection"
    assert api.post("campaign", brand.body("ana")).status_code == 200


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
        ("application/json", "application/json"),
        ("application/problem+json", "application/problem+json"),
        ("application/json;q=0.5, application/problem+json", "application/problem+json"),
        ("no such thing", "application/json"),
    ],
)
def test_liveperson_s_paths_answer_json_unless_problems_are_asked_for(api, accept, expected):
    asking = api.with_headers(accept=accept)

    for response in (asking.post("campaign", b"{"), asking.get("nothing")):
        assert response.headers["Content-Type"] == expected
    assert asking.get("campaign").headers["Content-Type"] == "application/json"


def test_our_own_paths_answer_problems(brand):
    sdk = Sdk(brand.account)

    for response in (sdk.get("devices"), sdk.get("nothing"), sdk.call("put", "devices")):
        assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("given", ["crm-7:a.b_C", "x" * 128, f"{UUID(int=7)}"])
def test_a_caller_s_request_id_is_returned_and_never_becomes_the_trace_id(api, given):
    """A9: `requestTraceId` is a uuid of ours, even where the caller's id is one as well."""
    named = api.with_headers(**{"X-Request-Id": given})

    first, second = named.get("campaign/aaaaaaaaa"), named.get("campaign/aaaaaaaaa")

    assert first.headers["X-Request-Id"] == second.headers["X-Request-Id"] == given
    traces = {given, *(answer.json()["requestTraceId"] for answer in (first, second))}
    assert len(traces) == 3
    assert {str(UUID(trace)) for trace in traces - {given}} == traces - {given}


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", "a/b", "é", '{"a": 1}', "a,b"])
def test_a_request_id_of_other_characters_is_ignored(api, given):
    """A9"""
    answer = api.with_headers(**{"X-Request-Id": given}).get("campaign/aaaaaaaaa")

    assert answer.headers["X-Request-Id"] == answer.json()["requestTraceId"]
    assert answer.status_code == 404


@pytest.mark.parametrize(("given", "is_kept"), [("crm-7", True), ('crm"7', False)])
def test_the_log_has_the_caller_s_request_id_where_it_is_sound(api, caplog, given, is_kept):
    """A9, and a caller forges no line."""
    with caplog.at_level(logging.INFO, logger="django_structlog"):
        answer = api.with_headers(**{"X-Request-Id": given}).get("campaign/aaaaaaaaa")

    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    trace = answer.json()["requestTraceId"]
    assert len(lines) == 2
    assert {line["request_id"] for line in lines} == {given if is_kept else trace}
    assert {line["trace_id"] for line in lines} == {trace}


def test_an_answer_names_twenty_errors_at_most_and_stays_short():
    errors = [FieldError(f"/{'f' * 500}{n}", "wrong", "d" * 5000) for n in range(9000)]

    body = problem_body(RequestFactory().get("/api/x"), status=400, detail="x", errors=errors)

    assert len(body["errors"]) == MAX_ERRORS == 20
    assert len(json.dumps(body)) < 16_384


def domain_keys(cls=DomainError):
    for child in cls.__subclasses__():
        if child.__module__ != __name__:
            yield child.key
            yield from domain_keys(child)


def test_the_type_of_every_problem_is_a_page(db):
    """A9: `type` is a link that answers."""
    shared_client().get("/health")  # loads every module that has errors
    keys = {*TITLES, *domain_keys()}
    assert len(keys) > 30

    for key in sorted(keys):
        response = shared_client().get(f"/problems/{key.replace('_', '-')}")
        assert response.status_code == 200, key
        assert explain(key).title in response.content.decode()
        assert f'"{key}"' in response.content.decode()


def test_the_page_of_a_rule_says_what_it_means(db):
    page = shared_client().get("/problems/handoff-in-use").content.decode()

    assert "Campaigns that use the handoff are still going out." in page
    assert "status 409" in page


def test_a_problem_that_does_not_exist_has_no_page(db):
    assert find_error("no_such_thing") is None
    assert shared_client().get("/problems/no-such-thing").status_code == 404
