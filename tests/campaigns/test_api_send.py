"""POST campaign: LivePerson's shape, what refuses a call, what fails one consumer (A2-A7, A17)."""

import json
import re
import uuid

import pytest
from django.utils import timezone

from campaigns.models import Campaign, OutboundMessage, RejectedRecipient
from handoffs.models import Handoff
from tests.campaigns.conftest import make_brand
from tests.factories.handoffs import HandoffFactory

# liveperson.md 1.4.1, word for word.
SAMPLE = """{
    "campaignName": "TestInappProactiveAPI",
    "skill": "sales",
    "templateId": "H1234567890",
    "consent": true,
    "consumers": [
        {
            "consumerContent": {"inapp": "user1"},
            "variables": {
                "1": "Hi user1, welcome to proactive messaging."
            }
        }
    ]
}"""


@pytest.fixture
def sample_brand(brand):
    """A brand whose skill and handoff are those of the sample."""
    brand.skill.name = "sales"
    brand.skill.save()
    brand.handoff.public_id = "H1234567890"
    brand.handoff.save()
    return brand


def is_refused(response, pointer, key, status=400):
    body = response.json()
    assert response.status_code == status, body
    assert not Campaign.objects.exists()
    assert not OutboundMessage.objects.exists()
    assert not RejectedRecipient.objects.exists()
    assert [(e["pointer"], e["code"]) for e in body["errors"]] == [(pointer, key)]
    return body


def texts():
    return dict(OutboundMessage.objects.values_list("consumer_ref", "text"))


def failures(response):
    assert response.status_code == 200, response.content
    return [entry["errorMessage"] for entry in response.json()["failedConsumers"]]


def consumer(ref, **variables):
    return {"consumerContent": {"inapp": ref}, "variables": variables}


def test_liveperson_s_sample_body_is_answered_in_liveperson_s_shape(api, sample_brand):
    """A2"""
    response = api.post("campaign", SAMPLE.encode())

    body = response.json()
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert list(body) == [
        "proactiveCampaignId",
        "leCampaignId",
        "leEngagementId",
        "requestTraceId",
        "failedConsumers",
        "acceptedConsumers",
    ]
    assert re.fullmatch(r"[A-Za-z0-9_-]{9}", body["proactiveCampaignId"])
    assert re.fullmatch(r"[0-9]{10}", body["leCampaignId"])
    assert re.fullmatch(r"[0-9]{10}", body["leEngagementId"])
    assert body["leCampaignId"] != body["leEngagementId"]
    assert uuid.UUID(body["requestTraceId"]).version == 4
    assert body["requestTraceId"] == response.headers["X-Request-Id"]
    assert body["failedConsumers"] == []
    message = OutboundMessage.objects.get()
    assert body["acceptedConsumers"] == [
        {"id": str(message.public_id), "consumerContent": {"inapp": "user1"}}
    ]
    assert message.text == "Hi user1, welcome to proactive messaging."
    assert str(Campaign.objects.get().trace_id) == body["requestTraceId"]


def test_handoff_id_is_a_synonym_of_template_id(api, brand):
    """A2; null is as good as absent."""
    body = brand.body("ana", handoffId=brand.handoff.public_id)

    without = {name: value for name, value in body.items() if name != "templateId"}
    assert api.post("campaign", without).status_code == 200
    assert api.post("campaign", body | {"templateId": None}).status_code == 200


def test_of_template_id_and_handoff_id_the_first_counts(api, brand):
    """A2: LivePerson knows no handoffId, so its meaning is kept."""
    other = HandoffFactory(account=brand.account)

    assert api.post("campaign", brand.body("ana", handoffId=other.public_id)).status_code == 200
    assert Campaign.objects.get().handoff == brand.handoff


def test_a_call_of_a_hundred_consumers_is_accepted_and_one_more_refuses_it_whole(api, brand):
    """A3, D29"""
    body = brand.body(*[f"c{n}" for n in range(101)])
    is_refused(api.post("campaign", body), "#/consumers", "too_many")

    body["consumers"].pop()
    assert len(api.post("campaign", body).json()["acceptedConsumers"]) == 100
    assert OutboundMessage.objects.count() == 100


