"""Half-made handoffs, from the list: go on with one, or drop it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.generic import TemplateView

from accounts.permissions import AccountPermissionMixin
from accounts.roles import MANAGE_HANDOFFS
from console.handoffs.wizard import DraftPage
from handoffs.drafts import drop_draft
from handoffs.models import HandoffDraft, Step


class HandoffDraftOpen(DraftPage):
    """To the step that the draft was left at."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect(self.url_of(Step(self.draft.step)))


class HandoffDraftDrop(AccountPermissionMixin, TemplateView):
    required_permission = MANAGE_HANDOFFS
    template_name = "console/handoffs/drop.html"
    draft: HandoffDraft

    def load(self) -> None:
        self.draft = get_object_or_404(self.account.handoff_drafts, pk=self.kwargs["draft_id"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, draft=self.draft)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        drop_draft(draft=self.draft, by=str(request.user))
        messages.success(request, "The draft was dropped.")
        return redirect("handoff_list", self.account.number)
