"""D25, I4: conversations of 500 people open while a campaign goes out to the same 500."""

import threading
import time
from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.conf import settings as configured
from django.utils import timezone

from campaigns import delivery
from campaigns.delivery import SLICE, deliver
from campaigns.invariants import check_log, check_store
from consumers.models import Consumer
from conversations.models import Conversation, ReplyRoute
from conversations.services import receive_message
from push import judging
from tests.campaigns.conftest import states
from tests.chaos.promise import pending
from tests.crowd import make_crowd
from tests.live import stub_proxy
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PAIRS, WORKERS, REPLIERS = 500, 2, 10
SENT, HELD_BACK = ("sent", ""), ("suppressed", "open_conversation")


class Race:
    """In the first check of each message: half of the slice answers at the same moment, a quarter
    while the check holds its locks. The last quarter has answered before."""

    def __init__(self, account, check):
        self.account, self.check = account, check
        self.people = {one.ref: one for one in Consumer.objects.filter(account=account)}
        self.before, self.during = set(), set()
        self.worker_of, self.threads = {}, []

    def answer_before(self, refs):
        self.before = set(refs)
        assert at_once(*self._repliers(refs)) == [None] * REPLIERS

    def lock_and_fetch(self, part, **given):
        self.worker_of |= dict.fromkeys([row.public_id for row in part], threading.get_ident())
        refs = [row.consumer_ref for row in part if row.fence == 1]
        refs = [ref for ref in refs if ref not in self.before]
        racing, during = refs[: SLICE // 2], refs[SLICE // 2 :]
        self.during |= set(during)
        together = threading.Barrier(REPLIERS + 1)
        # From the end, while the check takes its locks from the beginning.
        self._start(self._repliers(racing[::-1], together))
        together.wait(timeout=30)
        checked = self.check(part, **given)
        self._start(self._repliers(during))
        return checked

    def finish(self):
        for thread in self.threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in self.threads)

    def _start(self, calls):
        self.threads.append(threading.Thread(target=at_once, args=calls))
        self.threads[-1].start()

    def _repliers(self, refs, together=None):
        def reply(share):
            if together is not None:
                together.wait(timeout=30)
            for ref in share:
                consumer, now = self.people[ref], timezone.now()
                receive_message(account=self.account, consumer=consumer, text="Yes", now=now)

        return [lambda share=refs[n::REPLIERS]: reply(share) for n in range(REPLIERS)]


def work():
    """What a worker does while there is work, and waits for what is not due yet."""
    while pending():
        if not deliver("proxy").claimed:
            time.sleep(0.05)


def windows_of(came, worker_of):
    """From check to push, the shortest first; and how many messages a worker had let go that had
    not come to the provider yet, at most."""
    routes = ReplyRoute.objects.filter(message_id__in=came)
    checks = dict(routes.values_list("message_id", "checked_at"))
    steps = defaultdict(list)
    for message, checked_at in checks.items():
        steps[worker_of[message]] += [(checked_at, 1), (came[message], -1)]
    most = 0
    for taken in steps.values():
        on_their_way = 0
        for _, step in sorted(taken):
            on_their_way += step
            most = max(most, on_their_way)
    return sorted(came[message] - checked_at for message, checked_at in checks.items()), most


def test_of_500_conversations_that_open_at_the_moment_of_the_push_none_is_pushed_into(
    tmp_path, monkeypatch, settings, loopback_egress
):
    """D25, I4, E2: in both orders; the time from check to push is measured."""
    settings.DELIVERY_CLAIM, settings.DELIVERY_BATCH_SECONDS = 2 * SLICE, 60.0
    # A worker that the repliers hold up is no slow provider.
    monkeypatch.setattr(judging, "SLOW_SECONDS", 60.0)
    with stub_proxy(tmp_path) as proxy:
        brand = make_crowd(PAIRS, proxy_url=proxy.url)
        refs = [f"c{n}" for n in range(1, PAIRS + 1)]
        campaign = brand.send(*refs).campaign
        race = Race(brand.account, delivery.lock_and_fetch)
        race.answer_before(refs[::4])
        monkeypatch.setattr(delivery, "lock_and_fetch", race.lock_and_fetch)

        assert at_once(*[work] * WORKERS) == [None] * WORKERS
        race.finish()
        entries = proxy.entries()

    found = states(campaign)
    pushed = {ref for ref, state in found.items() if state == ("sent", "")}
    held_back = {
        ref for ref, state in found.items() if state == ("suppressed", "open_conversation")
    }
    assert len(pushed) + len(held_back) == PAIRS
    assert sorted(entry["token"] for entry in entries) == sorted(f"token-{ref}" for ref in pushed)
    # Who was first is told by the conversations too: a check that lets a message go opens its route
    # before the answer, which goes to the skill of the call then.
    skills = Conversation.objects.values_list("consumer__ref", "skill__name")
    let_go = {ref for ref, skill in skills if skill == "billing"}
    assert skills.count() == PAIRS
    assert race.before <= held_back - let_go
    assert race.during <= let_go
    assert pushed <= let_go
    assert pushed & race.during
    assert check_store(now=timezone.now()) == []
    assert check_log(entries) == []
    came = dict(map(arrival, entries))
    windows, most = windows_of(came, race.worker_of)
    print(
        f"\n{len(pushed)} pushed, {len(held_back)} held back; from check to push "
        f"{in_ms(windows[len(windows) // 2])} ms (half of them), {in_ms(windows[-1])} ms (all); "
        f"let go and not with the provider {most} at most, a slice is {SLICE}"
    )
    assert most <= SLICE + configured.DELIVERY_IN_FLIGHT


def arrival(entry):
    return UUID(entry["message"]), datetime.fromtimestamp(entry["at"], tz=UTC)


def in_ms(window):
    return round(window.total_seconds() * 1000)
