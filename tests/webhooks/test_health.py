"""D24: an endpoint that fails for days is switched off, and the brand's people are told."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEvent, Role
from tests.factories.accounts import member
from tests.webhooks.conftest import deliver_to_the_end, tell_sent
from webhooks.delivery import deliver
from webhooks.health import note_results
from webhooks.models import WebhookDelivery
from webhooks.services import disable_endpoint, enable_endpoint
from webhooks.tasks import send_notices

DAY = timedelta(days=1)


def fail(endpoint, now):
    note_results(succeeded=[], failed=[endpoint.pk], gone=[], now=now)
    endpoint.refresh_from_db()


def succeed(endpoint, now):
    note_results(succeeded=[endpoint.pk], failed=[], gone=[], now=now)
    endpoint.refresh_from_db()


def test_a_webhook_that_fails_for_five_days_is_switched_off(endpoint):
    now = timezone.now()
    fail(endpoint, now)
    fail(endpoint, now + 5 * DAY - timedelta(seconds=1))
    assert (endpoint.is_enabled, endpoint.failing_since) == (True, now)

    fail(endpoint, now + 5 * DAY)

    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "failing")
    assert endpoint.disabled_at == now + 5 * DAY
    event = AuditEvent.objects.get(verb="webhook_disabled")
    assert event.actor == "webhooks"
    assert event.changes["disabled_reason"] == ["", "failing"]


def test_one_success_begins_the_five_days_anew(endpoint):
    now = timezone.now()
    fail(endpoint, now)
    succeed(endpoint, now + 4 * DAY)
    fail(endpoint, now + 4 * DAY)

    fail(endpoint, now + 8 * DAY)

    assert endpoint.is_enabled
    fail(endpoint, now + 9 * DAY)
    assert not endpoint.is_enabled


def test_a_failed_call_is_what_counts(account, endpoint, sink):
    sink.order({"status": 500})
    tell_sent(account)
    deliver()

    endpoint.refresh_from_db()
    assert endpoint.failing_since is not None
    deliver_to_the_end()
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_healthy_endpoints_are_not_written(endpoint, django_assert_num_queries):
    with django_assert_num_queries(1):
        note_results(succeeded=[endpoint.pk], failed=[], gone=[], now=timezone.now())


def test_administrators_get_one_mail_for_a_webhook_that_was_switched_off(endpoint, settings):
    settings.HAS_EMAIL = True
    ada = member(Role.ADMINISTRATOR, endpoint.account)
    member(Role.AGENT, endpoint.account)
    member(Role.ADMINISTRATOR)
    note_results(succeeded=[], failed=[endpoint.pk], gone=[endpoint.pk], now=timezone.now())

    send_notices()
    send_notices()

    (sent,) = mail.outbox
    assert sent.to == [ada.email]
    assert sent.subject == f"A webhook of {endpoint.account.name} was switched off"
    assert "410 Gone" in sent.body
    assert str(endpoint.public_id) in sent.body
    assert endpoint.url not in sent.body


def test_without_a_mail_server_the_notice_is_in_the_audit_log_alone(endpoint, settings):
    settings.HAS_EMAIL = False
    member(Role.ADMINISTRATOR, endpoint.account)
    note_results(succeeded=[], failed=[endpoint.pk], gone=[endpoint.pk], now=timezone.now())

    send_notices()

    assert mail.outbox == []
    assert AuditEvent.objects.filter(verb="webhook_disabled").count() == 1


def test_a_mail_that_the_server_refused_is_due_again(endpoint, settings, monkeypatch):
    settings.HAS_EMAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    member(Role.ADMINISTRATOR, endpoint.account)
    note_results(succeeded=[], failed=[endpoint.pk], gone=[endpoint.pk], now=timezone.now())

    send_notices()

    endpoint.refresh_from_db()
    assert endpoint.is_notice_due


@pytest.mark.django_db
def test_a_webhook_that_a_person_switched_off_needs_no_notice(endpoint, settings):
    settings.HAS_EMAIL = True
    member(Role.ADMINISTRATOR, endpoint.account)

    disable_endpoint(endpoint=endpoint, by="ada", now=timezone.now())
    send_notices()

    assert mail.outbox == []


def test_a_webhook_that_is_off_is_told_nothing_and_hears_again_once_it_is_on(
    account, endpoint, sink
):
    disable_endpoint(endpoint=endpoint, by="ada", now=timezone.now())
    assert tell_sent(account) == 0
    assert WebhookDelivery.objects.count() == 0

    enable_endpoint(endpoint=endpoint, by="ada")

    assert tell_sent(account) == 1
    deliver()
    assert len(sink.verified()) == 1
