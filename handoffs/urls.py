from django.urls import re_path

from handoffs import api

# Relative to api/account/<account_number>/: LivePerson's Outbound Configuration API.
api_urls = [
    re_path(r"^app/prmsg/handoffs/list/?$", api.Handoffs.as_view(), name="handoffs"),
    re_path(
        r"^app/prmsg/handoffs/list/channel/(?P<channel>[^/]+)/?$",
        api.Handoffs.as_view(),
        name="handoffs-of-channel",
    ),
]
