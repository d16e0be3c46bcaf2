"""A push of what an agent said is not lost and not doubled, whatever crashes or fails (E6)."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.claims import claim
from conversations import tasks
from conversations.delivery import deliver
from conversations.models import ReplyPush
from conversations.pushes.queue import QUEUE, Settled, record
from push.credentials import save_credential
from push.models import Breaker, LabPush, PushCredential
from tests.conversations.reply_phones import left_for, make_talk, pass_time, shown, work
from tests.factories.consumers import ConsumerFactory
from tests.factories.push import BreakerFactory
from tests.providers.proxy_server import ProxyServer, open_log, run_in_thread

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=30)


@pytest.fixture
def talk(anna):
    return make_talk(anna)


@pytest.fixture
def proxy(tmp_path, loopback_egress):
    server = ProxyServer(log=open_log(tmp_path / "calls.jsonl"))
    with run_in_thread(server):
        yield server


def use_proxy(talk, proxy):
    save_credential(
        app=talk.app, platform="ios", provider="proxy", settings={"url": proxy.url}, by="tests"
    )


def outcome():
    push = ReplyPush.objects.get()
    return push.state, push.reason, push.attempts


def test_a_worker_that_dies_before_it_recorded_is_taken_over_with_the_same_identity(talk):
    talk.phone()
    message = talk.say()
    work()
    # As if the worker had been killed after the phone rang.
    ReplyPush.objects.update(state="sending", attempts=0, finished_at=None)
    pass_time(60)
    work()

    rung = LabPush.objects.values_list("message_id", flat=True)
    assert list(rung) == [message.public_id.hex] * 2
    assert outcome() == ("sent", "", 1)


def test_a_worker_that_wakes_up_late_changes_nothing(talk):
    talk.phone()
    talk.say()
    [late] = claim(QUEUE, limit=10, lease=LEASE)
    pass_time(60)
    work()

    kept = record([Settled(late.id, late.fence, "failed", "late")], now=timezone.now())

    assert (kept, outcome()) == (set(), ("sent", "", 1))


def test_what_is_claimed_is_left_to_who_has_it(talk):
    talk.phone()
    talk.say()
    claim(QUEUE, limit=10, lease=LEASE)
    work()

    assert shown() == []


@pytest.mark.parametrize(("seconds", "texts"), [(0, []), (60, ["Hello"])])
def test_the_sweep_pushes_what_nobody_was_woken_for(talk, settings, seconds, texts):
    settings.SWEEP_OVERDUE = 5
    talk.phone()
    talk.say()
    pass_time(seconds)

    call_command("sweep", once=True)

    assert shown() == texts


def test_a_worker_that_is_woken_pushes(talk):
    talk.phone()
    talk.say()

    tasks.deliver_replies()

    assert shown() == ["Hello"]


def test_what_the_provider_puts_off_is_tried_again_when_it_says(talk):
    """D5"""
    talk.phone("lab:busy")
    message = talk.say()
    work()
    assert outcome() == ("queued", "rate_limited", 1)
    assert left_for(talk.row()) > 3

    pass_time(600)
    work()

    tries = LabPush.objects.order_by("id").values_list("message_id", "attempt")
    assert list(tries) == [(message.public_id.hex, 1), (message.public_id.hex, 2)]
    assert outcome() == ("sent", "", 2)


def test_a_dead_phone_leaves_the_registry_and_the_other_one_rings(talk):
    """C6"""
    gone, other = talk.phone("lab:gone"), talk.phone("phone-2")
    talk.say()
    work()

    gone.refresh_from_db()
    assert gone.removed_reason == "token_gone"
    assert LabPush.objects.get(is_shown=True).device_id == other.pk
    assert outcome() == ("sent", "", 1)


def test_with_its_only_phone_dead_a_push_has_failed(talk):
    """C6"""
    talk.phone("lab:gone")
    talk.say()
    work()

    assert outcome() == ("failed", "token_gone", 1)


def test_a_phone_that_is_over_is_not_asked_again_with_one_that_waits(talk):
    talk.phone("lab:too-big")
    talk.phone("lab:busy")
    talk.say()
    work()
    pass_time(600)
    work()

    tries = LabPush.objects.order_by("id").values_list("reason", flat=True)
    assert sorted(tries) == ["", "payload_too_big", "rate_limited"]
    assert outcome() == ("sent", "", 2)


def test_a_push_proxy_that_answers_5xx_is_tried_four_times(talk, proxy):
    """D1, D5: by its contract, ten seconds apart."""
    use_proxy(talk, proxy)
    talk.phone()
    talk.say()
    proxy.is_down = True
    for _ in range(6):
        work()
        pass_time(10)

    assert proxy.log.entries == 4
    assert outcome() == ("failed", "provider_unavailable", 4)
    heads = [head for head, _ in proxy.calls]
    assert len({head["idempotency-key"] for head in heads}) == 1


def test_an_answer_that_is_lost_twice_is_not_asked_for_again(talk, proxy, settings):
    settings.DELIVERY_TOTAL_TIMEOUT = settings.DELIVERY_CONNECT_TIMEOUT = 0.3
    use_proxy(talk, proxy)
    talk.phone("slow")
    proxy.orders.give("slow", *[{"delay": 60}] * 3)
    talk.say()
    for _ in range(3):
        work()
        pass_time(600)

    assert proxy.log.entries == 2
    assert outcome() == ("failed", "answer_lost", 2)


def test_a_provider_that_is_held_up_is_not_asked_and_takes_no_try(talk):
    """D8"""
    talk.phone()
    BreakerFactory(
        credential=PushCredential.objects.get(), probe_at=timezone.now() + timedelta(seconds=5)
    )
    talk.say()
    work()

    assert (shown(), outcome()) == ([], ("queued", "provider_held_up", 0))
    assert 5 < left_for(talk.row()) < 36


def test_one_push_tries_a_provider_that_is_held_up_and_frees_the_others(talk):
    """D8"""
    talk.phone()
    BreakerFactory(credential=PushCredential.objects.get())
    for text in ("One", "Two"):
        talk.say(text)
    work()
    assert shown() == ["One"]
    assert not Breaker.objects.open().exists()

    pass_time(60)
    work()

    assert shown() == ["One", "Two"]


def test_a_credential_that_is_refused_is_held_and_its_pushes_wait(talk, proxy):
    """D8: its administrators are told as of any push."""
    use_proxy(talk, proxy)
    proxy.credential = "Basic other"
    talk.phone()
    talk.say()
    work()

    breaker = Breaker.objects.open().get()
    assert (breaker.reason, breaker.is_notice_due) == ("credential_refused", True)
    assert outcome() == ("queued", "credential_refused", 1)


def test_what_goes_to_slow_providers_is_left_to_the_sweep(talk, account):
    """D9: no worker waits for them."""
    other = make_talk(ConsumerFactory())
    for one in (talk, other):
        one.phone()
        one.say(one.consumer.ref)
    BreakerFactory(
        credential=PushCredential.objects.get(account=account),
        opened_at=None,
        probe_at=None,
        slow_until=timezone.now() + timedelta(minutes=5),
    )
    work()
    assert shown() == [other.consumer.ref]

    work(with_slow=True)
    assert shown() == [other.consumer.ref, talk.consumer.ref]


def test_pushes_that_ended_are_forgotten_after_a_week(talk):
    talk.phone()
    for _ in range(2):
        talk.say()
    work()
    old = ReplyPush.objects.first()
    ReplyPush.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=7))

    tasks.forget_reply_pushes()

    assert ReplyPush.objects.count() == 1


def test_a_batch_takes_the_same_queries_whatever_its_size(talk):
    talk.phone()
    talk.say()
    work()
    taken = []
    for count in (1, 10):
        for _ in range(count):
            talk.say()
        with CaptureQueriesContext(connection) as queries:
            deliver(with_slow=True)
        # The lab stores what each phone shows.
        taken.append(len(queries) - count)

    assert taken[0] == taken[1] < 16
