"""The push lab's pages. What a browser shows travels with each request, so nothing is kept here."""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import FormView, View
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh, replace_url

from accounts.models import Account
from accounts.permissions import AccountPermissionMixin, accounts_with
from accounts.roles import VIEW_CAMPAIGNS
from common.errors import DomainError
from consumers.models import Device
from lab import services
from lab.forms import AddPhone
from lab.phones import Phone, Seen, Trouble
from lab.selectors import (
    facts_on_desk,
    lab_accounts,
    lab_devices,
    minute,
    phones_on_desk,
    sending_handoff,
)
from push.models import LabPush
from push.providers.lab import MAGIC
from push.services import lab_is_down, set_lab_down


def refuse_when_off() -> None:
    if settings.LAB == "off":
        raise Http404("The push lab is switched off.")


class Home(View):
    """To the first account with phones."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        refuse_when_off()
        accounts = Account.objects.all()
        if settings.LAB == "members":
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            accounts = accounts_with(request.user, VIEW_CAMPAIGNS)
        account = lab_accounts(accounts).first()
        if account is None:
            return render(request, "lab/none.html")
        return redirect("lab:desk", account.number)


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


class Desk(LabView):
    def get(self, request: HttpRequest, account_number: int) -> HttpResponse:
        return self.render_desk(open_ids=self.open_ids)


class Changes(LabView):
    """Asked once a second: the phones that show something else now, mostly none."""

    def get(self, request: HttpRequest, account_number: int) -> HttpResponse:
        current, seen = facts_on_desk(self.account), self.seen
        if current.keys() != seen.keys():
            return HttpResponseClientRefresh()
        at = minute(self.now)
        changed = {
            pk for pk, facts in current.items() if (facts, at) != (seen[pk].facts, seen[pk].minute)
        }
        if not changed:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        return self.render_changes(open_ids=self.open_ids, only=changed)


class PhoneView(LabView):
    device: Device

    def load(self) -> None:
        devices = lab_devices(self.account).select_related("app", "consumer", "account")
        self.device = get_object_or_404(devices, pk=self.kwargs["device_id"])

    def answer(self, *, is_open: bool, trouble: Trouble | None = None) -> HttpResponseBase:
        """The phone as it is now, or the whole desk where there is no script."""
        device_id = self.device.pk
        open_ids = self.open_ids | {device_id} if is_open else self.open_ids - {device_id}
        troubles = {device_id: trouble} if trouble else None
        if self.is_htmx:
            changes = self.render_changes(
                open_ids=open_ids, only={device_id}, troubles=troubles, focus=device_id
            )
            return replace_url(changes, self.desk_url(open_ids))
        if troubles:
            return self.render_desk(open_ids=open_ids, troubles=troubles)
        return redirect(f"{self.desk_url(open_ids)}#phone-{device_id}")


class PhoneShow(PhoneView):
    """To the app, or back to the lock screen."""

    def post(self, request: HttpRequest, account_number: int, device_id: int) -> HttpResponseBase:
        is_open = request.POST.get("screen") == "app"
        if is_open:
            services.open_app(device=self.device, now=self.now)
        return self.answer(is_open=is_open)


class PhoneTap(PhoneView):
    def post(self, request: HttpRequest, account_number: int, device_id: int) -> HttpResponseBase:
        services.tap(device=self.device, message_id=self._message_id(), now=self.now)
        return self.answer(is_open=True)

    def _message_id(self) -> UUID:
        try:
            message_id = UUID(self.request.POST.get("message", ""))
        except ValueError:
            raise Http404("There is no such message.") from None
        pushes = LabPush.objects.filter(account=self.account, device_id=self.device.pk)
        if not pushes.filter(message_id=message_id.hex).exists():
            raise Http404("This phone has no such message.")
        return message_id


class PhoneReply(PhoneView):
    def post(self, request: HttpRequest, account_number: int, device_id: int) -> HttpResponseBase:
        text = request.POST.get("text", "")
        try:
            services.reply(device=self.device, text=text, now=self.now)
        except DomainError as error:
            return self.answer(is_open=True, trouble=Trouble(error.message, text))
        return self.answer(is_open=True)


class PhoneEnd(PhoneView):
    def post(self, request: HttpRequest, account_number: int, device_id: int) -> HttpResponseBase:
        services.end_conversation(device=self.device, now=self.now)
        return self.answer(is_open=device_id in self.open_ids)


class SendToAll(LabView):
    def post(self, request: HttpRequest, account_number: int) -> HttpResponseBase:
        try:
            people = services.send_to_all(account=self.account, now=self.now)
        except DomainError as error:
            messages.error(request, error.message)
        else:
            who = "1 person" if people == 1 else f"{people} people"
            messages.info(request, f"On its way to {who}.")
        return self.to_desk()


class Provider(LabView):
    """Starts and stops the provider for those whose id begins with lab:down."""

    def post(self, request: HttpRequest, account_number: int) -> HttpResponseBase:
        set_lab_down(self.account, request.POST.get("is_down") == "yes")
        return self.to_desk()


class PhoneAdd(LabView, FormView):
    template_name = "lab/add_phone.html"
    form_class = AddPhone

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "account": self.account}

    def form_valid(self, form: AddPhone) -> HttpResponse:
        device = services.add_phone(
            app=form.app,
            platform=form.cleaned_data["credential"].platform,
            consumer_ref=form.cleaned_data["consumer_ref"],
            label=form.cleaned_data["label"],
            now=self.now,
        )
        return redirect(f"{self.desk_url(())}#phone-{device.pk}")
