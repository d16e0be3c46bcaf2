"""What is typed into the settings of webhooks."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from common.cards import Card, cards_of
from webhooks.events import TEST, EventType
from webhooks.models import DeliveryState

STATES = {
    DeliveryState.QUEUED: "Waiting",
    DeliveryState.SENDING: "Sending",
    DeliveryState.DELIVERED: "Delivered",
    DeliveryState.FAILED: "Given up, switched off",
    DeliveryState.DEAD: "Given up, every try failed",
}


class EndpointFields(forms.Form):
    url = forms.CharField(
        label="URL", max_length=2000, help_text="https, on a server that the internet reaches."
    )
    description = forms.CharField(
        max_length=255, required=False, help_text="For your people: what listens there."
    )
    event_types = forms.MultipleChoiceField(
        label="What it is told",
        choices=[(one.value, one.value) for one in EventType],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )

    def event_cards(self) -> list[Card]:
        return cards_of(self["event_types"], dict(EventType.choices))


class NewEndpoint(EndpointFields):
    """The id comes with the form, so that a form that is sent twice makes one webhook."""

    public_id = forms.UUIDField(widget=forms.HiddenInput)


class DeliveryFilter(forms.Form):
    """Read from the query: what is wrong there filters nothing."""

    state = forms.ChoiceField(
        required=False,
        choices=[("", "All"), *((state.value, words) for state, words in STATES.items())],
    )
    event = forms.ChoiceField(
        required=False,
        choices=[("", "All"), *((one.value, one.value) for one in EventType), (TEST, TEST)],
    )


class Since(forms.Form):
    """A moment by the brand's clock."""

    since = forms.DateTimeField(
        label="Since",
        input_formats=["%Y-%m-%d %H:%M", "%Y-%m-%d"],
        widget=forms.DateTimeInput(format="%Y-%m-%d %H:%M"),
        error_messages={"invalid": "Write a day and a time, such as 2026-11-20 08:00."},
        validators=[
            MinValueValidator(datetime(2000, 1, 1, tzinfo=UTC)),
            MaxValueValidator(datetime(2999, 12, 31, tzinfo=UTC)),
        ],
    )

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._zone = ZoneInfo(zone)
        self.fields["since"].help_text = f"A day and a time in {zone}, such as 2026-11-20 08:00."

    def clean_since(self) -> datetime:
        # What was typed stands by the brand's clock, not by UTC as the field takes it.
        typed: datetime = self.cleaned_data["since"]
        return typed.replace(tzinfo=self._zone)
