"""Canned replies, as those who manage agents keep them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.generic import FormView

from accounts.pages.base import add_refusal
from accounts.roles import MANAGE_AGENTS
from common.errors import DomainError
from conversations.forms import CannedForm
from conversations.models import CannedReply
from conversations.selectors import canned_of
from conversations.services import add_canned, change_canned, remove_canned
from conversations.views.base import DeskView


class CannedView(DeskView):
    required_permission = MANAGE_AGENTS

    def back_to_list(self, told: str) -> HttpResponse:
        messages.success(self.request, told)
        return redirect("workspace_canned", self.account.number)


class CannedFormView(CannedView, FormView):
    form_class = CannedForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"account": self.account, **super().get_form_kwargs()}

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return self.save(form)
        except DomainError as refused:
            add_refusal(form, refused)
            return self.form_invalid(form)

    def save(self, form: CannedForm) -> HttpResponse:
        raise NotImplementedError


class CannedPage(CannedFormView):
    """All of them, and a form for one more."""

    template_name = "conversations/canned.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(rows=canned_of(self.account), **kwargs)

    def save(self, form: CannedForm) -> HttpResponse:
        canned = add_canned(account=self.account, by=self.user, **form.cleaned_data)
        return self.back_to_list(f"{canned} was added.")


class OneCanned(CannedView):
    canned: CannedReply

    def load(self) -> None:
        super().load()
        rows = CannedReply.objects.filter(account=self.account).select_related("account")
        self.canned = get_object_or_404(rows, pk=self.kwargs["canned_id"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(canned=self.canned, **kwargs)


class CannedEdit(OneCanned, CannedFormView):
    template_name = "conversations/canned_edit.html"

    def get_initial(self) -> dict[str, Any]:
        canned = self.canned
        return {"shortcut": canned.shortcut, "text": canned.text, "skill": canned.skill_id}

    def save(self, form: CannedForm) -> HttpResponse:
        canned = change_canned(canned=self.canned, by=self.user, **form.cleaned_data)
        return self.back_to_list(f"{canned} was saved.")


class CannedRemove(OneCanned):
    """By one press: it is added again as quickly."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        remove_canned(canned=self.canned, by=self.user)
        return self.back_to_list(f"{self.canned} was removed.")
