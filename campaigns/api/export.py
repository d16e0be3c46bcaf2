"""The recipients of a campaign as CSV, streamed."""

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from campaigns.api.base import CampaignView
from campaigns.api.recipients import wanted_recipients
from campaigns.export import recipient_lines
from common.spreadsheet import csv_response


class RecipientsCsv(CampaignView):
    """``status`` and ``reason`` filter, as in the list."""

    def get(self, request: Request, account_number: int, campaign_id: str) -> StreamingHttpResponse:
        rows = wanted_recipients(self.campaign, request.query_params)
        name = f"campaign-{self.campaign.public_id}-recipients.csv"
        return csv_response(recipient_lines(rows), name)
