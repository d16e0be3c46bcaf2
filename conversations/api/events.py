"""``GET events``: what happens in the dialog, as it happens, for as long as the token is good."""

from uuid import UUID

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from common.errors import FieldError, InvalidRequest
from common.event_stream import event_stream
from consumers.authentication import SdkView
from conversations.api.event_feed import EventFeed
from conversations.changes import Point, find_point


class Events(SdkView):
    """`Last-Event-ID` or `after` names the message after which an app goes on; else it is told what
    is new from the first beat on."""

    # A HEAD would be a stream as well, that nobody reads.
    http_method_names = ("get", "options")

    def get(self, request: Request, account_number: int) -> StreamingHttpResponse:
        feed = EventFeed(
            account=self.account,
            consumer_ref=self.ref,
            after=self._read_point(request),
            token_ends_at=self.token_ends_at,
        )
        return event_stream(feed.run())

    def _read_point(self, request: Request) -> Point | None:
        """The header goes before the parameter; both have to be good."""
        given = request.headers.get("Last-Event-ID"), request.query_params.get("after")
        points = [self._find_point(one) for one in given if one is not None]
        return points[0] if points else None

    def _find_point(self, given: str) -> Point:
        consumer = self.find_consumer()
        try:
            point = find_point(consumer, UUID(given)) if consumer else None
        except ValueError:
            point = None
        if point is None:
            detail = "This names no message of the dialog. Read the dialog, and go on without it."
            raise InvalidRequest([FieldError("/after", "unknown_message", detail)])
        return point
