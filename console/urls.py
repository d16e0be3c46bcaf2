"""The Proactive Web Tool, relative to account/<account_number>/."""

from django.urls import URLPattern

from console.analytics import urls as analytics
from console.handoffs import urls as handoffs

urlpatterns: list[URLPattern] = [
    *analytics.pages,
    *handoffs.pages,
]
