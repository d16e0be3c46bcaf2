"""One handoff: what it says, how it looks, the call that uses it, and who changed it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.generic import TemplateView

from accounts.models import User
from accounts.permissions import AccountPermissionMixin
from accounts.roles import MANAGE_HANDOFFS
from campaigns.own_consumer import find_own_consumer
from campaigns.selectors import count_campaigns_by_handoff
from campaigns.services import HandoffInUse, archive_handoff, count_waiting
from common.errors import Conflict
from console.handoffs.listing import RECENTLY
from console.handoffs.preview import draw
from handoffs.drafts import TooManyDrafts, copy_handoff
from handoffs.history import versions_of
from handoffs.models import Channel, Handoff, Step
from handoffs.snippets import call_of, snippets


class OneHandoff(AccountPermissionMixin, TemplateView):
    """A page of one handoff of the account, archived or not."""

    required_permission = MANAGE_HANDOFFS
    handoff: Handoff

    def load(self) -> None:
        handoffs = Handoff.objects.filter(account=self.account)
        self.handoff = get_object_or_404(handoffs, public_id=self.kwargs["handoff_id"])
        self.handoff.account = self.account

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"handoff": self.handoff, **kwargs})

    def call(self) -> dict[str, Any]:
        """The call that uses it, for the one who looks at it."""
        assert isinstance(self.request.user, User)
        own = find_own_consumer(account=self.account, user=self.request.user)
        call = call_of(self.handoff, consumer_ref=own.ref if own else "")
        return {"call": call, "snippets": snippets(call)}


class HandoffPage(OneHandoff):
    template_name = "console/handoffs/page.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()
        counts = count_campaigns_by_handoff([self.handoff], since=now - RECENTLY)
        return super().get_context_data(
            **kwargs,
            **self.call(),
            channel=Channel(self.handoff.channels[0]).label,
            campaigns=counts.get(self.handoff.pk, 0),
            versions=versions_of(self.handoff),
            phones=draw(self.handoff, {}, now),
        )


class HandoffDone(OneHandoff):
    """The id to copy, right after it was made."""

    template_name = "console/handoffs/done.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, **self.call())


class HandoffDuplicate(OneHandoff):
    """By POST: a draft that says the same, opened where its title is."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            draft = copy_handoff(handoff=self.handoff, by=str(request.user), now=timezone.now())
        except TooManyDrafts as error:
            messages.error(request, error.message)
            return redirect("handoff_page", self.account.number, self.handoff.public_id)
        return redirect("handoff_step", self.account.number, draft.pk, Step.MESSAGE.value)


class HandoffArchive(OneHandoff):
    """What archiving will do, in numbers, before it does."""

    template_name = "console/handoffs/archive.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        counts = count_campaigns_by_handoff([self.handoff], since=self.handoff.created_at)
        return super().get_context_data(
            **kwargs,
            waiting=count_waiting(self.handoff),
            campaigns=counts.get(self.handoff.pk, 0),
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            archive_handoff(handoff=self.handoff, by=str(request.user), now=timezone.now())
        except HandoffInUse as error:
            return self.render_to_response(self.get_context_data(refusal=error.message), status=409)
        except Conflict as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"“{self.handoff.title}” was archived.")
        return redirect("handoff_page", self.account.number, self.handoff.public_id)
