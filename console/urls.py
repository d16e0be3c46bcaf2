"""The Proactive Web Tool, relative to account/<account_number>/."""

from django.urls import URLPattern

from accounts import urls as accounts
from console.analytics import urls as analytics
from webhooks import urls as webhooks

urlpatterns: list[URLPattern] = [
    *analytics.pages,
    *accounts.pages,
    *webhooks.pages,
]
