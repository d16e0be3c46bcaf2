"""The push lab's pages. What a browser shows travels with each request, so nothing is kept here."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.generic import FormView, View
from django_htmx.http import HttpResponseClientRefresh, replace_url

from accounts.models import Account
from accounts.permissions import accounts_with
from accounts.roles import VIEW_CAMPAIGNS
from common.errors import DomainError
from consumers.models import Device
from lab import services
from lab.desk_view import LabView, refuse_when_off
from lab.forms import AddPhone
from lab.phones import Trouble
from lab.selectors import facts_on_desk, lab_accounts, lab_devices, minute
from push.models import LabPush
from push.services import set_lab_down


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
        try:
            device = services.add_phone(**form.cleaned_data, now=self.now)
        except DomainError as error:
            form.add_error(None, error.message)
            return self.form_invalid(form)
        return redirect(f"{self.desk_url(())}#phone-{device.pk}")
