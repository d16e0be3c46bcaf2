"""The SDK's door, and the brand's settings."""

from django.urls import path, re_path

from consumers import api, views

DEVICE = r"devices/(?P<device_id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"

# Relative to api/sdk/v1/account/<account_number>/.
sdk_urls = [
    re_path(r"^devices/?$", api.Devices.as_view(), name="sdk-devices"),
    re_path(rf"^{DEVICE}/?$", api.DeviceDetail.as_view(), name="sdk-device"),
    re_path(rf"^{DEVICE}/logout/?$", api.DeviceLogout.as_view(), name="sdk-device-logout"),
]

# Relative to account/<account_number>/.
pages = [
    path("settings/identity/", views.Identity.as_view(), name="settings_identity"),
    path("settings/identity/token/", views.TokenLook.as_view(), name="settings_identity_token"),
]
