"""A2, A6, A7: what LivePerson's own pages print, sent as it stands by who called it until now."""

import json
from itertools import product

import pytest

from campaigns.models import Campaign, OutboundMessage
from handoffs.models import Handoff
from tests.campaigns.caller import shared_client
from tests.campaigns.conftest import deliver_all
from tests.consumers import tokens
from tests.consumers.conftest import Sdk
from tests.factories.accounts import ApiClientFactory
from tests.factories.consumers import IdentityProviderFactory

FORM = "application/x-www-form-urlencoded"
INAPP = {
    "campaignName": "TestInappProactiveAPI",
    "skill": "sales",
    "templateId": "H1234567890",
    "consent": True,
    "consumers": [
        {
            "consumerContent": {"inapp": "user1"},
            "variables": {"1": "Hi user1, welcome to proactive messaging."},
        }
    ],
}
MISSING = "MISSING_CONSUMER_INFORMATION==INAPP"
WHATSAPP_RICH = {
    "campaignName": "TestProactiveAPI",
    "skill": "sales",
    "templateId": "1111111111111",
    "outboundNumber": "22222222222",
    "consent": True,
    "consumers": [
        {
            "consumerContent": {"wa": "12345678891"},
            "variables": {str(n): f"Text{n}" for n in range(1, 6)},
            "headerVariables": {"video": "https://files.example/sample_640.mp4"},
        },
        {
            "consumerContent": {"wa": "1234456678899"},
            "variables": {str(n): f"Test{n}" for n in range(1, 5)},
            "headerVariables": {"video": "https://..."},
            "personalInfo": {
                "firstname": "Smith",
                "lastname": "John",
                "age": {"age": 31, "year": 1990, "month": 1, "day": 11},
                "contacts": [{"email": "test@example.com", "phone": "+1 480-400-8000"}],
            },
            "customerInfo": {"cstatus": "VIP", "balance": -200.99, "loginStatus": 1},
        },
    ],
}
WHATSAPP_BUTTON = {
    "campaignName": "Test proactive campaign",
    "skill": "billing",
    "templateId": "H1234567890",
    "consent": True,
    "consumers": [
        {
            "consumerCountryCode": "1",
            "consumerPhoneNumber": "2345678891",
            "variables": {"1": "test1", "2": "test2"},
            "headerVariables": {"image": "https://cdn.example/wal-2722172_1280.jpg"},
            "buttonVariables": {"1": "telco"},
        }
    ],
}
SMS = INAPP | {
    "outboundNumber": "22222222222",
    "consumers": [{"consumerContent": {"sms": "12345678891"}, "variables": {"1": "Hello X"}}],
}
PRIORITY = SMS | {
    "consumers": [
        {
            "consumerContent": {"sms": "12345678891", "wa": "12345678891"},
            "variables": {"1": "Hello X"},
        }
    ]
}
OLD_FORM = {
    "campaignName": "TestProactiveAPI",
    "skill": "sales",
    "templateId": "943679028015322",
    "consent": True,
    "outboundNumber": "12025166656",
    "consumers": [
        {
            "consumerCountryCode": "1",
            "consumerPhoneNumber": "1012959736",
            "variables": {"1": "Test outbound api"},
        }
    ],
}
ADHOC_SMS = SMS | {"templateId": "1234567890"}


@pytest.fixture
def sample_brand(brand):
    """A brand whose skills and handoff are those of the samples."""
    brand.default_skill.name, brand.handoff.public_id = "sales", "H1234567890"
    brand.default_skill.save()
    brand.handoff.save()
    return brand


@pytest.mark.parametrize(
    ("sample", "status", "told"),
    [
        (INAPP, 200, []),
        (INAPP | {"consumers": [{"consumerContent": {"inapp": "user1"}}]}, 200, []),
        (INAPP | {"consumers": [{"consumerContent": {"inapp": "u"}, "variables": {}}]}, 200, []),
        (SMS, 200, [MISSING]),
        (PRIORITY, 200, [MISSING]),
        (WHATSAPP_BUTTON, 200, [MISSING]),
        (WHATSAPP_RICH, 400, [("#/templateId", "unknown_handoff")]),
        (OLD_FORM, 400, [("#/templateId", "unknown_handoff")]),
        (ADHOC_SMS, 400, [("#/templateId", "unknown_handoff")]),
        (WHATSAPP_RICH | {"templateId": "H1234567890"}, 200, [MISSING, MISSING]),
        (OLD_FORM | {"templateId": "H1234567890"}, 200, [MISSING]),
    ],
    ids=[
        "In-App",
        "In-App without variables",
        "In-App with no variable",
        "SMS",
        "SMS and WhatsApp by priority",
        "WhatsApp with a button, old form",
        "WhatsApp by its own template",
        "old form by a template",
        "SMS by the fixed template",
        "WhatsApp to an In-App handoff",
        "old form to an In-App handoff",
    ],
)
def test_each_sample_of_liveperson_s_pages_is_taken_or_refused_by_its_code(
    api, sample_brand, sample, status, told
):
    """A6, A7, A17: liveperson.md 1.4."""
    response = api.post("campaign", sample)

    answer = response.json()
    assert response.status_code == status, answer
    if status == 400:
        assert [(error["pointer"], error["code"]) for error in answer["errors"]] == told
        assert not Campaign.objects.exists()
    else:
        assert [entry["errorMessage"] for entry in answer["failedConsumers"]] == told
        accepted = len(sample["consumers"]) - len(told)
        assert OutboundMessage.objects.count() == len(answer["acceptedConsumers"]) == accepted
        for entry, sent in zip(answer["failedConsumers"], sample["consumers"], strict=False):
            assert entry == {**sent, "errorMessage": MISSING}


