"""P1-P7, P10: whatever comes in, an answer says what is wrong with it, and nothing is stored."""

import json
import time

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from campaigns.models import Campaign, OutboundMessage, RejectedRecipient
from common.text import forbidden_character, is_visible
from consumers.models import Device
from conversations.models import Conversation
from tests.campaigns.caller import Api, shared_client
from tests.campaigns.corpus import EMPTY, UNREADABLE, wrong_bodies
from tests.consumers import tokens
from tests.consumers.conftest import Sdk
from tests.factories.accounts import ApiClientFactory, bearer
from tests.factories.consumers import IdentityProviderFactory

MEMBERS = {
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


def fault(response, *allowed):
    """What is wrong with a refusal, or nothing."""
    if response.status_code not in allowed:
        return f"status {response.status_code}"
    if "json" not in response.headers["Content-Type"]:
        return response.headers["Content-Type"]
    body = response.json()
    if not set(body) >= MEMBERS:
        return f"lacks {MEMBERS - set(body)}"
    if body["status"] != response.status_code or body["code"] != 0:
        return f"tells {body['status']}, {body['code']}"
    if body["requestTraceId"] != response.headers["X-Request-Id"]:
        return "has another request id"
    if len(response.content) >= 16_384 or b"<html" in response.content.lower():
        return f"has {len(response.content)} bytes"
    return ""


def faults(bodies, send, *allowed):
    found = {name: fault(send(body), *allowed) for name, body in bodies.items()}
    return {name: what for name, what in found.items() if what}


def is_nothing_stored():
    stored = (Campaign, OutboundMessage, RejectedRecipient, Device, Conversation)
    return not any(model.objects.exists() for model in stored)


@pytest.fixture
def sdk(brand):
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    return Sdk(brand.account)


def test_a_campaign_s_body_that_cannot_be_read_is_refused(api):
    """P1, P2, P5, P6"""
    bodies = EMPTY | UNREADABLE

    assert len(bodies) >= 130
    assert faults(bodies, lambda body: api.post("campaign", body), 400) == {}
    assert is_nothing_stored()


@pytest.mark.parametrize("path", ["devices", "replies"])
def test_an_sdk_s_body_that_cannot_be_read_is_refused(sdk, path):
    """P1, P2, P5, P6"""
    bodies = EMPTY | UNREADABLE

    assert faults(bodies, lambda body: sdk.call("post", path, body), 400) == {}
    assert is_nothing_stored()


def test_a_field_of_a_campaign_that_is_wrong_is_refused(api, brand):
    """P1, P4, P5, P6: and with the corpus above, far more than 150 bodies."""
    bodies = wrong_bodies(brand.body("ana"))

    assert len(bodies) >= 80
    assert faults(bodies, lambda body: api.post("campaign", body), 400) == {}
    assert is_nothing_stored()


@pytest.mark.parametrize(
    "entry",
    [
        None,
        True,
        7,
        "ana",
        [],
        [["ana"]],
        {"consumerContent": {"inapp": "\0"}},
        {"consumerContent": {"inapp": "\ud83d"}, "variables": {"1": "\udc4b"}},
        {"consumerContent": {"inapp": "ana"}, "variables": {"\0": "Hi"}},
        {"consumerContent": {"inapp": "ana"}, "variables": {"1": {"\ud83d": "\0"}}},
        {"consumerContent": {"inapp": "ana"}, "variables": {"1": 10**400}},
        {"consumerContent": {"inapp": ["ana"] * 9000}},
        {"consumerContent": {"inapp": "a" * 100_000}},
    ],
    ids=lambda entry: json.dumps(entry)[:50],
)
def test_a_fault_inside_one_consumer_fails_that_one_alone(api, brand, entry):
    """P5, P6: its echo is JSON, whatever stood in it."""
    body = brand.body("bo")
    body["consumers"].append(entry)

    response = api.post("campaign", body)

    assert response.status_code == 200, response.content[:500]
    answer = response.json()
    assert [a["consumerContent"]["inapp"] for a in answer["acceptedConsumers"]] == ["bo"]
    (failed,) = answer["failedConsumers"]
    sent = entry if isinstance(entry, dict) else {"consumer": entry}
    assert {name: failed[name] for name in sent} == sent
    assert RejectedRecipient.objects.get().position == 1


def test_what_is_odd_in_a_field_that_is_not_used_harms_nobody(api, brand):
    """A17"""
    body = brand.body("ana")
    body["consumers"][0] |= {"personalInfo": {"firstname": "\0\ud83d"}, "x\0": 1, "\ud83d": 2}

    response = api.post("campaign", body)

    assert len(response.json()["acceptedConsumers"]) == 1
    pointers = [warning["pointer"] for warning in response.json()["warnings"]]
    assert pointers == ["#/consumers/0/personalInfo"]


def test_9000_bad_ids_make_one_error_and_fast(api, brand):
    """P4: the number is asked before any of them is looked at."""
    body = brand.body(consumers=[{"consumerContent": {"inapp": n}} for n in range(9000)])
    raw = json.dumps(body).encode()
    began = time.monotonic()

    response = api.post("campaign", raw)

    assert time.monotonic() - began < 1
    assert fault(response, 400) == ""
    assert [error["code"] for error in response.json()["errors"]] == ["too_many"]
    assert is_nothing_stored()


def test_a_body_beyond_the_limit_is_413(api, brand, settings):
    """P3: the limit is the operator's."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = json.dumps(brand.body("ana")).encode()

    fits, too_large = body.ljust(1000), body.ljust(1001)

    assert api.post("campaign", fits).status_code == 200
    response = api.post("campaign", too_large)
    assert fault(response, 413) == ""
    assert response.json()["errorKey"] == "body_too_large"
    assert "1,000 bytes" in response.json()["detail"]
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json; charset=UTF-8; x=y",
        "application/json;charset=no-such-thing",
        "APPLICATION/JSON",
        "application/vnd.brand+json",
        "",
    ],
)
def test_json_by_any_of_its_names_is_read_as_utf_8(api, brand, content_type):
    """P1: RFC 8259 leaves JSON no other encoding, whatever the header says."""
    raw = json.dumps(brand.body("åna 👋"), ensure_ascii=False).encode()

    response = api.call("POST", "campaign", raw, content_type=content_type)

    assert response.status_code == 200, response.content
    assert OutboundMessage.objects.get().consumer_ref == "åna 👋"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data", "x"],
)
def test_other_media_types_are_415(api, brand, content_type):
    raw = json.dumps(brand.body("ana")).encode()

    response = api.call("POST", "campaign", raw, content_type=content_type)

    assert fault(response, 415) == ""
    assert is_nothing_stored()


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "#/limit"),
        ("limit=1001", "#/limit"),
        ("limit=-1", "#/limit"),
        ("limit=", "#/limit"),
        ("limit=%00", "#/limit"),
        ("limit=%d9%a3", "#/limit"),
        ("limit=1e3", "#/limit"),
        ("limit=000001" + "9" * 5000, "#/limit"),
        ("cursor=", "#/cursor"),
        ("cursor=7", "#/cursor"),
        ("cursor=%00", "#/cursor"),
        ("cursor=%ff%fe", "#/cursor"),
        ("cursor=%f0%9f%91%8b", "#/cursor"),
        ("cursor=" + "A" * 5000, "#/cursor"),
        # 2⁶³ and 2⁶⁴ - 1, which no row can have.
        ("cursor=gAAAAAAAAAA", "#/cursor"),
        ("cursor=__________8", "#/cursor"),
    ],
)
def test_a_query_that_is_wrong_is_refused(api, brand, query, pointer):
    """P5"""
    campaign = brand.send("ana").campaign.public_id

    for path in ("campaign", f"campaign/{campaign}/recipients"):
        response = api.get(f"{path}?{query}")
        assert fault(response, 400) == "", query
        assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


@pytest.mark.parametrize("cursor", ["f_________8", "AAAAAAAAAAA"])
def test_a_cursor_beyond_all_rows_finds_an_end(api, brand, cursor):
    """2⁶³ - 1 and 0."""
    campaign = brand.send("ana").campaign.public_id

    for path in ("campaign", f"campaign/{campaign}/recipients"):
        assert api.get(f"{path}?cursor={cursor}").status_code == 200


@pytest.mark.parametrize("word", ["status=nobody", "status=", "status=%00", "status=SENT"])
def test_a_status_that_is_none_is_refused(api, brand, word):
    path = f"campaign/{brand.send('ana').campaign.public_id}/recipients"

    response = api.get(f"{path}?{word}")

    assert fault(response, 400) == ""
    assert "queued, sending, sent" in response.json()["detail"]


def test_a_reason_that_is_none_finds_nobody(api, brand):
    """P5: a NUL too."""
    path = f"campaign/{brand.send('ana').campaign.public_id}/recipients"

    for word in ("nothing", "%00", "%ff", "'%20OR%201=1--", "x" * 3000):
        assert api.get(f"{path}?reason={word}").json()["recipients"] == []


@pytest.mark.parametrize(
    "path", ["%00", "%ff%fe", "%2e%2e", "a%00b", "..%2f..", "%", "aaaa%0aaaaa"]
)
def test_a_path_that_is_odd_is_404(api, path):
    """P5"""
    for full in (f"campaign/{path}", f"campaign/{path}/recipients", path):
        assert fault(api.get(full), 404) == ""


@pytest.mark.parametrize(
    "value", ["\0", "Bearer \0", "Bearer a\0b", "Bearer \xff\xfe", "Bearer " + "a" * 9000, "Bearer"]
)
def test_a_header_that_is_odd_is_401(api, value):
    """P5"""
    assert fault(api.with_headers(authorization=value).get("campaign"), 401) == ""


def test_an_account_number_that_no_column_holds_is_404(api):
    for number in ("9" * 18, "9" * 19, "0" * 18, "٣"):
        path = f"/api/v2/account/{number}/campaign"
        assert fault(shared_client().get(path, headers=api.headers), 404) == ""


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=120),
    ref=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
)
@examples(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_and_id_come_back_byte_for_byte_or_are_refused(api, brand, text, ref):
    """P7: over the API, through the database, and back."""
    body = brand.body(
        consumers=[{"consumerContent": {"inapp": ref}, "variables": {"1": text}}],
        campaignName="n",
    )

    answer = api.post("campaign", body).json()

    is_sound = not forbidden_character(ref) and not forbidden_character(text) and is_visible(text)
    assert len(answer["acceptedConsumers"]) == is_sound
    if is_sound:
        path = f"campaign/{answer['proactiveCampaignId']}/recipients"
        told = api.get(f"{path}/{answer['acceptedConsumers'][0]['id']}").json()
        assert (told["text"], told["consumerContent"]) == (text, {"inapp": ref})


def test_a_token_without_the_scope_is_told_before_its_body_is_read(brand):
    api = Api(brand.account, bearer(ApiClientFactory(account=brand.account, scopes=[])))

    assert fault(api.post("campaign", b"{"), 403) == ""
