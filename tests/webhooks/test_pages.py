"""Settings, Webhooks: made, changed, tested and sent again by an administrator."""

from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEvent, Role
from common.ids import uuid7
from tests.factories.accounts import AccountFactory, member
from tests.factories.webhooks import SECRET, WebhookEndpointFactory
from tests.settings_pages import path_of, secret_of, text_of
from tests.webhooks.conftest import deliver_to_the_end, tell, tell_sent
from webhooks.delivery import deliver
from webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return AccountFactory(time_zone="Europe/Stockholm")


@pytest.fixture(autouse=True)
def _administrator(account, client) -> None:
    client.force_login(member(Role.ADMINISTRATOR, account, email="ann@brand.example", name="Ann"))


def form(url: str, **changed: Any) -> dict[str, Any]:
    fields = {"url": url, "description": "CRM", "event_types": ["recipient.sent"]}
    return {**fields, "public_id": str(uuid7()), **changed}


def page_of(endpoint: WebhookEndpoint, view: str = "settings_webhook", *named: Any) -> str:
    return path_of(view, endpoint.account, endpoint.public_id, *named)


def test_a15_a_new_webhook_s_secret_signs_its_calls_and_is_told_in_that_answer_only(
    client, account, sink
):
    answer = client.post(path_of("settings_webhook_new", account), form(sink.url))

    secret, made = secret_of(answer), account.webhooks.get()
    tell_sent(account)
    deliver()
    assert [payload["type"] for payload in sink.verified(secret)] == ["recipient.sent"]
    assert "no-store" in answer.headers["Cache-Control"]
    for page in (path_of("settings_webhooks", account), page_of(made)):
        assert secret not in client.get(page).content.decode()
    assert not any(secret in str(event.changes) for event in AuditEvent.objects.all())


def test_a_form_of_a_webhook_that_is_sent_twice_makes_one(client, account, sink):
    twice = form(sink.url)
    client.post(path_of("settings_webhook_new", account), twice)

    again = client.post(path_of("settings_webhook_new", account), twice, follow=True)

    assert account.webhooks.count() == 1
    assert "This webhook was made already." in text_of(again)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "http://hooks.brand.example/",
        "https://user@hooks.brand.example/",
        "https://169.254.169.254/latest",
        "https://hooks.brand.example:22/",
        "no url",
    ],
)
def test_s5_a_url_that_calls_may_not_go_to_is_refused_beside_the_field(client, account, url):
    answer = client.post(path_of("settings_webhook_new", account), form(url))

    assert list(answer.context["form"].errors) == ["url"]
    assert not account.webhooks.exists()


def test_s5_a_webhook_is_not_moved_to_such_a_url_either(client, account):
    endpoint = WebhookEndpointFactory(account=account)

    answer = client.post(page_of(endpoint, "settings_webhook_edit"), form("https://10.0.0.1/"))

    assert list(answer.context["form"].errors) == ["url"]
    endpoint.refresh_from_db()
    assert endpoint.url == "https://hooks.brand.example/in"


def test_an_account_full_of_webhooks_offers_and_takes_no_other(client, account, sink):
    for _ in range(10):
        WebhookEndpointFactory(account=account)

    listed = client.get(path_of("settings_webhooks", account))
    answer = client.post(path_of("settings_webhook_new", account), form(sink.url))

    assert "Add a webhook" not in text_of(listed)
    assert "An account has 10 webhooks at most" in text_of(answer)


def test_a15_both_secrets_sign_while_one_is_being_rotated(client, account, sink, endpoint):
    rotation = {"hours": 3, "newest": endpoint.fingerprint}
    page = page_of(endpoint, "settings_webhook_rotate")

    secret = secret_of(client.post(page, rotation))
    again = client.post(page, rotation, follow=True)

    tell_sent(account)
    deliver()
    assert sink.verified(SECRET) == sink.verified(secret)
    assert "rotated meanwhile" in text_of(again)


def test_switching_off_tells_how_many_events_are_given_up(client, account, endpoint):
    tell_sent(account, 2)
    page = page_of(endpoint, "settings_webhook_switch")

    said = text_of(client.get(page))
    client.post(page, {"to": "off"})

    assert "What waits for it is given up: 2 events." in said
    assert set(endpoint.deliveries.values_list("state", flat=True)) <= {"queued", "failed"}
    endpoint.refresh_from_db()
    assert not endpoint.is_enabled


def test_a_deleted_webhook_is_gone_with_its_pages(client, account, endpoint):
    said = text_of(client.get(page_of(endpoint, "settings_webhook_delete")))

    client.post(page_of(endpoint, "settings_webhook_delete"))

    assert "its log is deleted: 0 events" in said
    assert client.get(page_of(endpoint)).status_code == 404
    assert text_of(client.get(path_of("settings_webhooks", account))).count("Nobody is told yet")


def test_a_test_event_leads_to_what_came_of_it(client, account, sink, endpoint):
    answer = client.post(page_of(endpoint, "settings_webhook_test"))

    waiting = client.get(answer["Location"])
    deliver()
    done = client.get(answer["Location"])

    assert 'hx-trigger="every 2s"' in waiting.content.decode()
    assert "HTTP 200" in text_of(done)
    assert "every 2s" not in done.content.decode()
    assert [payload["type"] for payload in sink.verified()] == ["webhook.test"]
    assert AuditEvent.objects.latest("pk").actor == "ann@brand.example"


