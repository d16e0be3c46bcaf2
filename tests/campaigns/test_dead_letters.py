"""D8: what failed for good, grouped by cause, and replayed: never late, never what arrived, never
twice."""

import threading
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import AuditEvent
from campaigns.dead_letters import DeadLetterFilter, causes
from campaigns.invariants import check_store
from campaigns.models import Campaign, MessageEvent, OutboundMessage, State
from campaigns.replaying import replay_messages
from campaigns.services import cancel_campaign
from consumers.models import Device
from conversations.models import MessageState, ReplyRoute
from push.models import LabPush
from tests.campaigns.conftest import deliver_all, make_brand, states
from tests.factories.webhooks import WebhookEndpointFactory
from webhooks.models import WebhookEvent

SENT_AFTER_ALL = (State.SENT, "")


def fail(brand, *refs):
    """Messages that the push lab refuses."""
    for ref in refs:
        brand.consumer(ref, token=f"lab:too-big-{ref}")
    created = brand.send(*refs)
    deliver_all()
    return created


def mend():
    """From now on the phones take what they get."""
    Device.objects.update(token=F("public_id"))


def replay(brand, **narrowed):
    now = timezone.now()
    wanted = DeadLetterFilter(**{"until": now, **narrowed})
    return replay_messages(account=brand.account, wanted=wanted, by="ops", now=now)


def ids(created):
    return [accepted.public_id for accepted in created.accepted]


def test_what_failed_is_grouped_by_what_it_failed_of(brand):
    fail(brand, "ana", "bo")
    fail(make_brand(), "of another brand")

    now = timezone.now()
    (cause,) = causes(brand.account, DeadLetterFilter(until=now), now=now)

    told = (cause.app_name, cause.provider, cause.reason, cause.count, cause.replayable)
    assert told == ("com.brand.app", "lab", "payload_too_big", 2, 2)
    assert cause.first_at <= cause.last_at <= now


def test_a_replayed_message_goes_out_with_its_identity_and_can_be_answered(brand):
    created = fail(brand, "ana")
    mend()
    done = replay(brand, reason="payload_too_big")
    deliver_all()

    assert (done.replayed, done.refused) == (1, {})
    assert states(created.campaign) == {"ana": SENT_AFTER_ALL}
    assert {push.message_id for push in LabPush.objects.all()} == {ids(created)[0].hex}
    assert ReplyRoute.objects.get().state == MessageState.SENT
    kinds = list(MessageEvent.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["push", "replayed", "push"]
    assert AuditEvent.objects.get(verb="messages_replayed").actor == "ops"


def test_counts_stay_true_when_messages_are_replayed(brand):
    """I9"""
    created = fail(brand, "ana", "bo")
    replay(brand, message_ids=ids(created)[:1])
    assert check_store(now=timezone.now()) == []
    mend()
    deliver_all()

    totals = created.campaign.tallies.all().totals()
    assert (totals["accepted"], totals["failed"], totals["sent"]) == (2, 1, 1)
    assert check_store(now=timezone.now()) == []


def test_what_fails_again_is_a_dead_letter_again(brand):
    created = fail(brand, "ana")
    replay(brand, reason="payload_too_big")
    deliver_all()

    row = OutboundMessage.objects.get()
    assert (row.state, row.replays, row.attempts) == (State.FAILED, 1, 1)
    assert replay(brand, message_ids=ids(created)).replayed == 1


def test_a_second_click_does_not_replay_what_failed_again_meanwhile(brand):
    created = fail(brand, "ana")
    shown_at = timezone.now()
    replay(brand, until=shown_at, message_ids=ids(created))
    deliver_all()

    again = replay(brand, until=shown_at, message_ids=ids(created))

    assert (again.replayed, again.refused) == (0, {"already_replayed": 1})


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (lambda row: row.update(expires_at=timezone.now()), "lookback_over"),
        (lambda row: row.update(delivered_at=timezone.now()), "already_sent"),
        (
            lambda row: Campaign.objects.update(cancelled_at=timezone.now(), cancelled_by="x"),
            "campaign_cancelled",
        ),
    ],
)
def test_what_is_late_cancelled_or_was_shown_is_not_replayed(brand, happens, why):
    created = fail(brand, "ana")
    happens(OutboundMessage.objects.all())

    assert replay(brand, message_ids=ids(created)).refused == {why: 1}
    assert replay(brand, campaign_id=created.campaign.public_id).refused == {why: 1}
    assert OutboundMessage.objects.get().state == State.FAILED


