"""The SDK's door: the app tells what became of a message."""

from uuid import UUID

from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import EventKind
from campaigns.receipts import UnknownMessage, record_event
from consumers.authentication import SdkView


class Receipt(SdkView):
    """The app tells that it showed (``delivered``) or opened (``opened``) a message (D7)."""

    kind: EventKind = EventKind.DELIVERED

    def post(self, request: Request, account_number: int, message_id: str) -> Response:
        try:
            is_news = record_event(
                account=self.account,
                message_id=UUID(message_id),
                kind=self.kind,
                consumer_ref=self.ref,
                now=timezone.now(),
            )
        except UnknownMessage:
            raise Http404 from None
        return Response({"id": str(UUID(message_id)), "recorded": is_news})