def test_a_webhook_that_is_switched_off_is_sent_no_test(client, account):
    endpoint = WebhookEndpointFactory(
        account=account, is_enabled=False, disabled_reason="by_hand", disabled_at=timezone.now()
    )

    answer = client.post(page_of(endpoint, "settings_webhook_test"), follow=True)

    assert "switch it on first" in text_of(answer)
    assert not WebhookDelivery.objects.exists()


def test_the_log_is_filtered_by_state_and_event(client, account, endpoint):
    tell(account, "recipient.sent", "recipient.failed", "campaign.completed")
    endpoint.deliveries.exclude(event__type="campaign.completed").update(
        state=DeliveryState.DEAD, finished_at=timezone.now()
    )

    query = {"state": "dead", "event": "recipient.failed"}
    answer = client.get(page_of(endpoint), query)

    lines = answer.context["lines"]
    assert [line.delivery.event.type for line in lines] == ["recipient.failed"]
    assert [pill[0] for pill in answer.context["pills"]] == ["State", "Event"]
    assert len(client.get(page_of(endpoint), {"state": "nonsense"}).context["lines"]) == 3


def test_one_delivery_shows_the_request_and_what_was_answered_in_words(
    client, account, sink, endpoint
):
    tell(account, "recipient.sent", status="<b>sent</b>")
    endpoint.deliveries.update(
        state=DeliveryState.DEAD, last_status=503, last_error="refused", attempts=10
    )
    event_id = endpoint.deliveries.get().event.public_id

    answer = client.get(page_of(endpoint, "settings_webhook_delivery", event_id))

    said = text_of(answer)
    assert "HTTP 503 The server did not take it." in said
    assert f"webhook-id: {event_id}" in said
    assert "&lt;b&gt;sent&lt;/b&gt;" in answer.content.decode()
    assert SECRET not in answer.content.decode()


def test_one_delivery_is_sent_again_after_it_was_said_what_happens(client, account, sink, endpoint):
    tell_sent(account)
    deliver()
    event_id = endpoint.deliveries.get().event.public_id
    page = page_of(endpoint, "settings_webhook_delivery_replay", event_id)

    said = text_of(client.get(page))
    client.post(page)
    deliver_to_the_end()

    assert "1 call to" in said
    assert sink.ids() == [event_id] * 2


def test_what_was_given_up_is_counted_by_the_brand_s_clock_and_sent_again(
    client, account, sink, endpoint
):
    tell_sent(account, 3)
    endpoint.deliveries.update(state=DeliveryState.DEAD, finished_at=timezone.now())
    early, late = endpoint.deliveries.order_by("pk")[:2]
    WebhookDelivery.objects.filter(pk=early.pk).update(created_at="2026-11-20T06:59:59Z")
    WebhookDelivery.objects.filter(pk=late.pk).update(created_at="2026-11-20T07:00:00Z")
    page, since = page_of(endpoint, "settings_webhook_replay"), {"since": "2026-11-20 08:00"}

    counted = text_of(client.get(page, since))
    told = text_of(client.post(page, since, follow=True))
    deliver_to_the_end()

    assert "2 events to send again" in counted
    assert "On the way again: 2 events." in told
    assert len(sink.ids()) == 2


@time_machine.travel("2026-11-21T07:30:00Z", tick=False)
def test_the_moment_that_is_proposed_stands_by_the_brand_s_clock(client, account, endpoint):
    body = client.get(page_of(endpoint, "settings_webhook_replay")).content.decode()

    assert 'value="2026-11-20 08:30"' in body


@pytest.mark.parametrize("since", ["", "yesterday", "0001-01-01 00:00", "9999-12-31 23:59"])
def test_a_moment_that_is_none_is_refused_beside_the_field(client, account, endpoint, since):
    page = page_of(endpoint, "settings_webhook_replay")

    for answer in (client.get(page, {"since": since}), client.post(page, {"since": since})):
        assert answer.status_code == 200
        assert list(answer.context["form"].errors) == ["since"]


def test_a_campaign_manager_reads_webhooks_without_their_urls_and_secrets(
    client, account, endpoint
):
    client.force_login(member(Role.CAMPAIGN_MANAGER, account))
    WebhookEndpoint.objects.update(url="https://hooks.brand.example/s3cret-path")

    body = client.get(page_of(endpoint)).content.decode()

    assert "hooks.brand.example" in body
    assert "s3cret-path" not in body
    assert "Administrators change it" in body
    assert "btn--primary" not in body


def test_a_delivery_of_another_webhook_is_not_found_here(client, account, endpoint):
    other = WebhookEndpointFactory(account=account, event_types=["recipient.failed"])
    tell_sent(account)
    event_id = endpoint.deliveries.get().event.public_id

    answer = client.get(page_of(other, "settings_webhook_delivery", event_id))

    assert answer.status_code == 404
    assert client.get(path_of("settings_webhook", account, uuid4())).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_of_webhooks_and_deliveries_cost_the_same_however_long_they_are(
    client, account, rows, django_assert_num_queries
):
    endpoints = [WebhookEndpointFactory(account=account) for _ in range(rows)]
    tell_sent(account, rows)

    with django_assert_num_queries(5):
        client.get(path_of("settings_webhooks", account))
    with django_assert_num_queries(6):
        client.get(page_of(endpoints[0]))
