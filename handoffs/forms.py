"""The steps of making a handoff, and the one form that edits it: rules are asked, none is here."""

from collections.abc import Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import App, Platform
from common.errors import DomainError, InvalidRequest
from handoffs.models import MAX_APPS, Channel, DeviceChoice, Handoff, Kind
from handoffs.placeholders import placeholders
from handoffs.rules import faults, tidy
from handoffs.services import check_title_is_free

# Where a rule's field stands in the forms under another name.
_FIELDS = {"lookback": "days"}
_NUMBERS = {3: "three", 4: "four"}


@dataclass(frozen=True, slots=True)
class AppChoice:
    """What a person reads of an app before choosing it."""

    name: str
    note: str
    is_ready: bool = True

    def __str__(self) -> str:
        return self.name


class StepForm(forms.Form):
    """Fields of a handoff, held against the rules with all else as ``handoff`` has it."""

    def __init__(self, *args: Any, handoff: Handoff, **kwargs: Any) -> None:
        self.handoff = handoff
        super().__init__(*args, **kwargs)

    def values(self) -> dict[str, Any]:
        """What was given, by the names of the handoff's fields."""
        return {name: value for name, value in self.cleaned_data.items() if hasattr(Handoff, name)}

    def clean(self) -> dict[str, Any]:
        candidate = copy(self.handoff)
        for name, value in self.values().items():
            setattr(candidate, name, value)
        tidy(candidate)
        for fault in self.faults(candidate):
            self._show(fault)
        return self.cleaned_data

    def faults(self, candidate: Handoff) -> Iterator[DomainError]:
        yield from faults(candidate)

    def _show(self, fault: DomainError) -> None:
        """Beside its field, one for each; what other fields are told is not for this form."""
        for pointer, message in told(fault):
            field = field_of(pointer)
            if field in self.fields and field not in self.errors:
                self.add_error(field, message)


def told(fault: DomainError) -> list[tuple[str, str]]:
    """Each pointer with its sentence."""
    if isinstance(fault, InvalidRequest):
        return [(one.pointer, one.detail) for one in fault.errors]
    return [(fault.pointer, fault.message)]


def field_of(pointer: str) -> str:
    """The form's field that a rule points at."""
    name = pointer.strip("/").split("/")[0]
    return _FIELDS.get(name, name)


