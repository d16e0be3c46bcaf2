"""The OpenAPI document and its page, served by the installation itself."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from proactive_site.openapi import as_json, as_yaml

# LivePerson's word for a part of its API -> where that part begins on our page.
PARTS = {"outbound": "#/Campaigns", "reporting": "#/Reports"}


@require_safe
def document_json(request: HttpRequest) -> HttpResponse:
    return HttpResponse(as_json(), content_type="application/json")


@require_safe
def document_yaml(request: HttpRequest) -> HttpResponse:
    return HttpResponse(as_yaml(), content_type="application/yaml")


@require_safe
def liveperson_docs(request: HttpRequest) -> HttpResponse:
    """LivePerson's ``/api/api-docs/?api=outbound``."""
    return redirect("/api/docs/" + PARTS.get(request.GET.get("api", ""), ""))


class Page(TemplateView):
    template_name = "api_docs.html"
    http_method_names = ("get", "head", "options")

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.http_method_not_allowed(request)
