"""The workspace: who waits, what was said, and what an agent does about it (E6)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from common.errors import DomainError
from conversations.chat import mode_of
from conversations.forms import PresenceForm, ReplyForm, TransferForm
from conversations.live import tell_typing
from conversations.models import ConversationState, Sender
from conversations.selectors import canned_for
from conversations.services import (
    ClientIdReused,
    accept_conversation,
    answer,
    close_conversation,
    mark_read,
    set_presence,
    transfer_conversation,
)
from conversations.views.base import Desk, OneConversation

NO_CONTENT = 204
ARRIVED = "What you sent before has arrived after all. Send this as well, if it is to be said too."


class Workspace(Desk):
    """``?live`` asks for what moves."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.show_live() if "live" in request.GET else self.show()


class ConversationPage(OneConversation):
    """Who answers it has seen what it shows. ``?live`` names the mode that the browser shows."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if "live" in request.GET:
            return self.show_live(known_mode=request.GET["live"])
        if mode_of(self.conversation, self.seat) == "mine":
            mark_read(conversation=self.conversation, reader=Sender.AGENT)
        return self.show()


class Accept(OneConversation):
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            accept_conversation(conversation=self.conversation, by=self.user, now=self.now)
        except DomainError as refused:
            self.conversation.refresh_from_db()
            return self.answer_live(error=refused.message)
        mark_read(conversation=self.conversation, reader=Sender.AGENT)
        return self.answer_live()


class Reply(OneConversation):
    """Without script, a canned reply is put into the text by a press that comes here, too."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = ReplyForm(request.POST)
        typed = form.data.get("text", "")
        if not form.is_valid():
            return self.answer_live(typed=typed, error=form.first_error)
        if form.cleaned_data["insert"] is not None:
            return self.show(typed=self._with_canned(typed, form.cleaned_data["insert"]))
        try:
            answer(
                conversation=self.conversation,
                text=form.cleaned_data["text"],
                client_id=form.cleaned_data["client_id"] or None,
                by=self.user,
                now=self.now,
            )
        except ClientIdReused:
            self.conversation.refresh_from_db()
            return self.answer_live(typed=typed, error=ARRIVED)
        except DomainError as refused:
            self.conversation.refresh_from_db()
            return self.answer_live(typed=typed, error=refused.message)
        self.conversation.refresh_from_db()
        return self.answer_live()

    def _with_canned(self, typed: str, canned_id: int) -> str:
        found = next((one for one in canned_for(self.conversation) if one.pk == canned_id), None)
        return "\n".join(filter(None, [typed.rstrip(), found.text if found else ""]))


class Read(OneConversation):
    """The person has looked at what their browser shows."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        up_to = request.POST.get("up_to", "")
        is_number = up_to.isascii() and up_to.isdecimal() and len(up_to) < 19
        if is_number and mode_of(self.conversation, self.seat) == "mine":
            mark_read(conversation=self.conversation, reader=Sender.AGENT, up_to=int(up_to))
        return HttpResponse(status=NO_CONTENT)


class Typing(OneConversation):
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if mode_of(self.conversation, self.seat) == "mine":
            is_typing = request.POST.get("is_typing") == "true"
            tell_typing(self.conversation, sender=Sender.AGENT, is_typing=is_typing)
        return HttpResponse(status=NO_CONTENT)


class Transfer(OneConversation):
    """To another skill, or back to where it waited; it waits for somebody there."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._show(TransferForm(self.account))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = TransferForm(self.account, request.POST)
        if not form.is_valid():
            return self._show(form)
        skill = form.cleaned_data["skill"]
        try:
            transfer_conversation(
                conversation=self.conversation, skill=skill, by=self.user, now=self.now
            )
        except DomainError as refused:
            messages.error(request, refused.message)
            return self.back()
        messages.success(request, f"The conversation waits for {skill} now.")
        return redirect("workspace", self.account.number)

    def _show(self, form: TransferForm) -> HttpResponse:
        return self.show_page("conversations/transfer.html", form=form)


class Close(OneConversation):
    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.show_page(
            "conversations/close.html",
            is_open=self.conversation.state == ConversationState.OPEN,
        )

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        close_conversation(conversation=self.conversation, by=self.user, now=self.now)
        messages.success(request, "The conversation was closed.")
        return self.back()


class PresencePage(Desk):
    """Only takes what a person says of themselves."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = PresenceForm(request.POST)
        if form.is_valid():
            set_presence(
                account=self.account, user=self.user, state=form.cleaned_data["state"], now=self.now
            )
        return self.back()