@pytest.mark.parametrize(
    ("consumers", "key"),
    [([], "too_few"), (None, "required"), ({}, "not_a_list"), ("ana", "not_a_list")],
)
def test_a_call_of_no_consumers_is_refused(api, brand, consumers, key):
    """A3, D29"""
    is_refused(api.post("campaign", brand.body(consumers=consumers)), "#/consumers", key)


def test_an_operator_can_raise_the_maximum_of_consumers(api, brand):
    """A3: to 10,000 of an account."""
    brand.account.max_recipients = 10_000
    brand.account.save()
    body = brand.body(*[f"c{n}" for n in range(10_001)])

    is_refused(api.post("campaign", body), "#/consumers", "too_many")
    body["consumers"].pop()
    response = api.post("campaign", body)

    assert len(response.json()["acceptedConsumers"]) == 10_000
    assert OutboundMessage.objects.count() == 10_000


def test_only_ids_that_are_the_same_byte_for_byte_are_duplicates(api, brand):
    """A7, D29: case, composition and a trailing space make different people."""
    different = ["ana", "Ana", "ana ", "\u00e9", "e\u0301", "ａｎａ"]

    response = api.post("campaign", brand.body(*different, "ana", "e\u0301"))

    assert failures(response) == ["DUPLICATE_CONSUMER", "DUPLICATE_CONSUMER"]
    accepted = [e["consumerContent"]["inapp"] for e in response.json()["acceptedConsumers"]]
    assert accepted == different
    assert sorted(texts()) == sorted(different)


def test_a_consumer_that_failed_does_not_make_its_second_entry_a_duplicate(api, brand):
    """A7"""
    entries = [consumer("ana", **{"1": 7}), consumer("ana", **{"1": "Hi"})]

    response = api.post("campaign", brand.body(consumers=entries))

    assert failures(response) == ["VARIABLE_NOT_STRING=1"]
    assert texts() == {"ana": "Hi"}


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({}, "MISSING_CONSUMER_INFORMATION==INAPP"),
        (None, "MISSING_CONSUMER_INFORMATION==INAPP"),
        ("ana", "MISSING_CONSUMER_INFORMATION==INAPP"),
        ([["ana"]], "MISSING_CONSUMER_INFORMATION==INAPP"),
        ({"consumerContent": "ana"}, "MISSING_CONSUMER_INFORMATION==INAPP"),
        ({"consumerContent": {"inapp": ""}}, "MISSING_CONSUMER_INFORMATION==INAPP"),
        ({"consumerContent": {"inapp": 7}}, "MISSING_CONSUMER_INFORMATION==INAPP"),
        ({"consumerContent": {"inapp": None}}, "MISSING_CONSUMER_INFORMATION==INAPP"),
        ({"consumerContent": {"sms": "12345678891"}}, "MISSING_CONSUMER_INFORMATION==INAPP"),
        (consumer("c" * 256), "CONSUMER_ID_TOO_LONG"),
        (consumer("a\0b"), "CONSUMER_ID_INVALID_CHARACTER"),
        (consumer("a\ud800"), "CONSUMER_ID_INVALID_CHARACTER"),
        (consumer("a\x07"), "CONSUMER_ID_INVALID_CHARACTER"),
        (consumer("x", **{"2": "Hi"}), "MISSING_VARIABLE=1"),
        (consumer("x", **{"1": "Hi", "2": "you"}), "TOO_MANY_VARIABLES"),
        (consumer("x", **{"1": 7}), "VARIABLE_NOT_STRING=1"),
        (consumer("x", **{"1": None}), "VARIABLE_NOT_STRING=1"),
        (consumer("x", **{"1": ["Hi"]}), "VARIABLE_NOT_STRING=1"),
        (consumer("x", **{"1": "x" * 1551}), "VARIABLE_TOO_LONG=1"),
        (consumer("x", **{"1": "a\0b"}), "VARIABLE_INVALID_CHARACTER=1"),
        (consumer("x", **{"1": "a\udc4b"}), "VARIABLE_INVALID_CHARACTER=1"),
        (consumer("x", **{"1": "bell\x07"}), "VARIABLE_INVALID_CHARACTER=1"),
        (consumer("x", **{"1": ""}), "EMPTY_MESSAGE"),
        (consumer("x", **{"1": " \n\t"}), "EMPTY_MESSAGE"),
        (consumer("x", **{"1": "\u200b\u200d\ufeff\u2060"}), "EMPTY_MESSAGE"),
        ({"consumerContent": {"inapp": "x"}, "variables": ["Hi"]}, "VARIABLES_NOT_OBJECT"),
        ({"consumerContent": {"inapp": "x"}, "variables": "Hi"}, "VARIABLES_NOT_OBJECT"),
    ],
)
def test_what_is_wrong_with_one_consumer_fails_that_one_alone(api, brand, entry, code):
    """A5, A7: with LivePerson's code; the entry is echoed as it was sent; the others go out."""
    entries = [consumer("ana", **{"1": "Hi"}), entry, consumer("bo", **{"1": "Hi"})]

    response = api.post("campaign", brand.body(consumers=entries))

    assert failures(response) == [code]
    (echo,) = response.json()["failedConsumers"]
    sent = entry if isinstance(entry, dict) else {"consumer": entry}
    assert echo == {**sent, "errorMessage": code}
    assert texts() == {"ana": "Hi", "bo": "Hi"}
    rejected = RejectedRecipient.objects.get()
    assert (rejected.position, rejected.error) == (1, code)


