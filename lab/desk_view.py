"""What the lab's views share: who may enter, what the browser shows, answering with the desk."""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import Account
from accounts.permissions import AccountPermissionMixin
from accounts.roles import VIEW_CAMPAIGNS
from lab import services, stubs
from lab.phones import Phone, Seen, Trouble
from lab.selectors import phones_on_desk, sending_handoff
from push.providers.lab import MAGIC
from push.services import lab_is_down


def refuse_when_off() -> None:
    if settings.LAB == "off":
        raise Http404("The push lab is switched off.")


class LabView(AccountPermissionMixin):
    """A view of one account's desk, for its members or for everyone, as LAB says."""

    required_permission = VIEW_CAMPAIGNS

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refuse_when_off()
        self.now = timezone.now()
        if settings.LAB != "open":
            return super().dispatch(request, *args, **kwargs)
        self.account = get_object_or_404(Account, number=kwargs["account_number"])
        self.permissions = frozenset()
        self.load()
        return super(AccountPermissionMixin, self).dispatch(request, *args, **kwargs)

    @property
    def is_htmx(self) -> bool:
        return self.request.headers.get("HX-Request") == "true"

    @property
    def seen(self) -> dict[int, Seen]:
        """What the browser shows of each phone, as it says."""
        sent: QueryDict = self.request.POST if self.request.method == "POST" else self.request.GET
        found = (Seen.parse(text) for text in sent.getlist("phone"))
        return {one.device_id: one for one in found if one}

    @property
    def open_ids(self) -> set[int]:
        """The phones that show the app: told by fields beside them, without script by the URL."""
        if self.is_htmx:
            return {one.device_id for one in self.seen.values() if one.is_open}
        return {int(text) for text in self.request.GET.getlist("app") if text.isdecimal()}

    def desk_url(self, open_ids: Collection[int]) -> str:
        query = QueryDict(mutable=True)
        query.setlist("app", [str(device_id) for device_id in sorted(open_ids)])
        url = reverse("lab:desk", args=[self.account.number])
        return f"{url}?{query.urlencode()}" if query else url

    def to_desk(self) -> HttpResponseBase:
        url = self.desk_url(self.open_ids)
        return HttpResponseClientRedirect(url) if self.is_htmx else redirect(url)

    def phones(
        self,
        open_ids: Collection[int],
        *,
        only: Collection[int] | None = None,
        troubles: Mapping[int, Trouble] | None = None,
    ) -> list[Phone]:
        phones = phones_on_desk(
            self.account,
            seen=self.seen,
            open_ids=open_ids,
            only=only,
            troubles=troubles,
            now=self.now,
        )
        services.note_shown(account=self.account, phones=phones, now=self.now)
        services.note_read(phones)
        return phones

    def render_desk(
        self, *, open_ids: Collection[int], troubles: Mapping[int, Trouble] | None = None
    ) -> HttpResponse:
        phones = self.phones(open_ids, troubles=troubles)
        context = {
            "account": self.account,
            "phones": phones,
            "people": len({phone.device.consumer_id for phone in phones}),
            "handoff": sending_handoff(self.account),
            "magic": MAGIC,
            "is_down": lab_is_down(self.account),
            "stubs": stubs.folder() if stubs.are_there() else None,
            "orders": stubs.sample_orders([phone.device for phone in phones]),
            "desk_url": self.desk_url(open_ids),
            "open_query": self.desk_url(open_ids).partition("?")[2],
        }
        status = HTTPStatus.BAD_REQUEST if troubles else HTTPStatus.OK
        return render(self.request, "lab/desk.html", context, status=status)

    def render_changes(
        self,
        *,
        open_ids: Collection[int],
        only: Collection[int],
        troubles: Mapping[int, Trouble] | None = None,
        focus: int | None = None,
    ) -> HttpResponse:
        """Only the phones in ``only``; ``focus`` is the one that a hand is on."""
        context = {
            "account": self.account,
            "phones": self.phones(open_ids, only=only, troubles=troubles),
            "is_swap": True,
            "focus": focus,
        }
        return render(self.request, "lab/_changes.html", context)
