"""Choices as cards: each with what it means in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.forms import BoundField
from django.forms.boundfield import BoundWidget


@dataclass(frozen=True, slots=True)
class Card:
    widget: BoundWidget
    title: str
    text: str


def cards_of(field: BoundField, explained: Mapping[str, str]) -> list[Card]:
    """The radios or checkboxes of a field with the sentence for each value, for choices.html."""
    return [
        Card(widget, str(widget.choice_label), explained.get(str(widget.data["value"]), ""))
        for widget in field.subwidgets
    ]