def test_all_consumers_failing_is_still_200_with_a_campaign_id(api, brand):
    """A7"""
    response = api.post("campaign", brand.body(consumers=[{}, {"consumerContent": {"wa": "1"}}]))

    campaign = Campaign.objects.get()
    assert response.json()["acceptedConsumers"] == []
    assert len(failures(response)) == 2
    assert response.json()["proactiveCampaignId"] == campaign.public_id
    status = api.get(f"campaign/{campaign.public_id}/conversations").json()
    assert status == {"campaignStatus": "FINISHED", "conversations": []}


PHONE = {"1": "Test1", "2": "Test2", "3": "Test3", "4": "Test4"}
OTHER_CHANNELS = {
    "WhatsApp": (
        {
            "outboundNumber": "22222222222",
            "consumers": [
                {
                    "consumerContent": {"wa": "1234456678899"},
                    "variables": PHONE,
                    "headerVariables": {"video": "https://files.example/a.mp4"},
                    "personalInfo": {"firstname": "Smith", "age": {"age": 31, "year": 1990}},
                    "customerInfo": {"cstatus": "VIP", "balance": -200.99, "loginStatus": 1},
                }
            ],
        },
        ["other_channel", "no_sde", "other_channel", "no_sde"],
    ),
    "WhatsApp, old form": (
        {
            "consumers": [
                {
                    "consumerCountryCode": "1",
                    "consumerPhoneNumber": "2345678891",
                    "variables": {"1": "test1", "2": "test2"},
                    "headerVariables": {"image": "https://cdn.example/a.jpg"},
                    "buttonVariables": {"1": "telco"},
                }
            ]
        },
        ["other_channel"] * 4,
    ),
    "SMS": (
        {
            "outboundNumber": "22222222222",
            "consumers": [
                {"consumerContent": {"sms": "12345678891"}, "variables": {"1": "Hello X"}}
            ],
        },
        ["other_channel"],
    ),
    "SMS, old form": (
        {
            "outboundNumber": "12025166656",
            "consumers": [
                {
                    "consumerCountryCode": "1",
                    "consumerPhoneNumber": "1012959736",
                    "variables": {"1": "Test outbound api"},
                }
            ],
        },
        ["other_channel"] * 3,
    ),
}


@pytest.mark.parametrize(("changes", "codes"), OTHER_CHANNELS.values(), ids=OTHER_CHANNELS.keys())
def test_samples_of_other_channels_fail_by_consumer_and_never_break_us(api, brand, changes, codes):
    """A7, A17: liveperson.md 1.4.2, sent to an In-App handoff."""
    response = api.post("campaign", brand.body(**changes))

    assert failures(response) == ["MISSING_CONSUMER_INFORMATION==INAPP"]
    warnings = response.json()["warnings"]
    assert sorted(w["code"] for w in warnings) == sorted(codes)
    assert not OutboundMessage.objects.exists()


