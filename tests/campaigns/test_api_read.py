"""A10, A12, A18: campaigns, their recipients and statuses, as the brand's systems read them."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from campaigns import ledger
from campaigns.models import OutboundMessage
from campaigns.reasons import REASONS
from campaigns.receipts import record_event
from conversations.models import Conversation
from conversations.services import receive_message
from push.models import LabPush
from tests.campaigns.conftest import deliver_all, make_brand


def walk(api, path, name):
    """All pages of a list, each entry's page kept."""
    pages, query = [], ""
    while True:
        body = api.get(f"{path}{query}").json()
        pages.append(body[name])
        if body["nextCursor"] is None:
            return pages
        joint = "&" if "?" in path else "?"
        query = f"{joint}cursor={body['nextCursor']}"


def test_campaigns_are_listed_newest_first_with_no_gap_and_no_repeat(api, brand):
    made = [brand.send("ana").campaign.public_id for _ in range(5)]
    make_brand().send("theirs")

    pages = walk(api, "campaign?limit=2", "campaigns")

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [c["proactiveCampaignId"] for page in pages for c in page] == made[::-1]


def test_campaigns_made_between_two_pages_move_nothing(api, brand):
    made = [brand.send("ana").campaign.public_id for _ in range(3)]

    first = api.get("campaign?limit=2").json()
    brand.send("ana")
    second = api.get(f"campaign?limit=2&cursor={first['nextCursor']}").json()

    assert [c["proactiveCampaignId"] for c in second["campaigns"]] == made[:1]
    assert second["nextCursor"] is None


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_asks_the_database_as_often_for_one_as_for_three(
    api, brand, django_assert_num_queries, count
):
    for n in range(count):
        created = brand.send(*[f"c{n}" for n in range(count)], campaignName=f"n{n}")
    deliver_all()
    api.get("campaign")

    with django_assert_num_queries(3):
        api.get("campaign")
    with django_assert_num_queries(4) as listed:
        api.get(f"campaign/{created.campaign.public_id}/recipients")
    with django_assert_num_queries(5) as told:
        api.get(f"campaign/{created.campaign.public_id}/conversations")

    # A campaign may have ten thousand texts of 40,000 characters.
    asked = [query["sql"] for one in (listed, told) for query in one.captured_queries]
    assert [sql for sql in asked if re.search(r'(message|route)"."text"', sql)] == []


def test_a_campaign_tells_its_counts_and_its_handoff(api, brand):
    brand.consumer("ana")
    brand.consumer("lab:gone")
    body = brand.body("ana", "lab:gone", "stranger", "ana")
    campaign_id = api.post("campaign", body).json()["proactiveCampaignId"]

    waiting = api.get(f"campaign/{campaign_id}").json()
    deliver_all()
    done = api.get(f"campaign/{campaign_id}").json()

    assert (waiting["status"], done["status"]) == ("sending", "completed")
    assert waiting["counts"]["waiting"] == 3
    assert done["counts"] == {
        "requested": 4,
        "rejected": 1,
        "accepted": 3,
        "waiting": 0,
        "sent": 1,
        "suppressed": 1,
        "failed": 1,
        "expired": 0,
        "cancelled": 0,
        "delivered": 0,
        "opened": 0,
    }
    assert done["campaignName"] == "Card renewal"
    assert done["skill"] == "billing"
    assert done["handoff"] == {"id": brand.handoff.public_id, "title": "Cards"}
    assert (done["channel"], done["source"]) == ("inapp", "API")
    assert done["createdAt"].endswith("Z")
    assert done["cancelledAt"] is None


def test_recipients_are_paged_with_no_gap_and_no_repeat(api, brand):
    refs = [f"c{n}" for n in range(7)]
    created = brand.send(*refs)

    path = f"campaign/{created.campaign.public_id}/recipients?limit=3"
    pages = walk(api, path, "recipients")

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [r["consumerContent"]["inapp"] for page in pages for r in page] == refs


def test_recipients_are_filtered_by_status_and_reason_through_all_pages(api, brand):
    brand.consumer("ana")
    brand.consumer("lab:gone")
    created = brand.send("ana", "lab:gone", *[f"stranger-{n}" for n in range(5)])
    deliver_all()
    path = f"campaign/{created.campaign.public_id}/recipients"

    def refs(query):
        pages = walk(api, f"{path}?limit=2&{query}", "recipients")
        return [r["consumerContent"]["inapp"] for page in pages for r in page]

    assert refs("status=sent") == ["ana"]
    assert refs("status=failed&reason=token_gone") == ["lab:gone"]
    assert refs("reason=never_logged_in") == [f"stranger-{n}" for n in range(5)]
    assert refs("status=sent&reason=never_logged_in") == []
    assert refs("reason=no-such-reason") == []


