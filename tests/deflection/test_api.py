"""H1: ``eligibility`` and ``invite`` as in ``liveperson.md`` 8, with its words and codes."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign, OutboundMessage
from conversations.models import Conversation, ReplyRoute, Source
from conversations.services import receive_message
from deflection import tasks
from deflection.models import GOOD_FOR, DeflectionCall
from tests.campaigns.caller import shared_client
from tests.campaigns.conftest import Brand, deliver_all
from tests.deflection.calls import PHONE, caller, ivr_handoff
from tests.factories.accounts import ApiClientFactory, bearer
from tests.factories.handoffs import HandoffFactory


class Ivr:
    """The brand's phone system, with a token."""

    def __init__(self, brand: Brand) -> None:
        self.brand = brand
        self.headers = bearer(ApiClientFactory(account=brand.account))

    def call(self, path: str, body: Any, *, query: str = "?v=2.0", **headers: str) -> Any:
        url = f"/api/account/{self.brand.account.number}/{path}{query}"
        given = self.headers | headers
        return shared_client().post(url, body, content_type="application/json", headers=given)

    def eligibility(self, **changes: Any) -> Any:
        return self.call("eligibility", caller(self.brand, **changes))

    def invite(self, call_id: Any, **more: Any) -> Any:
        return self.call("invite", {"callId": str(call_id), **more})


@pytest.fixture
def ivr(brand: Brand) -> Ivr:
    brand.consumer("anna")
    return Ivr(brand)


def test_a_caller_whom_the_rules_let_out_is_eligible_by_in_app(ivr: Ivr) -> None:
    """LivePerson's sample of an answer, member by member."""
    answer = ivr.eligibility()

    call = DeflectionCall.objects.get()
    assert answer.status_code == 200
    assert answer.json() == {
        "availableChannels": ["inapp"],
        "recommendedChannelName": "inapp",
        "eligible": True,
        "callId": str(call.call_id),
    }
    assert not OutboundMessage.objects.exists()


def test_an_invite_sends_the_handoffs_message_once(ivr: Ivr) -> None:
    call_id = ivr.eligibility().json()["callId"]

    answers = [ivr.invite(call_id) for _ in range(3)]
    deliver_all()

    assert [(one.status_code, one.json()) for one in answers] == [(200, {"callId": call_id})] * 3
    message = OutboundMessage.objects.get()
    assert (message.state, message.text) == ("sent", ivr_handoff(ivr.brand).text)
    campaign = Campaign.objects.get()
    assert (campaign.source, campaign.name) == (Source.IVR, "Instead of waiting")


def test_its_route_tells_the_agent_where_it_came_from(ivr: Ivr) -> None:
    ivr.invite(ivr.eligibility().json()["callId"])
    deliver_all()
    consumer = ivr.brand.account.consumers.get(ref="anna")
    receive_message(account=ivr.brand.account, consumer=consumer, text="Hello", now=timezone.now())

    assert ReplyRoute.objects.get().get_source_display() == "IVR deflection"
    assert Conversation.objects.get().skill == ivr.brand.skill


@pytest.mark.parametrize(
    ("consumer", "reason"), [("nobody", "never_logged_in"), ("carl", "opted_out")]
)
def test_who_cannot_be_reached_is_not_eligible_and_the_reason_says_why(
    ivr: Ivr, consumer: str, reason: str
) -> None:
    carl = ivr.brand.consumer("carl")
    carl.opted_out_at = timezone.now()
    carl.save()

    told = ivr.eligibility(consumerId=consumer).json()

    assert told["eligible"] is False
    assert (told["availableChannels"], told["recommendedChannelName"]) == ([], "")
    assert told["reason"] == reason
    refused = ivr.invite(told["callId"])
    assert (refused.status_code, refused.json()["errorCode"]) == (400, 1400)
    assert not OutboundMessage.objects.exists()


def test_a_skill_that_the_invite_names_instead_is_the_route(ivr: Ivr) -> None:
    call_id = ivr.eligibility().json()["callId"]

    ivr.invite(call_id, overrideChannel="inapp", overrideSkill=ivr.brand.default_skill.name)

    assert Campaign.objects.get().skill == ivr.brand.default_skill


