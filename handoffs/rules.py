"""What must hold of a handoff before it is stored."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from django.core.exceptions import ValidationError

from common.errors import DomainError, FieldError, InvalidRequest
from common.text import forbidden_character, is_visible
from handoffs.models import MAX_APPS, MAX_LOOKBACK, MIN_LOOKBACK, Channel, Handoff, Kind

MAX_TEXT = 4000
HOUR = timedelta(hours=1)


class UnknownApp(DomainError):
    """The account has no app of this name."""

    key = "unknown_app"


class AppCount(DomainError):
    """An In-App handoff names one app at least and four at most (IVR: three)."""

    key = "app_count"


class ChannelsDontMix(DomainError):
    """In-App stands alone (B3)."""

    key = "channels_dont_mix"


class LookbackOutOfRange(DomainError):
    """The lookback is one hour to thirty days, in whole hours."""

    key = "lookback_out_of_range"


class TextNotAllowed(DomainError):
    """A text is empty to the eye, too long, or holds what no one can read."""

    key = "text_not_allowed"


def tidy(handoff: Handoff) -> None:
    """Names and channels once each; line breaks as ``\\n``, whatever the browser sent."""
    handoff.app_names = list(dict.fromkeys(handoff.app_names))
    handoff.channels = list(dict.fromkeys(handoff.channels))
    handoff.text = handoff.text.replace("\r\n", "\n").replace("\r", "\n")


def check(handoff: Handoff) -> None:
    """:raises DomainError: the first of the `faults`."""
    for fault in faults(handoff):
        raise fault


def faults(handoff: Handoff) -> Iterator[DomainError]:
    """All that is wrong: errors of those above, or InvalidRequest for what the fields refuse."""
    for one in _CHECKS:
        try:
            one(handoff)
        except DomainError as error:
            yield error


def _check_fields(handoff: Handoff) -> None:
    try:
        handoff.full_clean(exclude={"app_names"}, validate_constraints=False)
    except ValidationError as error:
        raise InvalidRequest(_field_errors(error)) from error


def _check_stands_alone(handoff: Handoff) -> None:
    if Channel.INAPP in handoff.channels and len(handoff.channels) > 1:
        raise ChannelsDontMix(
            "In-App does not go with SMS or WhatsApp on one handoff. Make a handoff for each.",
            pointer="/channels",
        )


def _check_app_count(handoff: Handoff) -> None:
    if Channel.INAPP not in handoff.channels:
        return
    most, count = MAX_APPS[Kind(handoff.kind)], len(handoff.app_names)
    if not 1 <= count <= most:
        raise AppCount(f"Name 1 to {most} apps; there are {count}.", pointer="/app_names")


def _check_apps_exist(handoff: Handoff) -> None:
    known = set(handoff.account.apps.values_list("bundle_id", flat=True))
    for position, name in enumerate(handoff.app_names):
        if name not in known:
            raise UnknownApp(
                f"The account has no app {name!r}. Add it in Settings, Apps.",
                pointer=f"/app_names/{position}",
            )


def _check_lookback(handoff: Handoff) -> None:
    lookback = handoff.lookback
    if not MIN_LOOKBACK <= lookback <= MAX_LOOKBACK or lookback % HOUR:
        raise LookbackOutOfRange(
            "The lookback is 1 hour to 30 days, in whole hours.", pointer="/lookback"
        )


def _check_title(handoff: Handoff) -> None:
    _check_line("title", handoff.title)


def _check_notification_title(handoff: Handoff) -> None:
    if handoff.notification_title:
        _check_line("notification_title", handoff.notification_title)


def _check_line(field: str, text: str) -> None:
    if "\n" in text or "\t" in text:
        raise TextNotAllowed("This is one line, without tabs.", pointer=f"/{field}")
    _check_readable(field, text)


def _check_text(handoff: Handoff) -> None:
    text = handoff.text
    if len(text) > MAX_TEXT:
        raise TextNotAllowed(
            f"The text has {len(text):,} characters; {MAX_TEXT:,} fit.", pointer="/text"
        )
    _check_readable("text", text)


def _check_readable(field: str, text: str) -> None:
    forbidden = forbidden_character(text)
    if forbidden:
        raise TextNotAllowed(f"There is a control character, {forbidden}.", pointer=f"/{field}")
    if not is_visible(text):
        raise TextNotAllowed("There is nothing to see in this text.", pointer=f"/{field}")


def _field_errors(error: ValidationError) -> list[FieldError]:
    return [
        FieldError(f"/{field}", "invalid", " ".join(messages))
        for field, messages in error.message_dict.items()
    ]


_CHECKS: Sequence[Callable[[Handoff], None]] = (
    _check_fields,
    _check_stands_alone,
    _check_app_count,
    _check_apps_exist,
    _check_lookback,
    _check_title,
    _check_notification_title,
    _check_text,
)
