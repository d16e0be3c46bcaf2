"""What was wrong with a recipient that a call's own checks refused, for people."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.models import Campaign, RejectedRecipient

# The first ones are shown; the call's answer told all of them.
MAX_SHOWN = 100
_SENTENCES: Mapping[str, str] = {
    "MISSING_CONSUMER_INFORMATION": "The entry has no consumer id.",
    "CONSUMER_ID_TOO_LONG": "The consumer id is too long: 255 characters fit.",
    "CONSUMER_ID_INVALID_CHARACTER": "The consumer id has a character that no id may have.",
    "DUPLICATE_CONSUMER": "The same id stands further up in the call, and goes out from there.",
    "INSUFFICIENT_VARIABLES": "The handoff's text has places to fill, and nothing to fill them.",
    "VARIABLES_NOT_OBJECT": "The variables are not an object of names and texts.",
    "MISSING_VARIABLE": "A variable of the handoff's text is missing.",
    "TOO_MANY_VARIABLES": "There are more variables than the handoff's text has places.",
    "VARIABLE_NOT_STRING": "A variable is not a text.",
    "VARIABLE_TOO_LONG": "A variable is too long: 1,550 characters fit.",
    "VARIABLE_INVALID_CHARACTER": "A variable has a character that no message may have.",
    "MESSAGE_TOO_LONG": "The finished text is too long.",
    "EMPTY_MESSAGE": "The finished text has nothing to see.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    row: RejectedRecipient

    @property
    def sentence(self) -> str:
        """``MISSING_VARIABLE=2`` in words."""
        word = self.row.error.partition("=")[0]
        return _SENTENCES.get(word, "The entry could not be read.")


def refusals_of(campaign: Campaign) -> list[Refusal]:
    if campaign.accepted == campaign.requested:
        return []
    return [Refusal(row) for row in campaign.rejected.order_by("position")[:MAX_SHOWN]]
