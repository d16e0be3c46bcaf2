"""D8: when a breaker opens, who may probe, when it closes, and who is told."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection, transaction

from accounts.models import AuditEvent, Role
from push.breakers import Breakers, Watched, forget
from push.health import Health
from push.judging import Noted, note
from push.models import Breaker
from push.providers.base import DeviceTarget, Outcome, PushResult
from push.services import Ways
from push.tasks import send_notices
from tests.factories.accounts import AppFactory, member
from tests.factories.push import BreakerFactory, PushCredentialFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
URL = "https://push.brand.example/push"


def credential_at(url=URL, **changes):
    return PushCredentialFactory(provider="proxy", settings={"url": url}, **changes)


def way_of(credential):
    return Ways([credential.pk]).find(credential.pk, DeviceTarget("ios", "token"))


def result(outcome=Outcome.ACCEPTED, reason="", **changes):
    return PushResult("0" * 32, 1, outcome, reason, **changes)


FINE = result()
DOWN = result(Outcome.RETRY, "provider_unavailable")
REFUSED = result(Outcome.MISCONFIGURED, "credential_refused", detail="bad password")


def tell(way, *results, now=NOON, probe=False):
    """What one process flushes."""
    health = Health()
    for one in results:
        health.add(way, one, is_probe=probe)
    return note(health, watched=Breakers([way], now=now).watched, now=now)


def is_open(way, now=NOON):
    return Breakers([way], now=now).hold(way) is not None


@pytest.mark.parametrize(
    ("fine", "down", "opens"), [(10, 10, True), (11, 9, False), (0, 19, False), (0, 20, True)]
)
def test_half_of_twenty_results_open_it(fine, down, opens):
    way = way_of(credential_at())

    tell(way, *[DOWN] * down, *[FINE] * fine)

    assert is_open(way) is opens


def test_results_of_all_processes_count_together_for_thirty_seconds():
    way = way_of(credential_at())

    tell(way, *[DOWN] * 10)
    tell(way, *[DOWN] * 9, now=NOON + timedelta(seconds=29))
    assert not is_open(way)
    tell(way, *[DOWN] * 19, now=NOON + timedelta(seconds=31))
    assert not is_open(way)
    tell(way, DOWN, now=NOON + timedelta(seconds=32))

    assert is_open(way)


def test_successes_count_beside_failures_and_are_not_written_without(django_assert_num_queries):
    way = way_of(credential_at())
    health = Health()
    health.add(way, FINE, is_probe=False)
    with django_assert_num_queries(1):  # when it last worked, once a minute
        assert note(health, watched=Watched(), now=NOON) == Noted()
    with django_assert_num_queries(0):
        assert note(health, watched=Watched(), now=NOON + timedelta(seconds=59)) == Noted()

    tell(way, DOWN)
    tell(way, *[FINE] * 30)
    tell(way, *[DOWN] * 25)

    assert Breaker.objects.get(credential=way.credential_id).results == 56
    assert not is_open(way)


@pytest.mark.parametrize(
    "harmless",
    [
        result(Outcome.RETRY, "rate_limited", retry_after=60.0),
        result(Outcome.UNREGISTERED, "token_gone"),
        result(Outcome.REJECTED, "payload_too_big"),
        result(Outcome.RETRY, "not_started", is_started=False),
        result(Outcome.REJECTED, "internal"),
    ],
)
def test_answers_about_a_device_or_a_message_and_patience_are_no_failures(harmless):
    way = way_of(credential_at())
    tell(way, DOWN)

    tell(way, *[harmless] * 40)

    assert not is_open(way)


@pytest.mark.parametrize(
    "failure",
    [
        DOWN,
        result(Outcome.RETRY, "not_reached"),
        result(Outcome.UNKNOWN, "answer_lost"),
        result(Outcome.RETRY, "no_access_token", is_started=False),
    ],
)
def test_what_is_not_available_not_reached_or_silent_is_a_failure(failure):
    way = way_of(credential_at())

    noted = tell(way, *[failure] * 20)

    assert noted.shut == {way.scopes[0].key}
    assert Breaker.objects.open().get().reason == failure.reason


def test_a_configuration_error_opens_it_at_once_for_its_credential_alone():
    app = AppFactory()
    refused, other = credential_at(app=app), credential_at(app=app, platform="android")

    tell(way_of(refused), REFUSED)

    assert is_open(way_of(refused))
    assert not is_open(way_of(other))
    event = AuditEvent.objects.get(verb="push_credential_refused")
    assert (event.account_number, event.actor) == (app.account.number, "delivery")
    assert event.changes == {"reason": ["", "credential_refused"]}


def test_an_answer_to_settings_that_were_replaced_opens_nothing():
    """D27"""
    app = AppFactory()
    way = way_of(credential_at(app=app))
    credential_at(app=app, url=f"{URL}/new")

    tell(way, REFUSED)

    assert not Breaker.objects.open().exists()
    assert not AuditEvent.objects.filter(verb="push_credential_refused").exists()


def test_a_host_where_nothing_gets_through_is_shut_for_all_accounts():
    """D8: one breaker above those of the credentials."""
    ways = [way_of(credential_at()) for _ in range(3)]

    for way in ways[:2]:
        tell(way, *[DOWN] * 10)

    assert [is_open(way) for way in ways] == [True, True, True]
    assert [breaker.credential for breaker in Breaker.objects.open()] == [None]


def test_one_brand_s_failures_shut_the_host_for_nobody_else():
    """D9"""
    failing, other = way_of(credential_at()), way_of(credential_at())

    tell(failing, *[DOWN] * 30)

    assert is_open(failing)
    assert not is_open(other)


def test_a_host_where_something_gets_through_is_not_shut():
    ways = [way_of(credential_at()) for _ in range(3)]
    tell(ways[0], *[DOWN] * 10)
    tell(ways[1], FINE)

    tell(ways[2], *[DOWN] * 15)

    assert not Breaker.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_processes_one_gets_the_probe_every_five_seconds():
    way = way_of(
        BreakerFactory(credential=credential_at(), origin="https://push.brand.example").credential
    )
    now = datetime.now(UTC)
    barrier, won = threading.Barrier(8), []

    def ask():
        barrier.wait()
        with transaction.atomic():
            won.append(Breakers([way], now=now).claim_probe(way, now=now))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == [False] * 7 + [True]
    with transaction.atomic():
        soon, later = now + timedelta(seconds=4.9), now + timedelta(seconds=5)
        assert not Breakers([way], now=soon).claim_probe(way, now=soon)
        assert Breakers([way], now=later).claim_probe(way, now=later)


def test_a_thousand_credentials_at_a_host_that_is_gone_share_one_probe():
    ways = [way_of(credential_at()) for _ in range(5)]
    for way in ways:
        tell(way, *[DOWN] * 20)
    later = NOON + timedelta(seconds=5)

    claimed = [Breakers([way], now=later).claim_probe(way, now=later) for way in ways]

    assert claimed == [True, False, False, False, False]


def test_a_probe_that_gets_through_closes_all_breakers_on_its_way():
    ways = [way_of(credential_at()) for _ in range(2)]
    for way in ways:
        tell(way, *[DOWN] * 20)

    noted = tell(ways[0], FINE, probe=True)

    assert noted.reopened == {"proxy"}
    assert [is_open(way) for way in ways] == [False, True]
    assert Breaker.objects.filter(is_wake_due=True).count() == 2


def test_a_probe_whose_token_is_dead_shows_that_the_provider_answers():
    way = way_of(credential_at())
    tell(way, *[DOWN] * 20)

    tell(way, result(Outcome.UNREGISTERED, "token_gone"), probe=True)

    assert not is_open(way)


def test_a_provider_that_asks_a_probe_for_patience_gets_it():
    """D5: Retry-After is obeyed."""
    way = way_of(credential_at())
    tell(way, *[DOWN] * 20)

    tell(way, result(Outcome.RETRY, "provider_unavailable", retry_after=60.0), probe=True)

    assert Breakers([way], now=NOON).hold(way).probe_at == NOON + timedelta(seconds=60)


def test_a_late_success_of_a_push_that_was_no_probe_closes_nothing():
    way = way_of(credential_at())
    tell(way, *[DOWN] * 20)

    tell(way, *[FINE] * 5)

    assert is_open(way)


def test_administrators_get_one_mail_for_a_credential_that_is_refused(settings):
    settings.HAS_EMAIL = True
    way = way_of(credential := credential_at())
    ada = member(Role.ADMINISTRATOR, credential.account)
    member(Role.AGENT, credential.account)

    for minutes in (0, 10, 20):
        tell(way, REFUSED, now=NOON + timedelta(minutes=minutes))
        send_notices()
        tell(way, FINE, probe=True)

    (sent,) = mail.outbox
    assert sent.to == [ada.email]
    assert sent.subject == f"The push credential of {credential.app} is refused"
    assert "bad password" in sent.body
    assert "push.brand.example" not in sent.body


def test_an_outage_is_told_to_nobody_by_mail(settings):
    settings.HAS_EMAIL = True
    way = way_of(credential := credential_at())
    member(Role.ADMINISTRATOR, credential.account)

    tell(way, *[DOWN] * 20)
    send_notices()

    assert mail.outbox == []


def test_breakers_of_ways_that_have_worked_for_a_day_are_forgotten():
    quiet = way_of(credential_at())
    failing = way_of(credential_at("https://other.brand.example/push"))
    tell(quiet, DOWN)
    tell(failing, *[DOWN] * 20)

    assert forget(now=NOON + timedelta(hours=23)) == 0
    forget(now=NOON + timedelta(hours=25))

    left = Breaker.objects.values_list("scope", flat=True)
    assert list(left) == [failing.scopes[0].key]