def test_consumer_data_is_neither_stored_nor_sent_and_told_so(api, brand):
    """A17"""
    entry = consumer("ana", **{"1": "Hi"}) | {
        "personalInfo": {"firstname": "Q-secret-name"},
        "customerInfo": {"balance": 1},
        "headerVariables": {"image": "https://x.example/a.png"},
        "nickname": "an",
    }
    body = brand.body(consumers=[entry], outboundNumber="123", comment="hello")

    answer = api.post("campaign", body).json()

    assert {w["pointer"]: w["code"] for w in answer["warnings"]} == {
        "#/comment": "unknown_field",
        "#/outboundNumber": "other_channel",
        "#/consumers/0/personalInfo": "no_sde",
        "#/consumers/0/customerInfo": "no_sde",
        "#/consumers/0/headerVariables": "other_channel",
        "#/consumers/0/nickname": "unknown_field",
    }
    assert all(w["detail"] for w in answer["warnings"])
    stored = json.dumps([list(m.values()) for m in (Campaign.objects.values())], default=str)
    stored += json.dumps(list(OutboundMessage.objects.values()), default=str)
    assert "Q-secret-name" not in stored


def test_a_field_is_warned_of_once_at_the_first_place_it_stands(api, brand):
    """A17"""
    entries = [consumer(f"c{n}") | {"personalInfo": {}} for n in range(100)]

    answer = api.post("campaign", brand.body(consumers=entries)).json()

    assert [w["pointer"] for w in answer["warnings"]] == ["#/consumers/0/personalInfo"]


def test_there_are_no_warnings_when_there_is_nothing_to_warn_of(api, brand):
    """A17: absent when empty."""
    assert "warnings" not in api.post("campaign", brand.body("ana")).json()


def test_of_many_unknown_fields_twenty_are_named_by_their_pointers(api, brand):
    """A17: names are escaped as RFC 6901 says."""
    odd = {f"f{n:03}": n for n in range(200)} | {"a/b~c": 1}

    warnings = api.post("campaign", brand.body("ana", **odd)).json()["warnings"]

    assert len(warnings) == 20
    assert warnings[0]["pointer"] == "#/a~1b~0c"


@pytest.mark.parametrize(
    ("consent", "key"),
    [
        (False, "consent_required"),
        ("true", "consent_required"),
        (1, "consent_required"),
        ([True], "consent_required"),
        (None, "required"),
    ],
)
def test_consent_must_be_true(api, brand, consent, key):
    """A6"""
    is_refused(api.post("campaign", brand.body("ana", consent=consent)), "#/consent", key)


def test_missing_fields_are_told_in_liveperson_s_words(api, brand):
    """A9, A6: each is named by its pointer too."""
    response = api.post("campaign", {"consumers": []})

    problem = response.json()
    assert response.status_code == 400
    assert problem["message"] == (
        "Fields missing in request: campaignName, skill, templateId, consent"
    )
    assert [e["pointer"] for e in problem["errors"]] == [
        "#/campaignName",
        "#/skill",
        "#/templateId",
        "#/consent",
        "#/consumers",
    ]
    assert problem["errorKey"] == "validation_error"


def refused_handoff(brand, word):
    """A handoff of the brand that no campaign may use."""
    fields = {
        "inactive": {"is_active": False},
        "archived": {"archived_at": timezone.now(), "archived_by": "ann"},
        "IVR": {"kind": "ivr"},
        "SMS": {"channels": ["sms"], "app_names": []},
    }
    return HandoffFactory(account=brand.account, **fields[word])


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("inactive", "handoff_inactive"),
        ("archived", "handoff_inactive"),
        ("IVR", "handoff_not_inapp"),
        ("SMS", "handoff_not_inapp"),
    ],
)
def test_a_handoff_that_is_not_for_this_refuses_the_call_whole(api, brand, word, key):
    """A6"""
    handoff = refused_handoff(brand, word)

    response = api.post("campaign", brand.body("ana", templateId=handoff.public_id))

    problem = is_refused(response, "#/templateId", key)
    assert problem["errorKey"] == key


