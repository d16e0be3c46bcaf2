from django.urls import re_path

from webhooks import api

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