# Sent, and LivePerson's status, code and words.
REFUSED = {
    "no body": ("eligibility", {}, "?v=2.0", 400, 1000, "Invalid request"),
    "no phone number": (
        "eligibility",
        {"consumerPhoneNumber": "206 1234"},
        "?v=2.0",
        400,
        1001,
        "Invalid customerPhoneNumber",
    ),
    "16 digits": (
        "eligibility",
        {"consumerPhoneNumber": "+1234567890123456"},
        "?v=2.0",
        400,
        1001,
        "Invalid customerPhoneNumber",
    ),
    "no version": ("eligibility", {}, "", 400, 1002, "Invalid version"),
    "version 1": ("invite", {}, "?v=1.0", 400, 1002, "Invalid version"),
    "unknown skill": (
        "eligibility",
        {"skill": "nobody"},
        "?v=2.0",
        400,
        1300,
        "No engagement found for skill",
    ),
    "unknown handoff": (
        "eligibility",
        {"handoffId": "H404"},
        "?v=2.0",
        400,
        1500,
        "No handoff",
    ),
    "a proactive handoff": (
        "eligibility",
        {"handoffId": "proactive"},
        "?v=2.0",
        400,
        1501,
        "No handoff channel",
    ),
    "a handoff for SMS": (
        "eligibility",
        {"handoffId": "sms"},
        "?v=2.0",
        400,
        1501,
        "No handoff channel",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_has_livepersons_code_and_words(ivr: Ivr, name: str) -> None:
    path, changes, query, status, code, words = REFUSED[name]
    sms = HandoffFactory(account=ivr.brand.account, kind="ivr", channels=["sms"], app_names=[])
    own = {"proactive": ivr.brand.handoff.public_id, "sms": sms.public_id}
    given = {key: own.get(value, value) for key, value in changes.items()}
    body = {} if name == "no body" else caller(ivr.brand, **given)

    answer = ivr.call(path, body, query=query)

    told = answer.json()
    assert answer.status_code == status
    assert (told["errorCode"], told["errorMessage"]) == (code, words)
    assert told["requestTraceId"]


def test_a_text_that_wants_variables_is_refused_by_name(ivr: Ivr) -> None:
    handoff = ivr_handoff(ivr.brand)
    handoff.text = "Hello ${{1}}"
    handoff.save()

    told = ivr.eligibility().json()

    assert told["errorCode"] == 1000
    assert told["errors"][0]["pointer"] == "#/consumerId"


def test_an_invite_is_refused_in_livepersons_words_too(ivr: Ivr) -> None:
    call_id = ivr.eligibility().json()["callId"]

    asked = {
        1900: ivr.invite(call_id, overrideChannel="sms"),
        1901: ivr.invite(call_id, overrideSkill="nobody"),
        1004: ivr.invite(uuid4()),
        1000: ivr.call("invite", {}),
    }

    assert {code: answer.json()["errorCode"] for code, answer in asked.items()} == {
        code: code for code in asked
    }
    assert asked[1900].json()["errorMessage"] == "Overridden channel not available"
    assert asked[1901].json()["errorMessage"] == "No engagement for overridden skill"
    assert (asked[1004].status_code, asked[1004].json()["errorMessage"]) == (404, "Not Found")
    assert not OutboundMessage.objects.exists()


def test_who_may_not_call_is_told_in_livepersons_words(ivr: Ivr) -> None:
    unscoped = bearer(ApiClientFactory(account=ivr.brand.account, scopes=["campaigns:read"]))
    body = caller(ivr.brand)

    nobody = ivr.call("eligibility", body, authorization="Bearer made-up")
    other = ivr.call("eligibility", body, **unscoped)
    url = f"/api/account/{ivr.brand.account.number}/eligibility?v=2.0"
    read = shared_client().get(url, headers=ivr.headers)
    form = shared_client().post(url, {"a": "b"}, headers=ivr.headers)

    told = [(one.status_code, one.json()["errorCode"]) for one in (nobody, other, read, form)]
    assert told == [(401, 1100), (403, 1101), (405, 1005), (415, 1015)]


def test_thirty_a_second_pass_and_the_next_is_told_to_wait(ivr: Ivr) -> None:
    ivr.brand.account.requests_per_second = 10
    ivr.brand.account.save()

    began = time.monotonic()
    codes = [ivr.invite(uuid4()).status_code for _ in range(40)]
    # What comes in slowly finds room again.
    most = 31 + 30 * (time.monotonic() - began)

    assert 30 <= codes.count(404) <= most
    limited = ivr.invite(uuid4()) if codes[-1] == 429 else None
    assert limited is None or limited.json()["errorCode"] == 1029


def test_a_call_is_good_for_an_hour(ivr: Ivr) -> None:
    call_id = ivr.eligibility().json()["callId"]
    DeflectionCall.objects.update(created_at=timezone.now() - GOOD_FOR - timedelta(seconds=1))

    assert ivr.invite(call_id).status_code == 404


def test_the_phone_number_is_not_kept(ivr: Ivr) -> None:
    ivr.eligibility()

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(d)::text FROM deflection_deflectioncall d")
        assert PHONE[1:] not in cursor.fetchone()[0]


def test_old_calls_are_forgotten_in_batches_and_their_campaigns_stay(
    ivr: Ivr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "BATCH", 1)
    ivr.invite(ivr.eligibility().json()["callId"])
    ivr.eligibility()
    DeflectionCall.objects.update(created_at=timezone.now() - timedelta(days=31))
    young = ivr.eligibility().json()["callId"]

    tasks.forget_calls()

    assert str(DeflectionCall.objects.get().call_id) == young
    assert Campaign.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_invites_at_once_send_one_message(ivr: Ivr) -> None:
    call_id = ivr.eligibility().json()["callId"]

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda _: _invited(ivr, call_id), range(6)))

    assert codes == [200] * 6
    assert OutboundMessage.objects.count() == 1


def _invited(ivr: Ivr, call_id: str) -> int:
    try:
        return int(ivr.invite(call_id).status_code)
    finally:
        connection.close()


def test_its_figures_stand_apart(ivr: Ivr) -> None:
    ivr.invite(ivr.eligibility().json()["callId"])
    client = bearer(ApiClientFactory(account=ivr.brand.account, scopes=["reports:read"]))
    now = int(timezone.now().timestamp() * 1000)
    span = f"attemptedStartTime={now - 3_600_000}&attemptedEndTime={now + 3_600_000}"

    answers = {
        app: shared_client().get(
            f"/api/account/{ivr.brand.account.number}/app/{app}/analytics?{span}", headers=client
        )
        for app in ("c2m", "prmsg")
    }

    assert str(Campaign.objects.get().skill_name) in answers["c2m"].content.decode()
    assert str(Campaign.objects.get().skill_name) not in answers["prmsg"].content.decode()