@pytest.mark.parametrize(
    ("field", "value", "key"),
    [
        ("skill", "nobody", "unknown_skill"),
        ("skill", "Billing", "unknown_skill"),
        ("skill", "billing ", "unknown_skill"),
        ("templateId", "H000000000000000", "unknown_handoff"),
        ("templateId", "1234567890", "unknown_handoff"),
        ("templateId", "1111111111111", "unknown_handoff"),
    ],
)
def test_an_unknown_skill_or_handoff_refuses_the_call_whole(api, brand, field, value, key):
    """A6, A17: there are no message templates."""
    is_refused(api.post("campaign", brand.body("ana", **{field: value})), f"#/{field}", key)


def test_another_brand_s_handoff_and_skill_do_not_exist(api, brand):
    """A6, B4"""
    other = make_brand()
    other.skill.name = "theirs"
    other.skill.save()

    is_refused(api.post("campaign", brand.body("ana", skill="theirs")), "#/skill", "unknown_skill")
    is_refused(
        api.post("campaign", brand.body("ana", templateId=other.handoff.public_id)),
        "#/templateId",
        "unknown_handoff",
    )


def test_names_have_liveperson_s_limits(api, brand):
    """liveperson.md 1.8"""
    is_refused(
        api.post("campaign", brand.body("ana", campaignName="n" * 256)),
        "#/campaignName",
        "too_long",
    )
    is_refused(
        api.post("campaign", brand.body("ana", templateId="H" * 33)), "#/templateId", "too_long"
    )
    assert api.post("campaign", brand.body("ana", campaignName="n" * 255)).status_code == 200


def test_a_title_filled_by_variables_is_cut_where_it_grows_beyond_a_line(api, brand):
    """A5: nothing that is legal is refused."""
    Handoff.objects.update(notification_title="${{1}} ${{2}} ${{1}}", text="See ${{1}}")
    entry = consumer("ana", **{"1": "👨‍👩‍👧‍👦" * 200, "2": "x" * 1550})

    response = api.post("campaign", brand.body(consumers=[entry]))

    assert failures(response) == []
    message = OutboundMessage.objects.get()
    assert message.text == "See " + "👨‍👩‍👧‍👦" * 200
    assert message.title == "👨‍👩‍👧‍👦" * 36 + "…"


@pytest.mark.parametrize(
    ("place", "name", "meant"),
    [
        ("", "Consumers", "consumers"),
        ("", "campaign_name", "campaignName"),
        ("", "skills", "skill"),
        ("", "template", "templateId"),
        ("", "scheduling-metrics", "schedulingMetrics"),
        ("/consumers/0", "variable", "variables"),
        ("/consumers/0", "consumercontent", "consumerContent"),
        ("/consumers/0/consumerContent", "inApp", "inapp"),
        ("", "comment", None),
        ("", "name", None),
        ("/consumers/0", "nickname", None),
        ("", "c" * 5000, None),
    ],
)
def test_a_warning_names_the_field_that_was_probably_meant(api, brand, place, name, meant):
    """A17: only where it is close."""
    body = brand.body("ana")
    target = body
    for step in place.split("/")[1:]:
        target = target[int(step) if step.isdigit() else step]
    target[name] = "x"

    (warning,) = api.post("campaign", body).json()["warnings"]

    assert warning["pointer"] == f"#{place}/{name}"[:200]
    hint = f' Did you mean "{meant}"?' if meant else ""
    assert warning["detail"] == f"This field is not known; it was ignored.{hint}"


def test_a_field_that_is_missing_is_looked_for_under_a_wrong_name(api, brand):
    body = brand.body("ana")
    body["consumer"] = body.pop("consumers")

    problem = is_refused(api.post("campaign", body), "#/consumers", "required")

    detail = problem["errors"][0]["detail"]
    assert detail == 'consumers is missing. Did you mean it by "consumer"?'
    assert problem["message"] == "Fields missing in request: consumers"
