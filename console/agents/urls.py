from django.urls import path

from console.agents import views

pages = [path("workspace/figures/", views.AgentFigures.as_view(), name="workspace_figures")]
