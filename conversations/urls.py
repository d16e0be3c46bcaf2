"""Paths under ``api/sdk/v1/account/<account_number>/``."""

from django.urls import re_path

from conversations import api

sdk_urls = [
    re_path(r"^messages/?$", api.PendingMessages.as_view(), name="sdk-messages"),
    re_path(r"^dialog/?$", api.DialogDetail.as_view(), name="sdk-dialog"),
    re_path(r"^replies/?$", api.Replies.as_view(), name="sdk-replies"),
]
