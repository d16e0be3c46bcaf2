"""I4, E2, D25, B5: delivery against what happens at the same moment, on real connections."""

import threading

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns import delivery
from campaigns.delivery import deliver
from campaigns.models import OutboundMessage, State
from campaigns.services import HandoffInactive, archive_handoff
from consumers.models import Consumer
from conversations.models import Conversation, ReplyRoute
from conversations.services import receive_message
from push.models import LabPush
from tests.campaigns.conftest import make_brand, states
from tests.threads import other_worker, wait_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)


def reply(brand, consumer, text="Yes"):
    return receive_message(account=brand.account, consumer=consumer, text=text, now=timezone.now())


def test_delivery_waits_for_a_conversation_that_is_being_opened_and_then_holds_back():
    """I4, E2: no push starts whose check comes after the opening."""
    brand = make_brand()
    anna = brand.consumer("anna")
    created = brand.send("anna")

    with other_worker() as worker, transaction.atomic():
        reply(brand, anna)
        worker.start(lambda: deliver("lab"))
        wait_for_a_lock()
        assert not LabPush.objects.exists()

    assert states(created.campaign) == {"anna": (State.SUPPRESSED, "open_conversation")}
    assert not LabPush.objects.exists()


def test_a_conversation_that_is_rolled_back_does_not_hold_the_message_back():
    """E2"""
    brand = make_brand()
    anna = brand.consumer("anna")
    created = brand.send("anna")

    with other_worker() as worker, transaction.atomic():
        reply(brand, anna)
        worker.start(lambda: deliver("lab"))
        wait_for_a_lock()
        transaction.set_rollback(True)

    assert states(created.campaign) == {"anna": (State.SENT, "")}
    assert not Conversation.objects.exists()


def test_a_reply_waits_for_a_slice_that_is_being_checked_and_finds_its_route(monkeypatch):
    """I4, E1: the route stands before the push, so the answer goes to the campaign's skill."""
    brand = make_brand()
    anna = brand.consumer("anna")
    created = brand.send("anna")
    is_checking, may_go_on = threading.Event(), threading.Event()
    decide = delivery.decide

    def slowly(facts, *, now):
        is_checking.set()
        assert may_go_on.wait(timeout=20)
        return decide(facts, now=now)

    monkeypatch.setattr(delivery, "decide", slowly)
    with other_worker() as delivering, other_worker() as replying:
        delivering.start(lambda: deliver("lab"))
        assert is_checking.wait(timeout=20)
        replying.start(lambda: reply(brand, anna))
        wait_for_a_lock()
        assert not Conversation.objects.exists()
        may_go_on.set()

    assert states(created.campaign) == {"anna": (State.SENT, "")}
    conversation = Conversation.objects.get()
    assert conversation.skill == brand.skill
    assert ReplyRoute.objects.get().conversation == conversation


def test_a_consumer_who_is_locked_for_long_holds_up_nobody_else(monkeypatch):
    """D9: somebody's session was left open, for example."""
    monkeypatch.setattr(delivery, "LOCK_TIMEOUT", "200ms")
    brand = make_brand()
    anna, _ = brand.consumer("anna"), brand.consumer("ben")
    created = brand.send("anna", "ben", "nobody")

    with other_worker() as worker, transaction.atomic():
        Consumer.objects.select_for_update().get(pk=anna.pk)
        worker.start(lambda: (deliver("none"), deliver("lab")))
        assert worker.thread is not None
        worker.thread.join(timeout=20)
        assert states(created.campaign) == {
            "anna": (State.QUEUED, ""),
            "ben": (State.SENT, ""),
            "nobody": (State.SUPPRESSED, "never_logged_in"),
        }

    assert not deliver("lab").claimed
    OutboundMessage.objects.update(due_at=timezone.now())
    deliver("lab")
    assert states(created.campaign)["anna"] == (State.SENT, "")


def test_a_call_waits_for_a_handoff_that_is_being_archived_and_is_refused():
    """B5: nothing goes out by an archived handoff."""
    brand = make_brand()
    refused = []

    def send():
        try:
            brand.send("anna")
        except HandoffInactive as error:
            refused.append(error.key)

    with other_worker() as worker, transaction.atomic():
        archive_handoff(handoff=brand.handoff, by="ann", now=timezone.now())
        worker.start(send)
        wait_for_a_lock()

    assert refused == ["handoff_inactive"]
    assert not OutboundMessage.objects.exists()
