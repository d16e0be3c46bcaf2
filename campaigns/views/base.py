"""What the pages of one campaign share: the campaign that the path names."""

from django.http import Http404

from accounts.permissions import AccountPermissionMixin
from accounts.roles import VIEW_CAMPAIGNS
from campaigns.models import Campaign
from campaigns.selectors import find_campaign


class OneCampaignMixin(AccountPermissionMixin):
    required_permission = VIEW_CAMPAIGNS
    campaign: Campaign

    def load(self) -> None:
        try:
            self.campaign = find_campaign(self.account, self.kwargs["campaign_id"])
        except Campaign.DoesNotExist:
            raise Http404("There is no such campaign.") from None
