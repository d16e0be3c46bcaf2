"""The brand's door: create, read and cancel campaigns; and the SDK's receipts."""

from campaigns.api.campaigns import CampaignCancel, CampaignDetail, Campaigns
from campaigns.api.receipts import Receipt
from campaigns.api.recipients import CampaignConversations, CampaignRecipient, CampaignRecipients

__all__ = [
    "CampaignCancel",
    "CampaignConversations",
    "CampaignDetail",
    "CampaignRecipient",
    "CampaignRecipients",
    "Campaigns",
    "Receipt",
]
