"""Making a handoff in four steps, over a draft that is saved with each of them (B2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView

from accounts.models import Account
from accounts.permissions import AccountPermissionMixin
from accounts.roles import MANAGE_HANDOFFS
from console.handoffs.preview import draw, handoff_typed
from handoffs.drafts import TooManyDrafts, save_draft, start_draft
from handoffs.forms import (
    ChannelForm,
    MessageForm,
    RulesForm,
    StepForm,
    samples_in,
    typed,
)
from handoffs.models import Handoff, HandoffDraft, Kind, Step
from push.models import PushCredential

FORMS: Mapping[Step, type[StepForm]] = {
    Step.CHANNEL: ChannelForm,
    Step.MESSAGE: MessageForm,
    Step.RULES: RulesForm,
}
STEPS = list(Step)
# Where the buttons lead to; "look" draws the phones anew where there is no script.
MOVES = {"back": -1, "look": 0, "next": 1}
HINTS = {
    Step.CHANNEL: "In-App",
    Step.MESSAGE: "What people read",
    Step.RULES: "How long, to whom",
    Step.REVIEW: "Then copy the id",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the numbered steps on top; ``url`` leads to one that was reached."""

    step: Step
    hint: str
    url: str
    is_current: bool
    is_done: bool


def ready_apps(account: Account) -> set[str]:
    """Names of the apps that can be pushed to on some platform."""
    credentials = PushCredential.objects.filter(app__account=account, is_enabled=True)
    return set(credentials.values_list("app__bundle_id", flat=True))


class WizardPage(AccountPermissionMixin, TemplateView):
    required_permission = MANAGE_HANDOFFS
    step: ClassVar[Step]
    draft: HandoffDraft | None = None
    form: StepForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        at = STEPS.index(self.step)
        return super().get_context_data(
            **kwargs,
            draft=self.draft,
            step=self.step,
            stages=self._stages(),
            before=STEPS[at - 1] if at else None,
            after=STEPS[at + 1] if at + 1 < len(STEPS) else None,
        )

    def _stages(self) -> list[Stage]:
        reached = STEPS.index(Step(self.draft.step)) if self.draft else 0
        current = STEPS.index(self.step)
        return [
            Stage(
                step=step,
                hint=HINTS[step],
                url=self.url_of(step) if self.draft and at <= reached else "",
                is_current=at == current,
                is_done=at <= reached and at != current,
            )
            for at, step in enumerate(STEPS)
        ]

    def url_of(self, step: Step) -> str:
        assert self.draft is not None
        return reverse("handoff_step", args=[self.account.number, self.draft.pk, step.value])


class HandoffNew(WizardPage):
    """The first step; a draft there is when it is left for the next one."""

    step = Step.CHANNEL
    template_name = "console/handoffs/channel.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.form = ChannelForm(handoff=Handoff(account=self.account))
        return self.render_to_response(self.get_context_data(form=self.form))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        candidate = Handoff(account=self.account, kind=Kind.PROACTIVE)
        self.form = ChannelForm(request.POST, handoff=candidate)
        if not self.form.is_valid():
            return self.render_to_response(self.get_context_data(form=self.form))
        data = typed(ChannelForm, request.POST)
        try:
            self.draft = start_draft(
                account=self.account,
                kind=data.pop("kind"),
                data=data,
                by=str(request.user),
                now=timezone.now(),
            )
        except TooManyDrafts as error:
            messages.error(request, error.message)
            return redirect("handoff_list", self.account.number)
        return redirect(self.url_of(Step.MESSAGE))


class DraftPage(WizardPage):
    draft: HandoffDraft

    def load(self) -> None:
        drafts = HandoffDraft.objects.select_related("account__default_skill")
        of_account = drafts.filter(account=self.account)
        self.draft = get_object_or_404(of_account, pk=self.kwargs["draft_id"])

    def candidate(self) -> Handoff:
        """The handoff as far as the draft says it."""
        return handoff_typed(self.account, self.draft.data, self.draft.kind)

    def bound(self, step: Step) -> StepForm:
        """The step as the draft holds it, with what is not there as it is to begin with."""
        form_class = FORMS[step]
        begin = {name: field.initial for name, field in form_class.base_fields.items()}
        return self.make_form(step, data={**begin, **self._data()})

    def make_form(self, step: Step, **kwargs: Any) -> StepForm:
        if step == Step.MESSAGE:
            kwargs["ready"] = ready_apps(self.account)
        return FORMS[step](handoff=self.candidate(), **kwargs)

    def _data(self) -> dict[str, Any]:
        return {"kind": self.draft.kind, **self.draft.data}


class HandoffStep(DraftPage):
    """A step with a form: its page, and what is done with it when a button is pressed."""

    def load(self) -> None:
        super().load()
        self.step = Step(self.kwargs["step"])  # type: ignore[misc]

    def get_template_names(self) -> list[str]:
        return [f"console/handoffs/{self.step}.html"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.form = self.make_form(self.step, initial=self._data())
        return self.show()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.form = self.make_form(self.step, data=request.POST)
        wish = request.POST.get("go", "next")
        is_right = wish != "next" or self.form.is_valid()
        self._save(request, is_right=is_right and wish == "next")
        if wish == "drop":
            return redirect("handoff_draft_drop", self.account.number, self.draft.pk)
        if wish == "close":
            messages.success(request, "The draft is kept: continue it whenever you like.")
            return redirect("handoff_list", self.account.number)
        if not is_right:
            return self.show()
        at = max(0, STEPS.index(self.step) + MOVES.get(wish, 1))
        return redirect(self.url_of(STEPS[at]))

    def _save(self, request: HttpRequest, *, is_right: bool) -> None:
        """What was typed stays, whether or not it holds."""
        data = typed(FORMS[self.step], request.POST)
        kind = data.pop("kind", None)
        following = STEPS[STEPS.index(self.step) + 1]
        try:
            self.draft = save_draft(
                draft=self.draft,
                data=data,
                kind=kind if kind in Kind.values else None,
                reached=following if is_right else self.step,
                by=str(request.user),
                now=timezone.now(),
            )
        except HandoffDraft.DoesNotExist:
            raise Http404("This draft was made or dropped meanwhile.") from None

    def show(self) -> HttpResponse:
        context = self.get_context_data(form=self.form)
        if self.step == Step.MESSAGE:
            phones = draw(self.candidate(), samples_in(self.draft.data), timezone.now())
            context["phones"] = phones
        return self.render_to_response(context)
