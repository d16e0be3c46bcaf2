"""The Proactive Web Tool, relative to account/<account_number>/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
