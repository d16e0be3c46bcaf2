"""Every door of the installation, each in its app's words."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from accounts import urls as accounts
from campaigns import urls as campaigns
from consumers import urls as consumers
from conversations import urls as conversations
from deflection import urls as deflection
from handoffs import urls as handoffs
from lab import urls as lab
from proactive_site import api_docs, health, pages, web_sdk
from webhooks import urls as webhooks

ACCOUNT = r"account/(?P<account_number>[0-9]{1,18})/"

handler404 = "proactive_site.pages.not_found"
handler500 = "proactive_site.pages.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.Home.as_view(), name="home"),
    path("workspace/", pages.OpenWorkspace.as_view(), name="open_workspace"),
    path("health", health.health, name="health"),
    path("ready", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
    path("problems/<slug:key>", pages.ProblemPage.as_view(), name="problem"),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    re_path(rf"^{ACCOUNT}$", pages.OpenAccount.as_view(), name="open_account"),
    re_path(rf"^{ACCOUNT}", include("console.urls")),
    *accounts.token_urls,
    re_path(
        rf"^api/v2/{ACCOUNT}",
        include([*campaigns.api_urls, *webhooks.api_urls, *conversations.api_urls]),
    ),
    re_path(
        rf"^api/{ACCOUNT}",
        include(
            [
                *accounts.domain_urls,
                *handoffs.api_urls,
                *campaigns.report_urls,
                *deflection.api_urls,
            ]
        ),
    ),
    re_path(
        rf"^api/sdk/v1/{ACCOUNT}",
        include([*consumers.sdk_urls, *campaigns.sdk_urls, *conversations.sdk_urls]),
    ),
    path("api/cx-widget/", include(conversations.widget_urls)),
    re_path(r"^widget/(?P<account_number>[0-9]{1,18})/", include(conversations.widget_windows)),
    re_path(r"^api/openapi\.json/?$", api_docs.document_json, name="openapi_json"),
    re_path(r"^api/openapi\.yaml/?$", api_docs.document_yaml, name="openapi_yaml"),
    re_path(r"^api/docs/?$", api_docs.Page.as_view(), name="api_docs"),
    re_path(r"^api/api-docs/?$", api_docs.liveperson_docs, name="liveperson_docs"),
    path("lab/", include("lab.urls")),
    path("demo/", include(lab.demo_urls)),
    re_path(r"^sdk/v1/(?P<name>[a-z]{1,20}\.js)$", web_sdk.serve, name="web_sdk"),
]
