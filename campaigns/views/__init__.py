"""The web tool's pages of campaigns."""

from campaigns.views.campaign_cancel import CampaignCancel
from campaigns.views.campaign_list import CampaignCall, CampaignList, CampaignListCsv
from campaigns.views.campaign_page import CampaignPage, RecipientsCsv

__all__ = [
    "CampaignCall",
    "CampaignCancel",
    "CampaignList",
    "CampaignListCsv",
    "CampaignPage",
    "RecipientsCsv",
]
