"""The workspace's stream of events, for the session that opened it."""

from types import SimpleNamespace
from typing import Any

from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.models import User
from accounts.permissions import permissions_on
from accounts.roles import ANSWER_CONVERSATIONS
from common.event_stream import RETRY_AFTER, event_stream
from common.problems import ServiceUnavailable
from conversations.desk_stream import desk_events
from conversations.seats import Seat, seat_of
from conversations.views.base import DeskView


class Live(DeskView):
    """The page asks again by itself where there is no room for one more, or it ends."""

    # A HEAD would be a stream as well, that nobody reads.
    http_method_names = ("get",)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            return event_stream(desk_events(self.seat, renewed=self._renewed))
        except ServiceUnavailable:
            return HttpResponse(status=503, headers={"Retry-After": str(RETRY_AFTER)})

    def _renewed(self) -> Seat | None:
        """Who signed out or lost the role meanwhile sits there no longer."""
        session = self.request.session
        user = get_user(SimpleNamespace(session=type(session)(session.session_key)))  # type: ignore[arg-type]
        if not isinstance(user, User) or user != self.user:
            return None
        permissions = permissions_on(user, self.account)
        if ANSWER_CONVERSATIONS not in permissions:
            return None
        return seat_of(self.account, user, permissions)
