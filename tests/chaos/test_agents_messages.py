"""E6 on real processes: a worker pushes what agents say, or the sweep when that was killed."""

import time
from collections import Counter

import pytest
from django.db import transaction
from django.utils import timezone

from consumers.models import Consumer
from conversations.models import Message, ReplyPush
from conversations.services import add_agent_message
from tests.crowd import make_crowd
from tests.factories.conversations import ConversationFactory
from tests.live import stub_proxy, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

PEOPLE = 120


def say(conversation):
    return add_agent_message(
        conversation=conversation, text="On its way", by="bot", now=timezone.now()
    )


def test_a_worker_that_is_killed_between_push_and_record_loses_no_word_of_an_agent(tmp_path, stack):
    with stub_proxy(tmp_path, latency=0.1) as proxy:
        account = make_crowd(PEOPLE, proxy_url=proxy.url).account
        first, *others = [
            ConversationFactory(consumer=consumer)
            for consumer in Consumer.objects.filter(account=account)
        ]
        stack.start("worker")
        say(first)
        wait_for(lambda: proxy.count() == 1, seconds=30, what="a push by a worker that was woken")

        began = time.monotonic()
        with transaction.atomic():
            for conversation in others:
                say(conversation)
        wait_for(lambda: proxy.count() >= 30, seconds=20, what="pushes")
        stack.kill("worker")
        assert ReplyPush.objects.filter(state="sending").exists()
        stack.start("sweep")
        sent = ReplyPush.objects.filter(state="sent")
        wait_for(lambda: sent.count() == PEOPLE, seconds=40, what="the sweep to push the rest")

        calls = Counter(entry["message"] for entry in proxy.entries())
        print(f"\n{calls.total() - PEOPLE} repeated, {time.monotonic() - began:.1f} s")
    said = {message.public_id.hex for message in Message.objects.all()}
    assert set(calls) == said
    assert max(calls.values()) <= 2
    # What was in flight, or answered and not yet recorded.
    assert calls.total() - PEOPLE <= 2 * (10 + 100)
