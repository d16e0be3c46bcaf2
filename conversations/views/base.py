"""What the workspace's pages share: who sits there, and the conversation that the path names."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.generic import View
from django.views.generic.base import ContextMixin

from accounts.models import User
from accounts.permissions import AccountPermissionMixin
from accounts.roles import ANSWER_CONVERSATIONS
from accounts.selectors import administrators
from conversations.chat import about, chat_of
from conversations.desk_stream import sight_of
from conversations.models import AgentPresence, Conversation, Presence
from conversations.queue import name_of, queue_of
from conversations.seats import Seat, seat_of
from conversations.selectors import canned_for
from conversations.services import MAX_TEXT, note_seen
from conversations.widget_context import framed, origin_of
from conversations.widgets import widgets_of


class DeskView(AccountPermissionMixin, ContextMixin, View):
    required_permission = ANSWER_CONVERSATIONS
    request: HttpRequest
    seat: Seat
    now: datetime

    def load(self) -> None:
        self.now = timezone.now()
        self.seat = seat_of(self.account, self.user, self.permissions)

    @property
    def user(self) -> User:
        if not isinstance(self.request.user, User):
            raise TypeError("The workspace lets somebody in who has not signed in.")
        return self.request.user

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(seat=self.seat, now=self.now, **kwargs)


class Desk(DeskView):
    """The queue, and beside it one conversation or none."""

    conversation: Conversation | None = None

    def show(self, *, typed: str = "", error: str = "") -> HttpResponse:
        """The whole page. ``typed`` stands in the reply again."""
        # First: what changes from here on the stream tells the page, which knows itself by it.
        mark = sight_of(self.seat).mark
        context = self._context(typed, error) | {"mark": mark}
        if self.seat.is_manager or self.seat.skills:
            context |= self._whole()
        else:
            context["administrators"] = administrators(self.account)
        response = render(self.request, "conversations/workspace.html", context)
        # These may be framed here, and on no other page.
        origins = {origin_of(widget.url) for widget in widgets_of(self.account)}
        response._csp_update = {"frame-src": sorted(origins)}  # type: ignore[attr-defined]
        # The window by which our widget asks to sign in keeps its opener.
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
        return response

    def show_live(self, *, known_mode: str = "", typed: str = "", error: str = "") -> HttpResponse:
        """What moves. The reply is left alone while the conversation is as the browser knows it."""
        context = self._context(typed, error) | {"known_mode": known_mode}
        return render(self.request, "conversations/_live.html", context)

    def answer_live(self, **kwargs: Any) -> HttpResponse:
        """After a form was sent: what moves, or the page where there is no script."""
        if self.request.headers.get("HX-Request"):
            self.now = timezone.now()
            return self.show_live(**kwargs)
        if kwargs:
            return self.show(**kwargs)
        return self.back()

    def back(self) -> HttpResponse:
        if self.conversation is None:
            return redirect("workspace", self.account.number)
        return redirect("workspace_conversation", self.account.number, self.conversation.public_id)

    def _context(self, typed: str, error: str) -> dict[str, Any]:
        queue = queue_of(self.seat, now=self.now)
        context = self.get_context_data(queue=queue, typed=typed, error=error)
        if self.conversation is not None:
            context |= {
                "chat": chat_of(self.conversation, seat=self.seat, now=self.now),
                "conversation": self.conversation,
                "canned": canned_for(self.conversation),
                "client_id": uuid4().hex,
                "max_text": MAX_TEXT,
            }
        return context

    def _whole(self) -> Mapping[str, Any]:
        """What is beside the conversation, and what the person said of themselves."""
        # Without script there is no live view to tell that somebody is there.
        note_seen(account=self.account, user=self.user, now=self.now)
        states = AgentPresence.objects.filter(account=self.account, user=self.user)
        whole: dict[str, Any] = {
            "is_away": states.values_list("state", flat=True).first() == Presence.AWAY
        }
        if self.conversation is not None:
            beside = about(self.conversation, seat=self.seat, now=self.now)
            whole |= {
                "about": beside,
                "widgets": framed(widgets_of(self.account), beside.context, seat=self.seat),
            }
        return whole


class OneConversation(Desk):
    """Another skill's conversation does not exist for an agent."""

    conversation: Conversation

    def load(self) -> None:
        super().load()
        seen = self.seat.conversations().select_related("skill", "consumer", "account")
        self.conversation = get_object_or_404(seen, public_id=self.kwargs["conversation_id"])

    def show_page(self, template: str, **kwargs: Any) -> HttpResponse:
        """A page of its own about the conversation: what will happen to it."""
        beside = {"conversation": self.conversation, "who": name_of(self.conversation)}
        return render(self.request, template, self.get_context_data(**beside, **kwargs))
