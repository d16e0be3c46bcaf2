"""A page of one webhook, and how it is named."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.pages.base import Setting
from webhooks.models import WebhookEndpoint
from webhooks.words import endpoint_chip

SETTING = "Webhooks"


class OneWebhook(Setting):
    """A page of one webhook of the account."""

    webhook: WebhookEndpoint

    def load(self) -> None:
        rows = WebhookEndpoint.objects.present().filter(account=self.account)
        self.webhook = get_object_or_404(
            rows.select_related("account"), public_id=self.kwargs["webhook_id"]
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            webhook=self.webhook,
            host=host_of(self.webhook),
            chip=endpoint_chip(self.webhook),
            **kwargs,
        )

    def back_url(self) -> str:
        return str(redirect("settings_webhook", self.account.number, self.webhook.public_id).url)

    def back_to_it(self, told: str = "", *, warned: str = "") -> HttpResponse:
        public_id = self.webhook.public_id
        return self.back_to("settings_webhook", public_id, told=told, warned=warned)


def host_of(webhook: WebhookEndpoint) -> str:
    """What everybody may see of a URL: its path may carry a secret of the receiver's."""
    return urlsplit(webhook.url).netloc


def events_words(count: int) -> str:
    return "1 event" if count == 1 else f"{count:,} events"
