"""The operator's window on handoffs; what is saved goes through the services."""

from copy import copy
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_scope import AccountScopedAdmin
from common.errors import DomainError, InvalidRequest
from handoffs.models import Channel, Handoff
from handoffs.rules import check, tidy
from handoffs.services import EDITABLE, check_title_is_free, create_handoff, edit_handoff

# Given once, at creation.
FIXED = ("account", "kind", "public_id")


class HandoffForm(forms.ModelForm):
    channels = forms.MultipleChoiceField(choices=Channel.choices, initial=[Channel.INAPP])

    class Meta:
        model = Handoff
        fields = (*FIXED, *EDITABLE)
        help_texts: ClassVar = {
            "app_names": "Bundle ids of the account's apps, with commas between them.",
            "text": "Variables go where ${{1}}, ${{2}} … stand.",
            "lookback": "Days and time: 30 00:00:00 is thirty days, 01:00:00 one hour.",
        }

    def clean(self) -> dict[str, Any]:
        """Our rules before the constraints: a field that has an error is left out of those."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            candidate = copy(self.instance)
            for name, value in cleaned.items():
                setattr(candidate, name, value)
            try:
                tidy(candidate)
                check(candidate)
                check_title_is_free(candidate)
            except DomainError as error:
                self._show(error)
        return cleaned

    def _show(self, error: DomainError) -> None:
        wrong = (
            [(one.pointer, one.detail) for one in error.errors]
            if isinstance(error, InvalidRequest)
            else [(error.pointer, error.message)]
        )
        for pointer, message in wrong:
            field = pointer.strip("/").split("/")[0]
            self.add_error(field if field in self.fields else None, message)


@admin.register(Handoff)
class HandoffAdmin(AccountScopedAdmin):
    """Archiving is refused while campaigns go out, so it is offered where campaigns are known."""

    form = HandoffForm
    fixed_fields = FIXED
    list_display = ("title", "public_id", "account", "kind", "is_active", "archived_at")
    list_filter = ("kind", "is_active", ("archived_at", admin.EmptyFieldListFilter))
    list_select_related = ("account",)
    search_fields = ("title", "=public_id")
    ordering = ("-id",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_archived = isinstance(obj, Handoff) and obj.archived_at is not None
        return not is_archived and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Handoff, form: forms.ModelForm, change: bool
    ) -> None:
        by, now = str(request.user), timezone.now()
        if change:
            changed = set(form.changed_data) & set(EDITABLE)
            changes = {name: form.cleaned_data[name] for name in changed}
            edit_handoff(handoff=obj, changes=changes, by=by, now=now)
        else:
            stored = create_handoff(**form.cleaned_data, by=by, now=now)
            obj.pk, obj.public_id = stored.pk, stored.public_id