def test_a_recipient_tells_why_it_was_not_reached_and_what_would_help(api, brand):
    created = brand.send("stranger")
    deliver_all()

    (recipient,) = api.get(f"campaign/{created.campaign.public_id}/recipients").json()["recipients"]

    message = OutboundMessage.objects.get()
    assert recipient["id"] == str(message.public_id)
    assert (recipient["status"], recipient["reason"]) == ("suppressed", "never_logged_in")
    assert recipient["explanation"] == REASONS["never_logged_in"].sentence
    assert recipient["remedy"] == REASONS["never_logged_in"].remedy
    assert recipient["nextTryAt"] is None
    assert recipient["finishedAt"]


def test_a_recipient_s_timeline_tells_everything_that_happened(api, brand):
    consumer = brand.consumer("ana")
    created = brand.send("ana")
    deliver_all()
    message_id = created.accepted[0].public_id
    now = timezone.now() + timedelta(seconds=1)
    for kind, seconds in (("delivered", 0), ("opened", 1)):
        record_event(
            account=brand.account,
            message_id=message_id,
            kind=kind,
            now=now + timedelta(seconds=seconds),
        )
    receive_message(
        account=brand.account,
        consumer=consumer,
        text="Yes",
        message_id=message_id,
        now=now + timedelta(seconds=2),
    )

    path = f"campaign/{created.campaign.public_id}/recipients/{message_id}"
    body = api.get(path).json()

    assert [entry["event"] for entry in body["timeline"]] == [
        "accepted",
        "push",
        "delivered",
        "opened",
        "replied",
    ]
    assert body["timeline"][1]["provider"] == "lab"
    assert body["timeline"][1]["outcome"] == "accepted"
    assert all(entry["sentence"] and entry["at"].endswith("Z") for entry in body["timeline"])
    assert body["text"] == "Hi ana"
    assert body["conversationId"] == str(Conversation.objects.get().public_id)
    assert body["deliveredAt"] < body["openedAt"] < body["repliedAt"]
    by_hex = f"campaign/{created.campaign.public_id}/recipients/{message_id.hex}"
    assert api.get(by_hex).json() == body


# A18: (our state, our reason) -> LivePerson's status, code and message.
EDGE = {
    ("queued", ""): ("NOT_SENT", None, None),
    ("sending", ""): ("NOT_SENT", None, None),
    ("sent", ""): ("DELIVERED", None, None),
    ("cancelled", "campaign_cancelled"): (
        "FAILED",
        1001,
        "Consumer ineligible to receive message",
    ),
    ("expired", "lookback_over"): ("FAILED", 17, "InApp failed to sent message"),
    ("suppressed", "opted_out"): ("SKIPPED", 1001, "Consumer ineligible to receive message"),
    ("suppressed", "never_logged_in"): ("FAILED", 28, "InApp - Consumer is not authenticated"),
    ("suppressed", "no_credentials"): ("FAILED", 19, "InApp certificate missing"),
    ("suppressed", "open_conversation"): (
        "FAILED",
        1800,
        "Open conversation already exists for inapp",
    ),
    ("suppressed", "no_device"): ("FAILED", 16, "InApp token not found"),
    ("suppressed", "sdk_too_old"): (
        "FAILED",
        27,
        "InApp - Mobile app does not support in app messaging",
    ),
    ("suppressed", "logged_in_not_allowed"): (
        "FAILED",
        1001,
        "Consumer ineligible to receive message",
    ),
    ("suppressed", "logged_out_not_allowed"): (
        "FAILED",
        1001,
        "Consumer ineligible to receive message",
    ),
    ("suppressed", "consumer_erased"): (
        "FAILED",
        1001,
        "Consumer ineligible to receive message",
    ),
    ("failed", "token_gone"): ("FAILED", 16, "InApp token not found"),
    ("failed", "bad_token"): ("FAILED", 16, "InApp token not found"),
    ("failed", "sender_mismatch"): ("FAILED", 16, "InApp token not found"),
    ("failed", "other_topic"): ("FAILED", 16, "InApp token not found"),
    ("failed", "wrong_environment"): ("FAILED", 19, "InApp certificate missing"),
    ("failed", "malformed"): ("FAILED", 5403, "Internal error"),
    ("failed", "bad_subscription"): ("FAILED", 16, "InApp token not found"),
    ("failed", "other_vapid_key"): ("FAILED", 16, "InApp token not found"),
    ("failed", "endpoint_refused"): ("FAILED", 17, "InApp failed to sent message"),
    ("failed", "payload_too_big"): ("FAILED", 5803, "InApp message sent failed"),
    ("failed", "provider_unavailable"): ("FAILED", 17, "InApp failed to sent message"),
    ("failed", "answer_lost"): ("FAILED", 5002, "Message could not be sent (network)"),
    ("failed", "internal"): ("FAILED", 5403, "Internal error"),
    ("failed", "a_word_of_a_provider"): ("FAILED", 17, "InApp failed to sent message"),
}


