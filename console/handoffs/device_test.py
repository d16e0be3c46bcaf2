"""A handoff on one's own phone, before any system calls."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User
from campaigns.own_consumer import (
    ask_for_code,
    confirm_own_consumer,
    devices_of,
    find_own_consumer,
)
from campaigns.own_device import MARK, send_to_own_device
from common.errors import DomainError
from console.handoffs.page import OneHandoff
from console.handoffs.preview import Phones, draw
from handoffs.forms import samples_in


class HandoffTest(OneHandoff):
    """First who one is in the app, proven by a code, then which device; all on one page."""

    template_name = "console/handoffs/test.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("go") == "choose":
            return self._choose(request.POST.get("consumer", ""))
        if request.POST.get("go") == "confirm":
            return self._confirm(request.POST.get("proof", ""), request.POST.get("code", ""))
        return self._send(request.POST.get("device", ""))

    @property
    def person(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user

    def _choose(self, ref: str) -> HttpResponse:
        ref = ref.replace("\0", "").strip()
        try:
            asked = ask_for_code(handoff=self.handoff, ref=ref, by=self.person, now=timezone.now())
        except DomainError as error:
            return self.show(consumer_error=error.message, typed_ref=ref)
        return self.show(asked=asked, proof=asked.proof, typed_ref=ref)

    def _confirm(self, proof: str, code: str) -> HttpResponse:
        try:
            confirm_own_consumer(
                account=self.account, proof=proof, code=code, by=self.person, now=timezone.now()
            )
        except DomainError as error:
            return self.show(code_error=error.message, proof=proof)
        return self.show()

    def _send(self, given: str) -> HttpResponse:
        try:
            verdict = send_to_own_device(
                handoff=self.handoff,
                device_id=_uuid(given),
                samples=self._samples(),
                by=self.person,
                now=timezone.now(),
            )
        except DomainError as error:
            return self.show(device_error=error.message, chosen=given)
        return self.show(verdict=verdict, chosen=given)

    def _samples(self) -> dict[str, str]:
        return samples_in(self.request.POST)

    def _phones(self) -> Phones:
        """With the title as it arrives."""
        phones = draw(self.handoff, self._samples(), timezone.now())
        title = f"{MARK}{phones.likeness.title}"
        return replace(phones, likeness=replace(phones.likeness, title=title))

    def show(self, **extra: Any) -> HttpResponse:
        consumer = find_own_consumer(account=self.account, user=self.person)
        shown = {
            "consumer": consumer,
            "typed_ref": consumer.ref if consumer else "",
            "devices": devices_of(self.handoff, consumer) if consumer else [],
            "phones": self._phones(),
        }
        context = self.get_context_data(**{**shown, **extra})
        return self.render_to_response(context)


def _uuid(given: str) -> UUID:
    """One that no device has, where it is none."""
    try:
        return UUID(given)
    except ValueError:
        return UUID(int=0)
