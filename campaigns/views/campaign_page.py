"""One campaign: how far its messages came, why some did not, its recipients, and one of them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.views.generic import TemplateView, View

from campaigns.analytics import count_campaign, funnel
from campaigns.campaign_rows import is_moving, notices_of
from campaigns.export import recipient_lines
from campaigns.funnel_chart import funnel_chart
from campaigns.models import OutboundMessage
from campaigns.overviews import overview_of
from campaigns.recipient_page import RecipientPage, recipient_page
from campaigns.recipient_rows import SHOWN, recipient_rows, recipients_shown
from campaigns.refusals import refusals_of
from campaigns.request_kept import request_as_kept
from campaigns.selectors import recipients
from campaigns.views.base import OneCampaignMixin
from campaigns.why_not import reasons_of
from common.paging import read_rows
from common.spreadsheet import csv_response
from webhooks.told import told_of

SIZE = 25


class RecipientsMixin(OneCampaignMixin):
    def shown(self) -> QuerySet[OutboundMessage]:
        query = self.request.GET
        return recipients_shown(
            self.campaign, show=self.show, reason=query.get("reason", ""), ref=self.search
        )

    @property
    def show(self) -> str:
        """A word that is none shows everybody."""
        word = self.request.GET.get("show", "")
        return word if word in SHOWN else ""

    @property
    def search(self) -> str:
        return self.request.GET.get("q", "").replace("\0", "")[:255]


class CampaignPage(RecipientsMixin, TemplateView):
    """Asked again every two seconds while it moves, for the parts that do."""

    def get_template_names(self) -> list[str]:
        name = "_campaign_live" if self.is_part else "campaign"
        return [f"campaigns/{name}.html"]

    @property
    def is_part(self) -> bool:
        return "HX-Request" in self.request.headers

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()
        moving = self._moving(now)
        still = {} if self.is_part else self._still()
        return super().get_context_data(**moving, **still, **kwargs)

    def _moving(self, now: datetime) -> dict[str, Any]:
        figures = count_campaign(self.campaign)
        overview = overview_of(self.campaign, figures)
        page = read_rows(
            self.shown(), self.request.GET, by="consumer_ref", size=SIZE, is_ascending=True
        )
        return {
            "campaign": self.campaign,
            "overview": overview,
            "state": overview.state,
            "open_conversations": figures.of("replied") - figures.of("closed"),
            "funnel": funnel_chart(overview, funnel(self.campaign, figures)),
            "reasons": reasons_of(overview, figures),
            "is_table": self.request.GET.get("why") == "table",
            "held_up": notices_of([overview]),
            "time_left": overview.time_left(now),
            "took": None if overview.counts.waiting else self._took(),
            "is_moving": is_moving(overview, now),
            "rows": recipient_rows(page.rows),
            "page": page,
            "shown_title": SHOWN.get(self.show, "Everybody"),
            "show": self.show,
            "reason": self.request.GET.get("reason", ""),
            "search": self.search,
            "recipient": self._recipient(now),
        }

    def _still(self) -> dict[str, Any]:
        """What does not move by itself, or is of no hurry."""
        return {
            "refused": refusals_of(self.campaign),
            "told": told_of(self.account, self.campaign.public_id),
            "request_kept": request_as_kept(self.campaign),
        }

    def _took(self) -> timedelta | None:
        """How long it went on, from the call to the last message."""
        last = recipients(self.campaign).aggregate(last=Max("finished_at"))["last"]
        return last - self.campaign.created_at if last else None

    def _recipient(self, now: datetime) -> RecipientPage | None:
        given = self.request.GET.get("recipient", "")
        if not given:
            return None
        try:
            message = recipients(self.campaign).get(public_id=UUID(given))
        except (ValueError, OutboundMessage.DoesNotExist):
            raise Http404("There is no such recipient.") from None
        return recipient_page(self.campaign, message, now=now)


class RecipientsCsv(RecipientsMixin, View):
    """Those that the page shows, as a file."""

    def get(
        self, request: HttpRequest, account_number: int, campaign_id: str
    ) -> StreamingHttpResponse:
        name = f"campaign-{self.campaign.public_id}-recipients.csv"
        return csv_response(recipient_lines(self.shown()), name)
