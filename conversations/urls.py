"""The SDK's door, and the brand's settings."""

from django.urls import re_path

from conversations import api, views

# Relative to api/sdk/v1/account/<account_number>/.
sdk_urls = [
    re_path(r"^messages/?$", api.PendingMessages.as_view(), name="sdk-messages"),
    re_path(r"^dialog/?$", api.DialogDetail.as_view(), name="sdk-dialog"),
    re_path(r"^replies/?$", api.Replies.as_view(), name="sdk-replies"),
]

# Relative to account/<account_number>/.
pages = [
    re_path(r"^settings/widgets/$", views.WidgetPage.as_view(), name="settings_widgets"),
    re_path(
        r"^settings/widgets/(?P<widget_id>[0-9]{1,18})/remove/$",
        views.WidgetRemove.as_view(),
        name="settings_widget_remove",
    ),
    re_path(r"^settings/widgets/origins/$", views.OriginAdd.as_view(), name="settings_origins"),
    re_path(
        r"^settings/widgets/origins/(?P<origin_id>[0-9]{1,18})/remove/$",
        views.OriginRemove.as_view(),
        name="settings_origin_remove",
    ),
]
