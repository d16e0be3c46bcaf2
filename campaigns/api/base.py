"""What the views of campaigns share: the campaign of the path, and how a time is written."""

from datetime import datetime
from typing import Any

from django.http import Http404
from rest_framework.request import Request

from accounts.authentication import BrandView
from campaigns import selectors
from campaigns.models import Campaign


def json_time(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None


class CampaignView(BrandView):
    """A view of one campaign of the account."""

    required_scope = "campaigns:read"
    campaign: Campaign

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        try:
            self.campaign = selectors.find_campaign(self.account, kwargs["campaign_id"])
        except Campaign.DoesNotExist:
            raise Http404 from None
