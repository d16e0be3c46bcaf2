"""The Proactive Web Tool, relative to account/<account_number>/."""

from django.urls import URLPattern

from accounts import urls as accounts
from campaigns import urls as campaigns
from console.agents import urls as agents
from console.analytics import urls as analytics
from console.app_settings import urls as app_settings
from console.handoffs import urls as handoffs
from console.people import urls as people
from consumers import urls as consumers
from conversations import urls as conversations
from webhooks import urls as webhooks

urlpatterns: list[URLPattern] = [
    *campaigns.pages,
    *analytics.pages,
    *accounts.pages,
    *app_settings.pages,
    *people.pages,
    *consumers.pages,
    *agents.pages,
    *conversations.pages,
    *webhooks.pages,
    *handoffs.pages,
]