def test_every_reason_has_its_place_in_liveperson_s_table():
    assert {reason for _, reason in EDGE if reason} == {*REASONS, "a_word_of_a_provider"}


def test_statuses_are_told_in_liveperson_s_words(api, brand):
    """A18"""
    created = brand.send(*[f"c{n}" for n in range(len(EDGE))])
    for entry, (state, reason) in zip(created.accepted, EDGE, strict=True):
        rows = OutboundMessage.objects.filter(public_id=entry.public_id)
        rows.update(state=state, reason=reason)

    body = api.get(f"campaign/{created.campaign.public_id}/conversations").json()

    assert body == {
        "campaignStatus": "IN_PROGRESS",
        "conversations": [
            {
                "id": str(entry.public_id),
                "status": status,
                "conversationId": None,
                "errorMessage": message,
                "errorCode": code,
            }
            for entry, (status, code, message) in zip(created.accepted, EDGE.values(), strict=True)
        ],
    }


def test_pollers_see_finished_when_all_is_done_or_cancelled(api, brand):
    """A18"""
    done, cancelled = brand.send("ana").campaign, brand.send("ana").campaign

    def status(campaign):
        return api.get(f"campaign/{campaign.public_id}/conversations").json()["campaignStatus"]

    assert status(done) == status(cancelled) == "IN_PROGRESS"
    api.post(f"campaign/{cancelled.public_id}/cancel")
    deliver_all()
    assert status(done) == status(cancelled) == "FINISHED"


def test_cancelling_stops_what_is_not_handed_over_and_tells_the_rest(api, brand):
    """A12"""
    for ref in ("ana", "bo", "cy"):
        brand.consumer(ref)
    created = brand.send("ana", "bo", "cy")
    ledger.claim(lane="lab", limit=1, lease=timedelta(seconds=30))

    response = api.post(f"campaign/{created.campaign.public_id}/cancel")

    body = response.json()
    assert response.status_code == 200
    assert (body["cancelled"], body["inFlight"]) == (2, 1)
    assert body["proactiveCampaignId"] == created.campaign.public_id
    told = api.get(f"campaign/{created.campaign.public_id}").json()
    assert (told["status"], told["cancelledAt"]) == ("cancelled", body["cancelledAt"])
    assert (told["counts"]["cancelled"], told["counts"]["waiting"]) == (2, 1)
    deliver_all()
    assert not LabPush.objects.exists()


def test_cancelling_twice_gives_the_same_answer_and_one_line_in_the_audit_log(api, brand):
    """A12"""
    created = brand.send("ana", "bo")
    path = f"campaign/{created.campaign.public_id}/cancel"

    first, second = api.post(path), api.post(path)

    assert (first.json()["cancelled"], first.json()["inFlight"]) == (2, 0)
    assert second.json() == first.json()
    assert AuditEvent.objects.filter(verb="campaign_cancelled").count() == 1


def test_cancelling_a_finished_campaign_takes_nothing_back(api, brand):
    """A12: the rest is told as it is."""
    brand.consumer("ana")
    created = brand.send("ana")
    deliver_all()

    body = api.post(f"campaign/{created.campaign.public_id}/cancel").json()

    assert (body["cancelled"], body["inFlight"]) == (0, 0)
    counts = api.get(f"campaign/{created.campaign.public_id}").json()["counts"]
    assert (counts["sent"], counts["cancelled"]) == (1, 0)
