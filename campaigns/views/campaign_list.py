"""All campaigns of the brand, newest first, and what an empty account shows instead."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import TemplateView, View
from django.views.generic.base import ContextMixin
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import Account
from accounts.permissions import AccountPermissionMixin
from accounts.roles import VIEW_CAMPAIGNS
from campaigns import daily
from campaigns.campaign_rows import is_moving, notices_of, rows_of
from campaigns.export import campaign_lines
from campaigns.first_run import Guide, first_run
from campaigns.forms import CampaignFilters
from campaigns.listing import find_campaigns
from campaigns.overviews import Overview, overviews_of
from campaigns.tiles import Totals
from common.paging import read_rows
from common.spreadsheet import csv_response

SIZE = 25
# The id of what an empty account shows, which asks for itself until the first campaign is there.
GUIDE = "guide"
FIELDS = ("status", "handoff", "skill")


class CampaignList(AccountPermissionMixin, ContextMixin, View):
    """Asked again every two seconds while something on it moves, for the parts that do.

    An account that never had a campaign is led to its first one instead.
    """

    required_permission = VIEW_CAMPAIGNS

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        context = self.get_context_data(**kwargs)
        is_empty = not context["overviews"] and not self.account.campaigns.exists()
        if request.headers.get("HX-Target") == GUIDE:
            return self._guide("_guide") if is_empty else HttpResponseClientRefresh()
        if is_empty and not context["filters"].is_narrowed:
            return self._guide("first_run")
        name = "_list_live" if request.headers.get("HX-Request") else "list"
        return render(request, f"campaigns/{name}.html", context)

    def _guide(self, name: str) -> HttpResponse:
        context = {"account": self.account, "guide": guide_of(self.account)}
        return render(self.request, f"campaigns/{name}.html", context)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()
        filters = CampaignFilters(self.request.GET, account=self.account, now=now)
        found = find_campaigns(self.account, filters.wanted)
        page = read_rows(found, self.request.GET, by="created_at", size=SIZE)
        overviews = overviews_of(self.account, page.rows)
        return super().get_context_data(
            filters=filters,
            filter_fields=[filters[name] for name in FIELDS],
            day_fields=[filters[name] for name in ("from", "to")],
            page=page,
            overviews=rows_of(self.account, overviews, now),
            held_up=notices_of(overviews),
            totals=Totals(daily.figures(self.account.pk, filters.span, by=daily.DAY)),
            is_moving=any(is_moving(one, now) for one in overviews),
            words=_words(overviews),
            **kwargs,
        )


class CampaignCall(AccountPermissionMixin, TemplateView):
    """How a campaign is sent, since it is not from here (G3)."""

    required_permission = VIEW_CAMPAIGNS
    template_name = "campaigns/call.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(guide=guide_of(self.account), **kwargs)


def guide_of(account: Account) -> Guide:
    return first_run(account, has_lab=settings.LAB != "off")


def _words(overviews: Sequence[Overview]) -> str:
    running = sum(one.is_running for one in overviews)
    words = "1 campaign" if len(overviews) == 1 else f"{len(overviews)} campaigns"
    return f"{words} · {running} running" if running else words


class CampaignListCsv(AccountPermissionMixin, View):
    """The same campaigns as a file, however many."""

    required_permission = VIEW_CAMPAIGNS

    def get(self, request: HttpRequest, account_number: int) -> StreamingHttpResponse:
        filters = CampaignFilters(request.GET, account=self.account, now=timezone.now())
        found = find_campaigns(self.account, filters.wanted)
        return csv_response(campaign_lines(self.account, found), "campaigns.csv")
