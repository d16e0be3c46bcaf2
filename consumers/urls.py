"""Paths under ``api/sdk/v1/account/<account_number>/``."""

from django.urls import re_path

from consumers import api

DEVICE = r"devices/(?P<device_id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"

sdk_urls = [
    re_path(r"^devices/?$", api.Devices.as_view(), name="sdk-devices"),
    re_path(rf"^{DEVICE}/?$", api.DeviceDetail.as_view(), name="sdk-device"),
    re_path(rf"^{DEVICE}/logout/?$", api.DeviceLogout.as_view(), name="sdk-device-logout"),
]
