"""What the views of one campaign share: the campaign that the path names."""

from typing import Any

from django.http import Http404
from rest_framework.request import Request

from accounts.authentication import BrandView
from campaigns import selectors
from campaigns.models import Campaign


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
