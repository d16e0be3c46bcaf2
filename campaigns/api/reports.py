"""LivePerson's Outbound Reporting API (``liveperson.md`` 1.9, A14): live, with its field names."""

from datetime import datetime, timedelta
from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from accounts.models import Account
from campaigns import analytics, reports, selectors
from campaigns.analytics import Figures, Group, Scope
from campaigns.models import Campaign, State
from campaigns.reports import Reported
from common.body import Fields
from common.query import EPOCH, Query
from conversations.models import Source

MAX_ANALYTICS = timedelta(days=60)
MAX_FILTER = 1000
# LivePerson's app -> who started the messages.
APPS = {"prmsg": Source.API, "c2m": Source.IVR}
# Where a campaign came from, in its words; all of ours came by the API.
SOURCES = ("API", "UI", "LPWF")
OURS = "API"


class ReportView(BrandView):
    required_scope = "reports:read"
    api_name = "reporting"

    def read_interval(self, request: Request, most: timedelta) -> tuple[datetime, datetime, Query]:
        query = Query(request.query_params)
        since = query.milliseconds("attemptedStartTime")
        until = query.milliseconds("attemptedEndTime")
        if not query.errors and until < since:
            query.fail("attemptedEndTime", "out_of_range", "The end is before the start.")
        if not query.errors and until - since > most:
            hours = int(most.total_seconds()) // 3600
            query.fail("attemptedEndTime", "out_of_range", f"{hours} hours can be asked for.")
        return since, until, query


class Analytics(ReportView):
    """By channel, skill and day; a filter by handoff or source groups by it as well."""

    def get(self, request: Request, account_number: str, app: str) -> Response:
        return self._answer(request, app, Fields({}))

    def post(self, request: Request, account_number: str, app: str) -> Response:
        body = Fields(request.data)
        return self._answer(request, app, body.nested("filters") or body)

    def _answer(self, request: Request, app: str, given: Fields) -> Response:
        since, until, query = self.read_interval(request, MAX_ANALYTICS)
        sources = given.texts("source", max_items=MAX_FILTER, choices=SOURCES) or None
        scope = Scope(
            source=APPS[app],
            since=since,
            until=until,
            channels=narrowing(given, "channels"),
            skills=narrowing(given, "skills"),
            handoff_ids=narrowing(given, "handoffids"),
        )
        query.errors += given.errors
        query.raise_if_invalid()
        is_none = sources is not None and OURS not in sources
        found = {} if is_none else analytics.count(self.account.pk, scope)
        more = {} if sources is None else {"source": OURS}
        return Response(
            {
                "requestMetadata": interval_json(self.account, app, since, until),
                "analytics": [
                    analytics_json(group, figures) | more for group, figures in found.items()
                ],
            }
        )


def narrowing(given: Fields, name: str) -> list[str] | None:
    """A list that filters; an empty one filters no more than one that is absent."""
    return given.texts(name, max_items=MAX_FILTER) or None


def interval_json(account: Account, app: str, since: datetime, until: datetime) -> dict[str, Any]:
    return {
        "accountId": str(account.number),
        "app": app,
        "attemptedStartTime": _milliseconds(since),
        "attemptedEndTime": _milliseconds(until),
    }


def _milliseconds(value: datetime) -> int:
    return (value - EPOCH) // timedelta(milliseconds=1)


def analytics_json(group: Group, figures: Figures) -> dict[str, Any]:
    row = {
        "channel": group.channel,
        "skill": group.skill,
        "transactionday": f"{group.day:%m-%d-%Y}",
        "attempted": figures.of("accepted"),
        "eligible": figures.eligible,
        "skipped": figures.skipped,
        "sent": figures.of(State.SENT),
        "failed": figures.unsent,
        "delivered": figures.of("delivered"),
        "read": figures.of("opened"),
        "conversationscreated": figures.of("replied"),
        "conversationsclosed": figures.of("closed"),
        # Nobody asks consumers for a score yet.
        "csat": None,
        "error_aggregation": figures.errors,
    }
    return row if group.handoff_id is None else {**row, "handoffid": group.handoff_id}


class CampaignReportView(ReportView):
    """A report on one campaign of the app that the path names."""

    campaign: Campaign

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        campaigns = selectors.campaigns_of(self.account).filter(source=APPS[kwargs["app"]])
        campaign = campaigns.filter(public_id=kwargs["campaign_id"]).first()
        if campaign is None:
            raise Http404
        self.campaign = campaign

    def metadata(self, app: str) -> dict[str, Any]:
        return {
            "accountId": str(self.account.number),
            "app": app,
            "proactiveCampaignId": self.campaign.public_id,
        }


class CampaignReport(CampaignReportView):
    """Every recipient, on one page as at LivePerson."""

    def get(self, request: Request, account_number: str, app: str, campaign_id: str) -> Response:
        rows = reports.messages_of(self.campaign)
        return Response(
            {
                "requestMetadata": self.metadata(app),
                "page": {
                    "count": len(rows),
                    "previousOffset": -1,
                    "currentOffset": 0,
                    "nextOffset": -1,
                },
                "consumersReport": [_consumer_json(row) for row in rows],
            }
        )


def _consumer_json(row: Reported) -> dict[str, Any]:
    return {
        "id": str(row.message.public_id),
        "errorCode": row.error_code,
        "errorMessage": row.error_message,
        "errorSource": row.error_source,
        "status": row.status,
        "consumerId": row.message.consumer_ref,
        "conversationId": conversation_id(row),
    }


def conversation_id(row: Reported) -> str | None:
    found = row.answer.conversation_id if row.answer else None
    return str(found) if found else None


class CampaignAnalytics(CampaignReportView):
    def get(self, request: Request, account_number: str, app: str, campaign_id: str) -> Response:
        scope = Scope(source=APPS[app], campaign_id=self.campaign.public_id)
        found = analytics.count(self.account.pk, scope)
        return Response(
            {
                "requestMetadata": self.metadata(app),
                "analytics": [analytics_json(group, figures) for group, figures in found.items()],
            }
        )
