from django.urls import path, re_path

from campaigns import api, views
from campaigns.models import EventKind
from consumers.urls import DEVICE

CAMPAIGN = r"campaign/(?P<campaign_id>[A-Za-z0-9_-]{9})"
MESSAGE = r"(?P<message_id>[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
APP = r"apps/(?P<app_name>[A-Za-z0-9][A-Za-z0-9._-]{0,154})"

# Relative to api/v2/account/<account_number>/; with and without the last slash (A19).
api_urls = [
    re_path(r"^campaign/?$", api.Campaigns.as_view(), name="campaigns"),
    re_path(rf"^{CAMPAIGN}/?$", api.CampaignDetail.as_view(), name="campaign"),
    re_path(rf"^{CAMPAIGN}/cancel/?$", api.CampaignCancel.as_view(), name="campaign-cancel"),
    re_path(
        rf"^{CAMPAIGN}/recipients/?$", api.CampaignRecipients.as_view(), name="campaign-recipients"
    ),
    re_path(
        rf"^{CAMPAIGN}/recipients\.csv/?$",
        api.RecipientsCsv.as_view(),
        name="campaign-recipients-csv",
    ),
    re_path(
        rf"^{CAMPAIGN}/recipients/{MESSAGE}/?$",
        api.CampaignRecipient.as_view(),
        name="campaign-recipient",
    ),
    re_path(
        rf"^{CAMPAIGN}/conversations/?$",
        api.CampaignConversations.as_view(),
        name="campaign-conversations",
    ),
    re_path(r"^deadletters/?$", api.DeadLetters.as_view(), name="dead-letters"),
    re_path(
        r"^deadletters/messages/?$",
        api.DeadLetterMessages.as_view(),
        name="dead-letter-messages",
    ),
    re_path(r"^deadletters/replay/?$", api.DeadLettersReplay.as_view(), name="dead-letters-replay"),
    re_path(rf"^{APP}/reachability/?$", api.AppReachability.as_view(), name="reachability"),
]

# Relative to api/account/<account_number>/: LivePerson's Outbound Reporting API.
REPORTS = r"app/(?P<app>prmsg|c2m)"
REPORTED = rf"{REPORTS}/campaigns/(?P<campaign_id>[A-Za-z0-9_-]{{9}})"
report_urls = [
    re_path(rf"^{REPORTS}/analytics/?$", api.Analytics.as_view(), name="analytics"),
    re_path(rf"^{REPORTS}/transactions/?$", api.Transactions.as_view(), name="transactions"),
    re_path(rf"^{REPORTED}/?$", api.CampaignReport.as_view(), name="campaign-report"),
    re_path(
        rf"^{REPORTED}/analytics/?$", api.CampaignAnalytics.as_view(), name="campaign-analytics"
    ),
]

# Relative to api/sdk/v1/account/<account_number>/.
sdk_urls = [
    re_path(rf"^{DEVICE}/why/?$", api.DeviceWhy.as_view(), name="sdk-device-why"),
    re_path(rf"^{APP}/push-key/?$", api.PushKey.as_view(), name="sdk-push-key"),
    *(
        re_path(
            rf"^messages/{MESSAGE}/{kind.value}/?$",
            api.Receipt.as_view(kind=kind),
            name=f"sdk-{kind.value}",
        )
        for kind in (EventKind.DELIVERED, EventKind.OPENED)
    ),
]

# Relative to account/<account_number>/: the web tool.
PAGE = r"^campaigns/(?P<campaign_id>[A-Za-z0-9_-]{9})/"
pages = [
    path("campaigns/", views.CampaignList.as_view(), name="campaign_list"),
    path("campaigns/call/", views.CampaignCall.as_view(), name="campaign_call"),
    path("campaigns/all.csv", views.CampaignListCsv.as_view(), name="campaign_list_csv"),
    re_path(rf"{PAGE}$", views.CampaignPage.as_view(), name="campaign_page"),
    re_path(rf"{PAGE}cancel/$", views.CampaignCancel.as_view(), name="campaign_cancel"),
    re_path(
        rf"{PAGE}recipients\.csv$", views.RecipientsCsv.as_view(), name="campaign_recipients_csv"
    ),
]
