"""The log of a webhook: each delivery, tests, and sending again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from accounts.pages.base import Confirmation, SettingPage
from accounts.roles import ADMINISTER
from common.errors import DomainError
from common.paging import Page, query_without, read_rows
from webhooks import selectors, services
from webhooks.events import EventType
from webhooks.forms import STATES, DeliveryFilter, Since
from webhooks.models import PENDING, DeliveryState, WebhookDelivery
from webhooks.views.base import SETTING, OneWebhook, events_words, host_of
from webhooks.words import Chip, delivery_chip, error_words, pretty

DEFAULT_SINCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    delivery: WebhookDelivery
    chip: Chip
    error: str


class WebhookDetail(OneWebhook, SettingPage):
    """Its facts, and the log of its deliveries."""

    template_name = "webhooks/detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        query = self.request.GET
        form = DeliveryFilter(query)
        form.is_valid()
        page = self._page(form.cleaned_data, query)
        lines = [DeliveryLine(row, delivery_chip(row), error_words(row)) for row in page.rows]
        return super().get_context_data(
            page=page,
            lines=lines,
            filter=form,
            pills=_pills(form, query),
            types=[(one, EventType(one).label) for one in self.webhook.event_types],
            secrets=len(self.webhook.live_secrets(timezone.now())) if self.can_change else None,
            **kwargs,
        )

    def _page(self, wanted: dict[str, Any], query: QueryDict) -> Page[WebhookDelivery]:
        rows = selectors.deliveries(self.webhook)
        if wanted.get("state"):
            rows = rows.filter(state=wanted["state"])
        if wanted.get("event"):
            rows = rows.filter(event__type=wanted["event"])
        return read_rows(rows, query)


def _pills(form: DeliveryFilter, query: QueryDict) -> list[tuple[str, str, str]]:
    wanted = form.cleaned_data
    pills = []
    if wanted.get("state"):
        words = STATES[DeliveryState(wanted["state"])]
        pills.append(("State", words, query_without(query, "state")))
    if wanted.get("event"):
        pills.append(("Event", wanted["event"], query_without(query, "event")))
    return pills


class WebhookTest(OneWebhook):
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            sent = services.send_test_event(endpoint=self.webhook, by=self.user, now=timezone.now())
        except DomainError as refused:
            messages.error(request, refused.message)
            return redirect(self.back_url())
        return self.back_to(
            "settings_webhook_delivery", self.webhook.public_id, sent.event.public_id
        )


class WebhookReplay(OneWebhook, SettingPage):
    """What was given up since a moment: first how many, then again."""

    required_permission = ADMINISTER
    template_name = "webhooks/replay.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        zone = self.account.time_zone
        is_asked = "since" in self.request.GET
        form = kwargs.pop("form", None) or Since(
            self.request.GET if is_asked else None,
            zone=zone,
            initial={"since": _clock(timezone.now() - DEFAULT_SINCE, zone)},
        )
        count = None
        if is_asked and form.is_valid():
            count = selectors.given_up_since(self.webhook, form.cleaned_data["since"])
        return super().get_context_data(form=form, count=count, **kwargs)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = Since(request.POST, zone=self.account.time_zone)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        try:
            replayed = services.replay_since(
                endpoint=self.webhook, since=form.cleaned_data["since"], by=self.user
            )
        except DomainError as refused:
            messages.error(request, refused.message)
            return redirect(self.back_url())
        return self.back_to_it(f"On the way again: {events_words(replayed)}.")


def _clock(at: datetime, zone: str) -> datetime:
    """What the brand's clock shows then."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


class OneDelivery(OneWebhook):
    delivery: WebhookDelivery

    def load(self) -> None:
        super().load()
        rows = selectors.deliveries(self.webhook).select_related("event", "endpoint__account")
        self.delivery = get_object_or_404(rows, event__public_id=self.kwargs["event_id"])


class DeliveryDetail(OneDelivery, SettingPage):
    template_name = "webhooks/delivery.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        delivery = self.delivery
        return super().get_context_data(
            delivery=delivery,
            state=delivery_chip(delivery),
            error=error_words(delivery),
            is_pending=delivery.state in PENDING,
            # A try that failed is repeated in minutes or hours: nobody waits for that here.
            is_awaited=delivery.state in PENDING and not delivery.attempts,
            is_queued=delivery.state == DeliveryState.QUEUED,
            payload=pretty(delivery.event.body),
            **kwargs,
        )


class DeliveryReplay(OneDelivery, Confirmation):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            setting=SETTING,
            question=f"Send {self.delivery.event.type} again?",
            consequence=f"1 call to {host_of(self.webhook)} with the same id and the same body. "
            "A receiver that has it already drops it by its id.",
            button="Send it again",
            is_safe=True,
            keep="Leave it",
            back=redirect(
                "settings_webhook_delivery",
                self.account.number,
                self.webhook.public_id,
                self.delivery.event.public_id,
            ).url,
            **kwargs,
        )

    def confirmed(self) -> HttpResponse:
        services.replay(delivery=self.delivery, by=self.user)
        return self.back_to(
            "settings_webhook_delivery",
            self.webhook.public_id,
            self.delivery.event.public_id,
            told="The event is on its way again.",
        )
