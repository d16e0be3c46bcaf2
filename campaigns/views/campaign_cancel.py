"""Cancelling what has not gone out: first in numbers, then for good."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic import TemplateView

from accounts.roles import MANAGE_HANDOFFS
from campaigns.models import PENDING, State
from campaigns.selectors import counts, recipients
from campaigns.services import cancel_campaign
from campaigns.views.base import OneCampaignMixin


class CampaignCancel(OneCampaignMixin, TemplateView):
    required_permission = MANAGE_HANDOFFS
    template_name = "campaigns/cancel.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        waiting = recipients(self.campaign).filter(state__in=PENDING)
        return super().get_context_data(
            campaign=self.campaign,
            counts=counts(self.campaign),
            waiting=waiting.filter(state=State.QUEUED).count(),
            in_flight=waiting.filter(state=State.SENDING).count(),
            **kwargs,
        )

    def post(self, request: HttpRequest, account_number: int, campaign_id: str) -> HttpResponseBase:
        done = cancel_campaign(campaign=self.campaign, by=str(request.user), now=timezone.now())
        if self.campaign.cancelled_at is None:
            messages.info(request, "Nothing was left to cancel: every message had its end.")
        else:
            messages.success(request, _words(done.cancelled, done.in_flight))
        return redirect("campaign_page", account_number, campaign_id)


def _words(cancelled: int, in_flight: int) -> str:
    words = f"The campaign was cancelled: {cancelled:,} messages never go out."
    if in_flight:
        words += f" {in_flight:,} are with a provider and end as it answers."
    return words
