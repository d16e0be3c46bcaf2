"""The pages that belong to no app: the front door, what an error means, and what went wrong."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views import defaults
from django.views.generic import TemplateView, View

from common.errors import InvalidRequest
from common.problem_types import explain
from common.problems import API_PREFIXES, problem_response
from proactive_site.error_catalogue import ADVICE, FIELDS


class Home(View):
    """Leads to what this installation shows first."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        return redirect("admin:index" if settings.LAB == "off" else "lab:home")


class ProblemPage(TemplateView):
    """What the ``type`` of a problem links to."""

    template_name = "problem.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        key = kwargs["key"].replace("-", "_")
        explanation = explain(key)
        if explanation is None or key not in ADVICE:
            raise Http404
        advice = ADVICE[key]
        return super().get_context_data(
            key=key,
            problem=explanation,
            cause=advice.cause.replace("`", ""),
            cure=advice.cure.replace("`", ""),
            # Each of its `errors` has a word of its own.
            fields=FIELDS if key == InvalidRequest.key else {},
        )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """A path of the API needs no page, whose static files may be missing."""
    if request.path.startswith(API_PREFIXES):
        return problem_response(request, 404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    if request.path.startswith(API_PREFIXES):
        return problem_response(request, 500)
    return defaults.server_error(request)
