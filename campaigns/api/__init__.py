"""The brand's door: create, read and cancel campaigns; and the SDK's receipts."""

from campaigns.api.campaigns import CampaignCancel, CampaignDetail, Campaigns
from campaigns.api.dead_letters import DeadLetterMessages, DeadLetters, DeadLettersReplay
from campaigns.api.export import RecipientsCsv
from campaigns.api.push_key import PushKey
from campaigns.api.reachability import AppReachability
from campaigns.api.receipts import Receipt
from campaigns.api.recipients import CampaignConversations, CampaignRecipient, CampaignRecipients
from campaigns.api.reports import Analytics, CampaignAnalytics, CampaignReport
from campaigns.api.transactions import Transactions
from campaigns.api.why import DeviceWhy

__all__ = [
    "Analytics",
    "AppReachability",
    "CampaignAnalytics",
    "CampaignCancel",
    "CampaignConversations",
    "CampaignDetail",
    "CampaignRecipient",
    "CampaignRecipients",
    "CampaignReport",
    "Campaigns",
    "DeadLetterMessages",
    "DeadLetters",
    "DeadLettersReplay",
    "DeviceWhy",
    "PushKey",
    "Receipt",
    "RecipientsCsv",
    "Transactions",
]
