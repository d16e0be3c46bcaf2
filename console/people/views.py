"""Consumers: one is looked for by id; their devices, what was sent to them, and their rights."""

from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from accounts.pages.base import Confirmation, Setting, SettingPage
from campaigns.erasing import extent_of
from campaigns.people import Person, find_by_key, find_people, messages_to, reach_of
from campaigns.reasons import explanation
from campaigns.selectors import routes_by_message
from common.paging import read_rows
from consumers.models import Consumer, Device
from consumers.services import opt_in, opt_out
from conversations.models import Conversation
from deflection.people import erase_person, export_person

# Why a device left the registry, where it was no answer of a provider.
REMOVALS = {
    "operator": "An operator took it out.",
    "stale": "It was not seen for too long.",
    "token_replaced": "The app has another token for it now.",
    "too_many": "The person has too many others, which were seen later.",
    "unregistered": "The app unregistered it.",
}
MESSAGES_A_PAGE = 25
MOST_DEVICES = 50
MOST_CONVERSATIONS = 20


class ConsumerList(SettingPage):
    """An id is looked for letter by letter; nobody scrolls through all the people of a brand."""

    template_name = "console/consumers/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        text = self.request.GET.get("q", "")
        found = find_people(self.account, text) if text else None
        anybody = None if found else Consumer.objects.filter(account=self.account).exists()
        return super().get_context_data(q=text, found=found, anybody=anybody, **kwargs)


class OfConsumer(Setting):
    """A page of one person; another brand's does not exist."""

    person: Person

    def load(self) -> None:
        person = find_by_key(self.account, self.kwargs["key"])
        if person is None:
            raise Http404("There is no such consumer.")
        self.person = person

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = {"person": self.person, "consumer": self.person.consumer}
        return super().get_context_data(**{**kwargs, **own})

    def back(self, told: str) -> HttpResponse:
        return self.back_to("consumer_page", self.person.key, told=told)

    def known(self) -> Consumer:
        """:raises Http404: the person never signed in, so there is nothing to set."""
        if self.person.consumer is None:
            raise Http404("This person has never signed in.")
        self.person.consumer.account = self.account
        return self.person.consumer


class ConsumerPage(OfConsumer, SettingPage):
    template_name = "console/consumers/page.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = read_rows(
            messages_to(self.account, self.person.ref).select_related("campaign"),
            self.request.GET,
            size=MESSAGES_A_PAGE,
        )
        routes = routes_by_message(page.rows)
        sent = [
            (message, routes.get(message.public_id), _why(message.reason)) for message in page.rows
        ]
        return super().get_context_data(
            page=page,
            sent=sent,
            devices=self._devices(),
            conversations=self._conversations(),
            reach=reach_of(self.person, now=timezone.now()),
            **kwargs,
        )

    def _devices(self) -> list[tuple[Device, str]]:
        """Those that are registered first, the one used last on top; why the others are not."""
        if self.person.consumer is None:
            return []
        devices = Device.objects.filter(consumer=self.person.consumer).select_related("app")
        newest = devices.order_by("-last_seen_at", "-pk")[:MOST_DEVICES]
        ordered = sorted(newest, key=lambda device: device.removed_at is not None)
        return [(device, _removed(device.removed_reason)) for device in ordered]

    def _conversations(self) -> list[Conversation]:
        if self.person.consumer is None:
            return []
        mine = Conversation.objects.filter(consumer=self.person.consumer)
        return list(mine.select_related("skill").order_by("-pk")[:MOST_CONVERSATIONS])


def _removed(word: str) -> str:
    return REMOVALS.get(word) or _why(word)


def _why(word: str) -> str:
    return explanation(word).sentence if word else ""


class OptOut(OfConsumer):
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        opt_out(consumer=self.known(), by=self.user, now=timezone.now())
        return self.back("No outbound message goes to this person any more.")


class OptIn(OfConsumer):
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        opt_in(consumer=self.known(), by=self.user)
        return self.back("Outbound messages go to this person again.")


class Export(OfConsumer):
    """A file to hand over; by POST, since it is written down who took it."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        exported = export_person(person=self.person, by=self.user)
        body = orjson.dumps(exported, option=orjson.OPT_INDENT_2)
        # The name of the file says nothing of the person: it stays in lists of downloads.
        name = f"consumer-{self.person.key}.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(body, content_type="application/json", headers=headers)


class Erase(OfConsumer, Confirmation):
    template_name = "console/consumers/erase.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(extent=extent_of(self.person), **kwargs)

    def confirmed(self) -> HttpResponse:
        erased = erase_person(person=self.person, by=self.user, now=timezone.now())
        told = f"The person was erased, with the texts of {erased.messages:,} messages."
        return self.back_to("consumer_list", told=told)
