"""A10: one campaign with its funnel, and why some were not reached."""

from datetime import timedelta

from django.utils import timezone

from campaigns import cancelling
from campaigns.receipts import record_event
from conversations.services import close_conversation, receive_message
from tests.campaigns.conftest import deliver_all


def detail(api, created):
    return api.get(f"campaign/{created.campaign.public_id}").json()


def test_a_campaign_s_funnel_narrows_from_requested_to_closed(api, brand):
    refs = ["silent", "shown", "opened", "replied", "closed"]
    people = {ref: brand.consumer(ref) for ref in refs}
    brand.consumer("lab:gone")
    created = brand.send(*refs, "lab:gone", "stranger-1", "stranger-2", "silent")
    ids = {entry.recipient.ref: entry.public_id for entry in created.accepted}
    deliver_all()
    now = timezone.now()
    for ref in ("shown", "opened"):
        kind = {"shown": "delivered", "opened": "opened"}[ref]
        record_event(account=brand.account, message_id=ids[ref], kind=kind, now=now)
    for ref in ("replied", "closed"):
        record_event(account=brand.account, message_id=ids[ref], kind="opened", now=now)
        received = receive_message(
            account=brand.account,
            consumer=people[ref],
            text="Yes",
            message_id=ids[ref],
            now=now + timedelta(seconds=1),
        )
    close_conversation(conversation=received.conversation, by="anna", now=now)

    body = detail(api, created)

    assert body["funnel"] == {
        "requested": 9,
        "eligible": 6,
        "sent": 5,
        "delivered": 4,
        "opened": 3,
        "replied": 2,
        "closed": 1,
    }
    assert [(r["status"], r["reason"], r["count"]) for r in body["reasons"]] == [
        ("suppressed", "never_logged_in", 2),
        ("failed", "token_gone", 1),
    ]
    assert body["reasons"][0]["explanation"] == "The person has never signed in to the app."
    assert body["reasons"][0]["remedy"] == "They can be reached once they have signed in."


def test_the_ways_out_of_the_funnel_add_up(api, brand):
    """Requested is what was sent, what left at some step, and what still waits."""
    brand.consumer("ana")
    created = brand.send("ana", "stranger", "ana", "bo")
    deliver_all("none")
    cancelling.cancel_queued(campaign_id=created.campaign.pk, now=timezone.now())

    body = detail(api, created)

    counts, funnel = body["counts"], body["funnel"]
    exits = ("rejected", "suppressed", "failed", "expired", "cancelled", "waiting")
    assert funnel["requested"] == funnel["sent"] + sum(counts[name] for name in exits)
    lost = sum(reason["count"] for reason in body["reasons"])
    assert lost == sum(counts[name] for name in exits[1:5])


def test_a_campaign_that_has_not_begun_has_an_empty_funnel(api, brand):
    body = detail(api, brand.send("ana"))

    assert body["funnel"] == {
        "requested": 1,
        "eligible": 0,
        "sent": 0,
        "delivered": 0,
        "opened": 0,
        "replied": 0,
        "closed": 0,
    }
    assert body["reasons"] == []


def test_the_list_of_campaigns_has_no_funnel(api, brand):
    """It would take a look at every reply; the counts are there."""
    brand.send("ana")

    (campaign,) = api.get("campaign").json()["campaigns"]

    assert "funnel" not in campaign
    assert campaign["counts"]["accepted"] == 1


def test_a_campaign_is_told_in_few_queries(api, brand, django_assert_num_queries):
    created = brand.send("ana", "bo")
    deliver_all()
    detail(api, created)

    with django_assert_num_queries(4):
        detail(api, created)
