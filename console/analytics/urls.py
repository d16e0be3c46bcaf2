from django.urls import path

from console.analytics import views

pages = [
    path("analytics/", views.AnalyticsPage.as_view(), name="analytics_page"),
    path("analytics.csv", views.AnalyticsCsv.as_view(), name="analytics_csv"),
]
