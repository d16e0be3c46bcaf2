"""The last step: all that was chosen, what is wrong with it, and the button that makes it."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from common.errors import DomainError
from console.handoffs.preview import draw
from console.handoffs.wizard import FORMS, DraftPage
from handoffs.drafts import finish_draft
from handoffs.forms import StepForm, field_of, samples_in, told
from handoffs.models import Channel, HandoffDraft, Step


@dataclass(frozen=True, slots=True)
class Mistake:
    """What keeps a draft from being made, and the step where it is mended."""

    step: Step
    url: str
    label: str
    message: str


class HandoffReview(DraftPage):
    """All that was chosen, and the button that makes it."""

    step = Step.REVIEW
    template_name = "console/handoffs/review.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        values, mistakes = self.check()
        return self.show(values, mistakes)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        values, mistakes = self.check()
        if mistakes:
            return self.show(values, mistakes)
        try:
            handoff = finish_draft(
                draft=self.draft, values=values, by=str(request.user), now=timezone.now()
            )
        except HandoffDraft.DoesNotExist:
            raise Http404("This draft was made or dropped meanwhile.") from None
        except DomainError as error:
            return self.show(values, self._told_late(error))
        return redirect("handoff_done", self.account.number, handoff.public_id)

    def check(self) -> tuple[dict[str, Any], list[Mistake]]:
        """What all steps say together, and what is wrong with it."""
        values: dict[str, Any] = {}
        mistakes: list[Mistake] = []
        for step in FORMS:
            form = self.bound(step)
            if form.is_valid():
                values |= form.values()
            mistakes += [
                self._mistake(step, form, name, str(error))
                for name, errors in form.errors.items()
                for error in errors
            ]
        values.pop("kind", None)
        return values, mistakes

    def _mistake(self, step: Step, form: StepForm, name: str, message: str) -> Mistake:
        label = str(form.fields[name].label) if name in form.fields else ""
        return Mistake(step, self.url_of(step), label, message)

    def _told_late(self, error: DomainError) -> list[Mistake]:
        """What only the database knew, as a title that was taken a moment before."""
        found = []
        for pointer, message in told(error):
            name = field_of(pointer)
            step = next((s for s, form in FORMS.items() if name in form.base_fields), Step.MESSAGE)
            found.append(self._mistake(step, self.bound(step), name, message))
        return found

    def show(self, values: dict[str, Any], mistakes: list[Mistake]) -> HttpResponse:
        handoff = self.candidate()
        for name, value in values.items():
            setattr(handoff, name, value)
        samples = samples_in(self.draft.data)
        context = self.get_context_data(
            handoff=handoff,
            channel=Channel(handoff.channels[0]).label,
            mistakes=mistakes,
            phones=draw(handoff, samples, timezone.now()),
            change={step.value: self.url_of(step) for step in FORMS},
        )
        return self.render_to_response(context)
