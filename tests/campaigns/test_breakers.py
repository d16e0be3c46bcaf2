"""D8, D9: a provider that fails is left alone, what waits for it is not lost, others go on."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEvent
from campaigns.models import OutboundMessage, State
from push.credentials import save_credential, switch_off
from push.models import Breaker, PushCredential
from tests.campaigns.conftest import deliver_all, states
from tests.campaigns.passing import pass_time
from tests.crowd import make_crowd
from tests.factories.consumers import DeviceFactory
from tests.providers.proxy_server import ProxyServer, open_log, run_in_thread

pytestmark = pytest.mark.django_db


@pytest.fixture
def proxy(tmp_path, loopback_egress):
    server = ProxyServer(log=open_log(tmp_path / "calls.jsonl"))
    with run_in_thread(server):
        yield server


def use_proxy(brand, url, platform="android", **settings):
    return save_credential(
        app=brand.app,
        platform=platform,
        provider="proxy",
        settings={"url": url, **settings},
        by="tests",
    )


def refs(count):
    return [f"c{n}" for n in range(1, count + 1)]


def count_by_state(created):
    rows = OutboundMessage.objects.filter(campaign=created.campaign)
    return {
        state: rows.filter(state=state).count() for state in rows.values_list("state", flat=True)
    }


def bring_down(brand, proxy, count=20):
    """The provider fails until its breaker opens; says what was sent meanwhile."""
    proxy.is_down = True
    created = brand.send(*refs(count))
    deliver_all()
    assert Breaker.objects.open().get().reason == "provider_unavailable"
    return created


def held():
    return OutboundMessage.objects.filter(state=State.QUEUED, reason="provider_held_up")


def test_a_provider_that_fails_twenty_times_is_left_alone_and_messages_wait(proxy):
    brand = make_crowd(30, proxy_url=proxy.url)
    bring_down(brand, proxy)
    asked = proxy.log.entries

    later = brand.send("c21", "c22")
    deliver_all()

    assert proxy.log.entries == asked == 20
    rows = OutboundMessage.objects.filter(campaign=later.campaign)
    assert {(row.state, row.reason, row.attempts) for row in rows} == {
        (State.QUEUED, "provider_held_up", 0)
    }
    first, second = sorted(row.due_at for row in rows)
    assert first == Breaker.objects.open().get().probe_at
    assert second > first + timedelta(seconds=2)


def test_nineteen_failures_are_no_outage(proxy):
    brand = make_crowd(20, proxy_url=proxy.url)
    proxy.is_down = True
    brand.send(*refs(19))
    deliver_all()

    assert not Breaker.objects.open().exists()


def test_that_a_message_is_held_up_is_told_once_in_its_timeline(proxy):
    brand = make_crowd(30, proxy_url=proxy.url)
    bring_down(brand, proxy)
    brand.send("c21")

    for _ in range(3):
        deliver_all()
        held().update(due_at=timezone.now())
        Breaker.objects.update(probe_at=timezone.now() + timedelta(seconds=5))
    deliver_all()

    row = OutboundMessage.objects.get(consumer_ref="c21")
    assert row.fence == 4
    assert list(row.events.values_list("kind", "reason")) == [("deferred", "provider_held_up")]


def test_one_message_tries_the_provider_each_five_seconds(proxy):
    brand = make_crowd(40, proxy_url=proxy.url)
    bring_down(brand, proxy)
    brand.send(*refs(40)[20:])
    deliver_all()
    asked = proxy.log.entries

    pass_time(5)
    OutboundMessage.objects.filter(state=State.QUEUED).update(due_at=timezone.now())
    deliver_all()
    assert proxy.log.entries == asked + 1
    OutboundMessage.objects.filter(state=State.QUEUED).update(due_at=timezone.now())
    deliver_all()

    assert proxy.log.entries == asked + 1


def test_a_probe_that_fails_passes_on_to_another_message(proxy):
    brand = make_crowd(40, proxy_url=proxy.url)
    bring_down(brand, proxy)
    brand.send(*refs(40)[20:])
    deliver_all()

    tried = []
    for _ in range(6):
        pass_time(5.1)
        deliver_all()
        head, _ = proxy.calls[-1]
        tried.append(head["webhook-id"])

    assert proxy.log.entries == 20 + 6
    # On a slow machine a minute may pass, after which one may be tried again.
    assert all(one != next_one for one, next_one in pairwise(tried))
    assert len(set(tried)) >= 4


def test_a_provider_that_is_back_gets_what_waited(proxy):
    brand = make_crowd(60, proxy_url=proxy.url)
    first = bring_down(brand, proxy)
    later = brand.send(*refs(60)[20:])
    deliver_all()

    proxy.is_down = False
    pass_time(15)
    deliver_all()
    call_command("sweep", once=True)
    deliver_all()

    assert not Breaker.objects.open().exists()
    assert count_by_state(later) == {State.SENT: 40}
    assert count_by_state(first) == {State.SENT: 20}
    assert set(OutboundMessage.objects.filter(campaign=later.campaign).values_list("attempts")) <= {
        (1,),
        (2,),
    }


def test_probes_are_none_of_the_four_tries_of_the_contract(proxy):
    """D1, D8: while it is held up a message is not used up, however often it probes."""
    brand = make_crowd(21, proxy_url=proxy.url)
    OutboundMessage.objects.filter(campaign=bring_down(brand, proxy).campaign).delete()
    created = brand.send("c21")
    for _ in range(6):
        pass_time(60)
        deliver_all()
    assert proxy.log.entries == 20 + 6

    proxy.is_down = False
    pass_time(60)
    deliver_all()

    assert states(created.campaign) == {"c21": (State.SENT, "")}
    assert not Breaker.objects.open().exists()


def test_a_refused_credential_stops_itself_alone_and_at_once(proxy):
    """D9, D14"""
    brand = make_crowd(60, proxy_url=proxy.url)
    proxy.credential = "Basic YTpi"
    brand.consumer("ana", platform="ios")

    created = brand.send("ana", *refs(60))
    deliver_all()

    breaker = Breaker.objects.open().get()
    assert (breaker.reason, breaker.credential.platform) == ("credential_refused", "android")
    # Those that the transport had when the first answer came.
    assert proxy.log.entries < 40
    assert states(created.campaign)["ana"] == (State.SENT, "")
    assert held().count() == 60
    assert AuditEvent.objects.filter(verb="push_credential_refused").count() == 1


def test_a_new_credential_wakes_what_the_refused_one_held_up(proxy):
    """D27: the credential is rotated while the campaign goes out."""
    brand = make_crowd(30, proxy_url=proxy.url)
    proxy.credential = "Basic YTpi"
    created = brand.send(*refs(30))
    deliver_all()
    assert held().count() == 30

    use_proxy(brand, proxy.url, username="a", password="b")
    for _ in range(2):
        call_command("sweep", once=True)
        deliver_all()

    assert count_by_state(created) == {State.SENT: 30}
    assert not Breaker.objects.filter(is_wake_due=True).exists()


def test_messages_wait_for_the_next_credential_when_theirs_is_switched_off(proxy):
    """D27: what was accepted while the app had one; what comes later has none."""
    brand = make_crowd(3, proxy_url=proxy.url)
    created = brand.send("c1", "c2")
    credential = PushCredential.objects.get(platform="android", is_enabled=True)
    switch_off(credential=credential, by="ada", now=timezone.now())
    later = brand.send("c3")
    deliver_all()
    assert states(created.campaign)["c1"] == (State.QUEUED, "provider_held_up")
    assert states(later.campaign)["c3"] == (State.SUPPRESSED, "no_credentials")
    assert proxy.log.entries == 0

    use_proxy(brand, proxy.url)
    call_command("sweep", once=True)
    deliver_all()

    assert count_by_state(created) == {State.SENT: 2}


def test_message_goes_the_way_that_is_open_when_another_was_switched_off(brand):
    """D27: accepted for two devices, of which one's credential is switched off meanwhile."""
    brand.handoff.device_choice = "all"
    brand.handoff.save()
    ana = brand.consumer("ana", platform="ios")
    DeviceFactory(consumer=ana, app=brand.app, platform="android")
    created = brand.send("ana")
    ios = PushCredential.objects.get(app=brand.app, platform="ios")
    switch_off(credential=ios, by="ada", now=timezone.now())

    deliver_all()

    assert states(created.campaign) == {"ana": ("sent", "")}
