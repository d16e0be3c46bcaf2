"""The pages that belong to no app: the front door, what an error means, and what went wrong."""

import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views import defaults
from django.views.generic import TemplateView, View

from accounts.models import User
from accounts.permissions import AccountPermissionMixin, accounts_with
from accounts.roles import ANSWER_CONVERSATIONS, VIEW_CAMPAIGNS
from common.errors import InvalidRequest
from common.problem_types import explain
from common.problems import API_PREFIXES, problem_response
from proactive_site.error_catalogue import ADVICE, FIELDS

# Seconds; a database is back sooner than a person has read the page.
RETRY_AFTER = 5


class Home(View):
    """Leads to what the person, or a passer-by, is shown first."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if not user.is_authenticated:
            return redirect("lab:home") if settings.LAB == "open" else redirect_to_login("/")
        account = accounts_with(user, VIEW_CAMPAIGNS).order_by("pk").first()
        if account is not None:
            return redirect("open_account", account.number)
        desk = accounts_with(user, ANSWER_CONVERSATIONS).order_by("pk").first()
        if desk is not None:
            return redirect("workspace", desk.number)
        if user.is_staff:
            return redirect("admin:index")
        raise PermissionDenied("Your role has no pages in the web tool.")


class OpenAccount(AccountPermissionMixin):
    """The front page of a brand: its campaigns, or the workspace for who answers only."""

    def _needed(self, request: HttpRequest) -> set[str]:
        return set()

    def get(self, request: HttpRequest, account_number: int) -> HttpResponseBase:
        sees_campaigns = VIEW_CAMPAIGNS in self.permissions
        return redirect("campaign_list" if sees_campaigns else "workspace", account_number)


class OpenWorkspace(LoginRequiredMixin, View):
    """To the workspace of the first brand in which the person answers."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        desks = accounts_with(user, ANSWER_CONVERSATIONS) if isinstance(user, User) else None
        account = desks.order_by("pk").first() if desks is not None else None
        if account is None:
            raise PermissionDenied("Your role answers no conversations.")
        return redirect("workspace", account.number)


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
    """A page whose database is away, or has no connection free, is 503: it works again soon."""
    if request.path.startswith(API_PREFIXES):
        return problem_response(request, 500)
    response = defaults.server_error(request)
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        response.status_code = 503
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response
