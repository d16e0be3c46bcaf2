"""The Proactive Web Tool, relative to account/<account_number>/."""

from django.urls import URLPattern

from console.analytics import urls as analytics

urlpatterns: list[URLPattern] = [
    *analytics.pages,
]