def of(ref="ana", **variables):
    return {"consumerContent": {"inapp": ref}, "variables": variables}


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([{"variables": {"1": "a", "2": "b"}}], MISSING),
        ([of(**{"1": "a", "2": "b", "3": "c"})], "TOO_MANY_VARIABLES"),
        ([of()], "INSUFFICIENT_VARIABLES"),
        ([of(**{"1": "a"})], "MISSING_VARIABLE=2"),
        ([of(**{"1": "a", "2": 7})], "VARIABLE_NOT_STRING=2"),
        ([of(**{"1": "a", "2": "b"}), of(**{"1": "c", "2": "d"})], "DUPLICATE_CONSUMER"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_error_of_a_consumer_that_liveperson_names_is_told_by_us(api, brand, entries, code):
    """A7: liveperson.md 1.5, on a handoff with two placeholders; those of phones cannot occur."""
    Handoff.objects.update(text="${{1}} and ${{2}}")

    response = api.post("campaign", brand.body(consumers=entries))

    assert [one["errorMessage"] for one in response.json()["failedConsumers"]] == [code]


@pytest.mark.parametrize("name", ["campaignName", "skill", "templateId", "consent", "consumers"])
@pytest.mark.parametrize("absent", [True, False], ids=["absent", "null"])
def test_a_missing_field_refuses_the_whole_call_in_liveperson_s_words(api, brand, name, absent):
    """A6, A9: liveperson.md 1.5."""
    body = brand.body("ana") | {name: None}
    if absent:
        del body[name]

    response = api.post("campaign", body)

    answer = response.json()
    assert (response.status_code, answer["code"]) == (400, 0)
    assert answer["message"] == f"Fields missing in request: {name}"
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("version", "place", "prefix", "slash"),
    list(product(["1.0", "2.0"], ["query", "form"], ["Bearer ", ""], ["", "/"])),
)
def test_who_calls_liveperson_today_gets_through_by_another_host_name(
    sample_brand, version, place, prefix, slash
):
    """A1, A2, A19: its token call, then its campaign call, as its clients send them."""
    account = sample_brand.account
    system = ApiClientFactory(account=account)
    pair = f"client_id={system.client_id}&client_secret={system.secret}"
    query = f"v={version}&grant_type=client_credentials"
    token_path = f"/sentinel/api/account/{account.number}/app/token{slash}"
    if place == "query":
        asked = shared_client().post(f"{token_path}?{query}&{pair}", b"", FORM)
    else:
        asked = shared_client().post(f"{token_path}?{query}", pair, FORM)
    header = {"authorization": f"{prefix}{asked.json()['access_token']}"}
    path = f"/api/v2/account/{account.number}/campaign{slash}"

    sent = shared_client().post(path, json.dumps(INAPP), "application/json", headers=header)

    answer = sent.json()
    assert answer["failedConsumers"] == []
    found = f"{path.rstrip('/')}/{answer['proactiveCampaignId']}/conversations{slash}"
    status = shared_client().get(found, headers=header).json()
    assert [one["status"] for one in status["conversations"]] == ["NOT_SENT"]


@pytest.mark.parametrize("character", ["漢", "語", "한", "𠮷"])
def test_a_text_of_1550_cjk_characters_is_sent_and_waits_whole_in_the_app(api, brand, character):
    """A5: three or four bytes each; one more is refused for that consumer alone."""
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    brand.consumer("ana")
    text = character * 1550
    entries = [of(**{"1": text}), of("bo", **{"1": text + character})]

    answer = api.post("campaign", brand.body(consumers=entries)).json()
    deliver_all()

    assert [one["errorMessage"] for one in answer["failedConsumers"]] == ["VARIABLE_TOO_LONG=1"]
    assert OutboundMessage.objects.get().state == "sent"
    (waiting,) = Sdk(brand.account).signed_in("ana").get("messages").json()["messages"]
    assert waiting["text"] == text
