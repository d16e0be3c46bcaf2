"""What the pages of the settings share: who opens them, who changes something, how forms answer."""

from typing import Any, ClassVar

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.generic import FormView, TemplateView, View
from django.views.generic.base import ContextMixin

from accounts.models import User
from accounts.permissions import AccountPermissionMixin
from accounts.roles import ADMINISTER, VIEW_CAMPAIGNS
from accounts.selectors import administrators
from common.errors import DomainError


class Setting(AccountPermissionMixin, ContextMixin, View):
    """Open to all who see the campaigns; what changes something is for administrators."""

    required_permission = VIEW_CAMPAIGNS
    changing_permission = ADMINISTER
    request: HttpRequest

    @property
    def user(self) -> User:
        if not isinstance(self.request.user, User):
            raise TypeError("The settings let somebody in who has not signed in.")
        return self.request.user

    @property
    def can_change(self) -> bool:
        return ADMINISTER in self.permissions

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {"can_change": self.can_change, **kwargs}
        if not self.can_change:
            context["administrators"] = administrators(self.account)
        return super().get_context_data(**context)

    def back_to(self, view: str, *named: Any, told: str = "") -> HttpResponse:
        """Lead on to a page of this account, which tells what was done."""
        if told:
            messages.success(self.request, told)
        return redirect(view, self.account.number, *named)


class SettingPage(Setting, TemplateView):
    """A page to read."""


class SettingForm(Setting, FormView):
    """A form: what a rule refuses stands beside the field that it speaks of."""

    required_permission = ADMINISTER
    back_view: ClassVar[str]

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return self.save(form)
        except DomainError as refused:
            add_refusal(form, refused)
            return self.form_invalid(form)

    def save(self, form: Any) -> HttpResponse:
        """Call the service and lead on."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"back": self.back_url(), **kwargs})

    def back_url(self) -> str:
        return str(redirect(self.back_view, self.account.number).url)


class Confirmation(Setting, TemplateView):
    """Says what will happen, and does it when that is confirmed."""

    required_permission = ADMINISTER
    template_name = "accounts/settings/confirm.html"

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            return self.confirmed()
        except DomainError as refused:
            messages.error(request, refused.message)
            return redirect(request.get_full_path())

    def confirmed(self) -> HttpResponse:
        """Call the service and lead on."""
        raise NotImplementedError


def add_refusal(form: BaseForm, refused: DomainError) -> None:
    name = refused.pointer.removeprefix("/")
    form.add_error(name if name in form.fields else None, refused.message)


def show_once(request: HttpRequest, **context: Any) -> HttpResponse:
    """The answer to a POST that made a secret: the only place where it is ever told.

    There is no address to come back to, and the browser is asked to keep nothing of it; sent
    again, the form that led here is refused.
    """
    return render(request, "accounts/settings/secret.html", {"can_change": True, **context})
