from django.urls import path, re_path

from webhooks import api
from webhooks.views import endpoints, log

WEBHOOK = r"webhooks/(?P<webhook_id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
DELIVERY = rf"{WEBHOOK}/deliveries/(?P<event_id>msg_[0-9a-f]{{32}})"

# Relative to api/v2/account/<account_number>/; with and without the last slash (A19).
api_urls = [
    re_path(r"^webhooks/?$", api.Webhooks.as_view(), name="webhooks"),
    re_path(rf"^{WEBHOOK}/?$", api.WebhookDetail.as_view(), name="webhook"),
    re_path(rf"^{WEBHOOK}/rotate/?$", api.WebhookRotate.as_view(), name="webhook-rotate"),
    re_path(rf"^{WEBHOOK}/test/?$", api.WebhookTest.as_view(), name="webhook-test"),
    re_path(
        rf"^{WEBHOOK}/deliveries/?$", api.WebhookDeliveries.as_view(), name="webhook-deliveries"
    ),
    re_path(rf"^{DELIVERY}/?$", api.WebhookDeliveryDetail.as_view(), name="webhook-delivery"),
    re_path(
        rf"^{DELIVERY}/replay/?$",
        api.WebhookDeliveryReplay.as_view(),
        name="webhook-delivery-replay",
    ),
    re_path(rf"^{WEBHOOK}/replay/?$", api.WebhookReplay.as_view(), name="webhook-replay"),
]

# Relative to account/<account_number>/: the settings.
pages = [
    path("settings/webhooks/", endpoints.WebhookList.as_view(), name="settings_webhooks"),
    path("settings/webhooks/new/", endpoints.WebhookNew.as_view(), name="settings_webhook_new"),
    re_path(rf"^settings/{WEBHOOK}/$", log.WebhookDetail.as_view(), name="settings_webhook"),
    re_path(
        rf"^settings/{WEBHOOK}/edit/$",
        endpoints.WebhookEdit.as_view(),
        name="settings_webhook_edit",
    ),
    re_path(
        rf"^settings/{WEBHOOK}/rotate/$",
        endpoints.WebhookRotate.as_view(),
        name="settings_webhook_rotate",
    ),
    re_path(
        rf"^settings/{WEBHOOK}/switch/$",
        endpoints.WebhookSwitch.as_view(),
        name="settings_webhook_switch",
    ),
    re_path(
        rf"^settings/{WEBHOOK}/delete/$",
        endpoints.WebhookDelete.as_view(),
        name="settings_webhook_delete",
    ),
    re_path(
        rf"^settings/{WEBHOOK}/test/$", log.WebhookTest.as_view(), name="settings_webhook_test"
    ),
    re_path(
        rf"^settings/{WEBHOOK}/replay/$",
        log.WebhookReplay.as_view(),
        name="settings_webhook_replay",
    ),
    re_path(
        rf"^settings/{DELIVERY}/$",
        log.DeliveryDetail.as_view(),
        name="settings_webhook_delivery",
    ),
    re_path(
        rf"^settings/{DELIVERY}/replay/$",
        log.DeliveryReplay.as_view(),
        name="settings_webhook_delivery_replay",
    ),
]
