from django.urls import re_path

from deflection import api

# Relative to api/account/<account_number>/; with and without the last slash (A19).
api_urls = [
    re_path(r"^eligibility/?$", api.Eligibility.as_view(), name="eligibility"),
    re_path(r"^invite/?$", api.Invite.as_view(), name="invite"),
]
