from django.urls import path

from bench.naive import api
from proactive_site import health

urlpatterns = [
    path("health", health.health),
    path("account/<int:account_number>/accept", api.Accept.as_view()),
    path("account/<int:account_number>/send", api.Send.as_view()),
]