class ChannelForm(StepForm):
    kind = forms.ChoiceField(
        label="Used by",
        choices=[
            (Kind.PROACTIVE, "Campaigns"),
            (Kind.IVR, "IVR deflection"),
        ],
        initial=Kind.PROACTIVE,
        widget=forms.RadioSelect,
    )
    channels = forms.MultipleChoiceField(
        label="Channel",
        choices=Channel.choices,
        initial=[Channel.INAPP],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose In-App."},
    )

    def clean_channels(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["channels"]
        if Channel.INAPP not in chosen:
            raise forms.ValidationError("SMS and WhatsApp are not set up here. Choose In-App.")
        return chosen


class MessageForm(StepForm):
    title = forms.CharField(
        label="Title",
        help_text="For your team only; it has to be unique in this account.",
        error_messages={"required": "Give it a title that your team will know it by."},
    )
    app_names = forms.MultipleChoiceField(
        label="Apps",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one app."},
    )
    notification_title = forms.CharField(
        label="Notification title",
        required=False,
        help_text="Bold on the lock screen; without one, the app’s name. "
        "About 40 characters show on most phones.",
        widget=forms.TextInput({"dir": "auto"}),
    )
    text = forms.CharField(
        label="Message",
        strip=False,
        widget=forms.Textarea({"rows": 5, "dir": "auto"}),
        error_messages={"required": "Write the message."},
    )
    language = forms.CharField(
        label="Language of the message",
        initial="en",
        help_text="As en or pt-BR: told to your systems with the handoff.",
        widget=forms.TextInput({"size": 8}),
        error_messages={"required": "Say the language, as en."},
    )

    def __init__(self, *args: Any, ready: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["app_names"].choices = _app_choices(self.handoff, ready)  # type: ignore[attr-defined]
        most = MAX_APPS[Kind(self.handoff.kind)]
        self.fields[
            "app_names"
        ].help_text = f"The push goes to devices registered by these apps. One to {_NUMBERS[most]}."

    def clean_app_names(self) -> list[str]:
        """In the order that is stored, so that nothing changes by itself."""
        chosen = self.cleaned_data["app_names"]
        before = [name for name in self.handoff.app_names if name in chosen]
        return before + [name for name in chosen if name not in before]

    def clean_text(self) -> str:
        return str(self.cleaned_data["text"]).replace("\r\n", "\n").replace("\r", "\n")

    def faults(self, candidate: Handoff) -> Iterator[DomainError]:
        yield from super().faults(candidate)
        try:
            check_title_is_free(candidate)
        except DomainError as error:
            yield error


class RulesForm(StepForm):
    days = forms.IntegerField(
        label="Days", min_value=0, max_value=30, initial=30, widget=forms.NumberInput({"size": 3})
    )
    hours = forms.IntegerField(
        label="Hours", min_value=0, max_value=23, initial=0, widget=forms.NumberInput({"size": 3})
    )
    push_when_logged_in = forms.BooleanField(
        label="People who are signed in to the app", required=False, initial=True
    )
    push_when_logged_out = forms.BooleanField(
        label="People who have signed out", required=False, initial=True
    )
    device_choice = forms.ChoiceField(
        label="Who has several devices gets it on",
        choices=DeviceChoice.choices,
        initial=DeviceChoice.NEWEST,
        widget=forms.RadioSelect,
    )
    route_all_within_lookback = forms.BooleanField(
        label="Later conversations go to the call’s skill too",
        required=False,
        help_text="What the person writes after the answer was closed, until the lookback ends. "
        "Otherwise it goes to the default skill.",
    )

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        values = super().values()
        if "days" in given and "hours" in given:
            values["lookback"] = timedelta(days=given["days"], hours=given["hours"])
        return values


class EditForm(MessageForm, RulesForm):
    """All that may be edited on one page."""

    is_active = forms.BooleanField(
        label="Switched on",
        required=False,
        help_text="While it is off, calls that name it are refused.",
    )
    field_order = (
        "title",
        "is_active",
        "app_names",
        "notification_title",
        "text",
        "language",
        "days",
        "hours",
    )


def typed(form_class: type[forms.Form], given: QueryDict) -> dict[str, Any]:
    """What stands in the form's fields as it was typed, fit to be stored; samples too."""
    fields = form_class.base_fields
    kept: dict[str, Any] = {}
    for name, field in fields.items():
        is_many = isinstance(field, forms.MultipleChoiceField)
        kept[name] = (
            [_plain(one) for one in given.getlist(name)] if is_many else _plain(given.get(name, ""))
        )
    if "text" in fields:
        kept |= {f"sample_{n}": _plain(value) for n, value in samples_in(given).items()}
    return kept


def samples_in(given: Mapping[str, Any]) -> dict[str, str]:
    """The samples for the variables, by "1", "2", …"""
    return {
        str(n): str(given[f"sample_{n}"])
        for n in range(1, 100)
        if given.get(f"sample_{n}") is not None
    }


def wanted_samples(given: Mapping[str, Any]) -> list[int]:
    """The variables of the texts as they stand now, in their order."""
    texts = (str(given.get(name, "")) for name in ("notification_title", "text"))
    return sorted(placeholders(" ".join(texts)))


def _plain(value: Any) -> str:
    """With the line breaks that are stored; and PostgreSQL keeps no NUL."""
    return str(value).replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


def _app_choices(handoff: Handoff, ready: Collection[str]) -> list[tuple[str, AppChoice]]:
    apps = list(App.objects.filter(account=handoff.account).order_by("pk"))
    choices = [(app.bundle_id, _app_choice(app, app.bundle_id in ready)) for app in apps]
    known = {app.bundle_id for app in apps}
    gone = [name for name in handoff.app_names if name not in known]
    return choices + [
        (name, AppChoice(name, "No longer an app of this account", is_ready=False)) for name in gone
    ]


def _app_choice(app: App, is_ready: bool) -> AppChoice:
    platforms = ", ".join(Platform(platform).label for platform in app.platforms)
    note = f"{app.name} · {platforms}" if platforms else app.name
    return AppChoice(app.bundle_id, note, is_ready)