def test_what_was_sent_is_not_sent_again(brand):
    brand.consumer("ana")
    created = brand.send("ana")
    deliver_all()

    assert replay(brand, message_ids=ids(created)).refused == {"already_sent": 1}


def test_another_brand_s_messages_are_unknown(brand):
    theirs = fail(make_brand(), "ana")

    assert replay(brand, message_ids=ids(theirs)).refused == {"unknown": 1}
    assert states(theirs.campaign)["ana"][0] == State.FAILED


def test_a_replayed_message_can_be_cancelled(brand):
    """A12"""
    created = fail(brand, "ana")
    replay(brand, message_ids=ids(created))

    cancel_campaign(campaign=created.campaign, by="x", now=timezone.now())

    assert states(created.campaign) == {"ana": (State.CANCELLED, "campaign_cancelled")}
    assert check_store(now=timezone.now()) == []


def test_webhooks_are_told_again(brand):
    WebhookEndpointFactory(account=brand.account)
    fail(brand, "ana")
    mend()
    replay(brand, reason="payload_too_big")
    deliver_all()

    told = WebhookEvent.objects.order_by("id").values_list("type", flat=True)
    assert list(told) == [
        "recipient.failed",
        "campaign.completed",
        "recipient.sent",
        "campaign.completed",
    ]


@pytest.mark.parametrize("state", ["sent", "suppressed", "expired", "cancelled"])
def test_the_database_lets_only_what_failed_be_replayed(brand, state):
    brand.send("ana")
    OutboundMessage.objects.update(state=state)

    with pytest.raises(IntegrityError, match="cannot become queued"), transaction.atomic():
        OutboundMessage.objects.update(state=State.QUEUED, replays=F("replays") + 1)


@pytest.mark.django_db(transaction=True)
def test_two_replays_at_once_send_once():
    """D8: never twice."""
    brand = make_brand()
    created = fail(brand, *[f"c{n}" for n in range(20)])
    mend()
    barrier, done = threading.Barrier(2), []

    def click() -> None:
        barrier.wait()
        done.append(replay(brand, message_ids=ids(created)))
        deliver_all()
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver_all()

    assert sum(one.replayed for one in done) == 20
    shown = LabPush.objects.filter(outcome="accepted").values_list("message_id", flat=True)
    assert len(shown) == len(set(shown)) == 20
    assert created.campaign.tallies.all().totals() == {"accepted": 20, "failed": 0, "sent": 20}
    assert check_store(now=timezone.now()) == []


def test_the_command_lists_causes_tells_what_it_would_do_and_does_it(brand):
    created = fail(brand, "ana")
    mend()

    def run(*options):
        said = StringIO()
        call_command("replay_failed", "--account", str(brand.account.number), *options, stdout=said)
        return said.getvalue()

    assert "payload_too_big  lab  com.brand.app  1 can be replayed" in run()
    assert run("--cause", "payload_too_big", "--dry-run") == "To be replayed: 1.\n"
    assert states(created.campaign)["ana"][0] == State.FAILED
    assert "Replayed 1 of 1." in run("--cause", "payload_too_big")
    assert states(created.campaign)["ana"][0] == State.QUEUED


def test_the_api_tells_causes_and_replays_one_of_them(api, brand):
    created = fail(brand, "ana")

    told = api.get("deadletters").json()
    (cause,) = told["causes"]
    assert (cause["reason"], cause["count"], cause["replayable"]) == ("payload_too_big", 1, 1)
    selection = {"reason": cause["reason"], "failedBefore": told["asOf"]}
    answer = api.post("deadletters/replay", selection).json()

    assert answer == {"replayed": 1, "notReplayed": [], "isComplete": True}
    assert states(created.campaign)["ana"][0] == State.QUEUED


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "#/reason"), ({"ids": ["x"]}, "#/ids/0"), ({"ids": [1]}, "#/ids/0")],
)
def test_a_selection_that_names_nothing_or_what_is_no_id_is_refused(api, body, pointer):
    response = api.post("deadletters/replay", body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == pointer
