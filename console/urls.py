"""The Proactive Web Tool, relative to account/<account_number>/."""

from django.urls import URLPattern

from campaigns import urls as campaigns
from console.analytics import urls as analytics

urlpatterns: list[URLPattern] = [
    *campaigns.pages,
    *analytics.pages,
]
