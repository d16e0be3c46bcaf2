"""Editing a handoff on one page, by two people at once if need be: nobody's words are lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from common.errors import DomainError
from console.handoffs.page import OneHandoff
from console.handoffs.preview import draw, handoff_typed
from console.handoffs.wizard import ready_apps
from handoffs.drafts import typed_in
from handoffs.forms import EditForm, field_of, samples_in, told, typed
from handoffs.history import WORDS, in_words, versions_of
from handoffs.models import Handoff
from handoffs.services import EDITABLE, HandoffArchived, HandoffChanged, edit_handoff


@dataclass(frozen=True, slots=True)
class Seen:
    """The handoff as it was when the form was opened; it travels with the form."""

    at: datetime
    typed: Mapping[str, Any]

    @classmethod
    def of(cls, handoff: Handoff) -> "Seen":
        return cls(handoff.updated_at, typed_in(handoff))

    @classmethod
    def read(cls, given: str, handoff: Handoff) -> "Seen":
        """From the form; as the handoff is now where that cannot be read."""
        try:
            data = orjson.loads(given)
            at = parse_datetime(data["at"])
            if at is None or at.tzinfo is None or not isinstance(data["typed"], dict):
                raise ValueError("Not what was written.")
        except (ValueError, KeyError, TypeError):
            return cls.of(handoff)
        now = typed_in(handoff)
        kept = {
            name: value
            for name, value in data["typed"].items()
            if isinstance(value, type(now.get(name)))
        }
        return cls(at, {**now, **kept})

    def written(self) -> str:
        return orjson.dumps({"at": self.at.isoformat(), "typed": self.typed}).decode()


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """A field that somebody else changed. ``yours`` is what you typed there, if you did."""

    field: str
    theirs: str
    yours: str


class HandoffEdit(OneHandoff):
    template_name = "console/handoffs/edit.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.handoff.archived_at is not None:
            return self._leave_archived()
        return self.show(self._form(initial=typed_in(self.handoff)), Seen.of(self.handoff))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        seen = Seen.read(request.POST.get("seen", ""), self.handoff)
        if request.POST.get("go") == "look":  # draws the phones anew where there is no script
            return self.show(self._form(initial=typed(EditForm, request.POST)), seen)
        form = self._form(data=request.POST)
        if self.handoff.archived_at is None and seen.at != self.handoff.updated_at:
            return self._tell_what_changed(seen)
        if not form.is_valid():
            return self.show(form, seen)
        try:
            return self._save(form, seen)
        except HandoffChanged:
            self.handoff.refresh_from_db()
            return self._tell_what_changed(seen)
        except HandoffArchived:
            return self._leave_archived()
        except DomainError as error:
            for pointer, message in told(error):
                name = field_of(pointer)
                form.add_error(name if name in form.fields else None, message)
            return self.show(form, seen)

    def _form(self, **kwargs: Any) -> EditForm:
        return EditForm(handoff=self.handoff, ready=ready_apps(self.account), **kwargs)

    def _save(self, form: EditForm, seen: Seen) -> HttpResponse:
        values = {name: value for name, value in form.values().items() if name in EDITABLE}
        edit_handoff(
            handoff=self.handoff,
            changes=values,
            seen_at=seen.at,
            by=str(self.request.user),
            now=timezone.now(),
        )
        messages.success(self.request, "The handoff was saved. What was sent stays as it was.")
        return redirect("handoff_page", self.account.number, self.handoff.public_id)

    def _tell_what_changed(self, seen: Seen) -> HttpResponse:
        """The form with both people's changes in it; where both changed a field, with one's own."""
        now, given = typed_in(self.handoff), typed(EditForm, self.request.POST)
        mine, theirs = _differing(given, seen.typed), _differing(now, seen.typed)
        merged = {**now, **{name: given[name] for name in mine}}
        told_of = _meanwhile(self.handoff, theirs & set(given), mine, given)
        last = versions_of(self.handoff)[:1]
        return self.show(
            self._form(data=merged),
            Seen.of(self.handoff),
            status=HTTPStatus.CONFLICT,
            meanwhile=told_of,
            changed_by=last[0].by if last else "Somebody else",
        )

    def _leave_archived(self) -> HttpResponse:
        messages.error(self.request, "This handoff was archived, so it can't be edited.")
        return redirect("handoff_page", self.account.number, self.handoff.public_id)

    def show(
        self, form: EditForm, seen: Seen, status: int = HTTPStatus.OK, **extra: Any
    ) -> HttpResponse:
        data = form.data if form.is_bound else form.initial
        raw = typed(EditForm, data) if isinstance(data, QueryDict) else data
        shown = handoff_typed(self.account, raw, self.handoff.kind)
        context = self.get_context_data(
            form=form,
            seen=seen.written(),
            phones=draw(shown, samples_in(raw), timezone.now()),
            **extra,
        )
        return self.render_to_response(context, status=status)


def _differing(values: Mapping[str, Any], before: Mapping[str, Any]) -> set[str]:
    """Names of the fields that say something else; apps in another order say the same."""
    return {
        name
        for name, value in values.items()
        if name in before
        and (
            sorted(value) != sorted(map(str, before[name]))
            if name == "app_names"
            else value != before[name]
        )
    }


def _meanwhile(
    handoff: Handoff, theirs: set[str], mine: set[str], given: Mapping[str, Any]
) -> list[Meanwhile]:
    found = []
    for name, word in WORDS.items():
        parts = {"days", "hours"} if name == "lookback" else {name}
        if parts & theirs:
            yours = _as_typed(name, given) if parts & mine else ""
            found.append(Meanwhile(word, in_words(name, getattr(handoff, name)), yours))
    return found


def _as_typed(name: str, given: Mapping[str, Any]) -> str:
    if name == "lookback":
        return f"{given['days']} d {given['hours']} h"
    value = given[name]
    if name.startswith(("push_", "route_", "is_")):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
