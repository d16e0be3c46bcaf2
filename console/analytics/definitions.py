"""What the numbers mean: LivePerson's definitions, where it has one."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """``of`` is the state that its rate is a share of."""

    state: str
    label: str
    of: str
    meaning: str


MEASURES: Mapping[str, Measure] = {
    one.state: one
    for one in (
        Measure(
            "sent",
            "Sent",
            "accepted",
            "Handed to the push provider, which took it. Whether it was shown is told by the app.",
        ),
        Measure(
            "delivered",
            "Delivered",
            "sent",
            "The app told that it showed the message. Apps that do not tell are counted as sent.",
        ),
        Measure("opened", "Opened", "delivered", "The person tapped the message; the app told so."),
        Measure(
            "replied",
            "Replied",
            "opened",
            "The person answered within the lookback, and the answer became a conversation.",
        ),
    )
}
