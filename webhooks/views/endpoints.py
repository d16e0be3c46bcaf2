"""Webhooks: made, changed, given new secrets, switched on and off."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from accounts.api_clients import SecretRotatedMeanwhile
from accounts.pages.base import Confirmation, SettingForm, SettingPage, show_once
from accounts.pages.forms import Overlap
from common.ids import uuid7
from webhooks import selectors, services
from webhooks.events import EventType
from webhooks.forms import EndpointFields, NewEndpoint
from webhooks.models import WebhookEndpoint
from webhooks.views.base import SETTING, OneWebhook, events_words, host_of
from webhooks.words import Chip, endpoint_chip


@dataclass(frozen=True, slots=True)
class EndpointLine:
    endpoint: WebhookEndpoint
    host: str
    chip: Chip


class WebhookList(SettingPage):
    template_name = "webhooks/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lines = [
            EndpointLine(one, host_of(one), endpoint_chip(one))
            for one in selectors.endpoints(self.account)
        ]
        is_full = len(lines) >= services.MOST_WEBHOOKS
        return super().get_context_data(
            lines=lines, is_full=is_full, all_types=len(EventType), **kwargs
        )


class WebhookNew(SettingForm):
    template_name = "webhooks/new.html"
    form_class = NewEndpoint
    back_view = "settings_webhooks"

    def get_initial(self) -> dict[str, Any]:
        return {"public_id": uuid7()}

    def save(self, form: NewEndpoint) -> HttpResponse:
        try:
            webhook, secret = services.create_endpoint(
                account=self.account, by=self.user, now=timezone.now(), **form.cleaned_data
            )
        except services.WebhookMadeBefore as refused:
            return self._made_before(form.cleaned_data["public_id"], refused.message)
        return _show_secret(self.request, webhook, secret, "")

    def _made_before(self, public_id: UUID, told: str) -> HttpResponse:
        get_object_or_404(selectors.endpoints(self.account), public_id=public_id)
        told += " If nobody kept its secret, rotate it."
        return self.back_to("settings_webhook", public_id, warned=told)


class WebhookEdit(OneWebhook, SettingForm):
    template_name = "webhooks/edit.html"
    form_class = EndpointFields

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.webhook, name) for name in ("url", "description", "event_types")}

    def save(self, form: EndpointFields) -> HttpResponse:
        services.change_endpoint(endpoint=self.webhook, changes=form.cleaned_data, by=self.user)
        return self.back_to_it("The webhook was saved.")


class WebhookRotate(OneWebhook, SettingForm):
    template_name = "accounts/settings/rotate.html"
    form_class = Overlap

    def get_initial(self) -> dict[str, Any]:
        return {"hours": 24, "newest": self.webhook.fingerprint}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        has_older = len(self.webhook.live_secrets(timezone.now())) > 1
        return super().get_context_data(
            setting=SETTING,
            heading=f"Rotate the secret of {host_of(self.webhook)}",
            ending=["the one before the present"] if has_older else [],
            **kwargs,
        )

    def save(self, form: Overlap) -> HttpResponse:
        try:
            secret, _ = services.rotate_secret(
                endpoint=self.webhook,
                by=self.user,
                now=timezone.now(),
                overlap=timedelta(hours=form.cleaned_data["hours"]),
                newest=form.cleaned_data["newest"],
            )
        except SecretRotatedMeanwhile as refused:
            return self.back_to_it(warned=refused.message)
        words = f"Calls carry both signatures for {form.cleaned_data['hours']} h."
        return _show_secret(self.request, self.webhook, secret, words)


class WebhookSwitch(OneWebhook, Confirmation):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        host = host_of(self.webhook)
        if self.webhook.is_enabled:
            words: dict[str, Any] = {
                "question": f"Switch off {host}?",
                "consequence": "What waits for it is given up: "
                f"{events_words(selectors.waiting(self.webhook))}. What happens from now on is not "
                "kept for it. What was given up can be sent again after it was switched on.",
                "button": "Switch it off",
                "to": "off",
            }
        else:
            words = {
                "question": f"Switch on {host}?",
                "consequence": "It is called again from now on. What was given up meanwhile is "
                "sent when you ask for it.",
                "button": "Switch it on",
                "to": "on",
                "is_safe": True,
            }
        return super().get_context_data(
            setting=SETTING, keep="Leave it as it is", back=self.back_url(), **words, **kwargs
        )

    def confirmed(self) -> HttpResponse:
        if self.request.POST.get("to") == "on":
            services.enable_endpoint(endpoint=self.webhook, by=self.user)
            return self.back_to_it("The webhook was switched on.")
        services.disable_endpoint(endpoint=self.webhook, by=self.user, now=timezone.now())
        return self.back_to_it("The webhook was switched off.")


class WebhookDelete(OneWebhook, Confirmation):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        waiting = selectors.waiting(self.webhook)
        told = self.webhook.deliveries.count()
        return super().get_context_data(
            setting=SETTING,
            question=f"Delete {host_of(self.webhook)}?",
            consequence=f"It is not called any more, and what waits is given up: "
            f"{events_words(waiting)}. Its secret ends, and its log is deleted: "
            f"{events_words(told)}. This cannot be undone.",
            button="Delete the webhook",
            keep="Keep it",
            back=self.back_url(),
            **kwargs,
        )

    def confirmed(self) -> HttpResponse:
        services.delete_endpoint(endpoint=self.webhook, by=self.user, now=timezone.now())
        return self.back_to("settings_webhooks", told="The webhook was deleted.")


def _show_secret(
    request: HttpRequest, webhook: WebhookEndpoint, secret: str, words: str
) -> HttpResponse:
    return show_once(
        request,
        account=webhook.account,
        setting=SETTING,
        heading=f"The secret of {host_of(webhook)}",
        secret=secret,
        secret_name="Signing secret",
        facts=[("URL", webhook.url), ("Webhook id", str(webhook.public_id))],
        words=words,
        next_url=redirect("settings_webhook", webhook.account.number, webhook.public_id).url,
        next_words="Go to the webhook",
    )
