"""LivePerson's error words and codes for deflection (``liveperson.md`` 8)."""

from collections.abc import Mapping

from common.errors import DomainError

# Code -> LivePerson's words.
WORDS: Mapping[int, str] = {
    1000: "Invalid request",
    1001: "Invalid customerPhoneNumber",
    1002: "Invalid version",
    1004: "Not Found",
    1005: "Method Not Allowed",
    1015: "Unsupported Media Type",
    1029: "Rate limit hit",
    1100: "Invalid Bearer token",
    1101: "Not enough privilege",
    1300: "No engagement found for skill",
    1400: "Message cannot be sent",
    1500: "No handoff",
    1501: "No handoff channel",
    1900: "Overridden channel not available",
    1901: "No engagement for overridden skill",
    5000: "Internal error",
}


class PhoneInvalid(DomainError):
    """consumerPhoneNumber is no number in E.164: + and at most 15 digits."""

    key = "phone_invalid"


class VersionInvalid(DomainError):
    """These calls have the version 2.0, named in the query."""

    key = "version_invalid"


class NotEligible(DomainError):
    """The consumer of this call cannot be sent a message now."""

    key = "not_eligible"


class ChannelNotAvailable(DomainError):
    """The handoff does not have the channel that the call wants instead."""

    key = "channel_not_available"


class OverriddenSkillUnknown(DomainError):
    """The account has no skill of the name that the call wants instead."""

    key = "overridden_skill_unknown"


CODES: Mapping[str, int] = {
    "phone_invalid": 1001,
    "version_invalid": 1002,
    "unknown_skill": 1300,
    "not_eligible": 1400,
    "unknown_handoff": 1500,
    "handoff_inactive": 1500,
    "handoff_not_inapp": 1501,
    "channel_not_available": 1900,
    "overridden_skill_unknown": 1901,
}
# Where the failure has no code of its own.
BY_STATUS: Mapping[int, int] = {401: 1100, 403: 1101, 404: 1004, 405: 1005, 415: 1015, 429: 1029}


def code_of(key: str, status: int) -> int:
    return CODES.get(key) or BY_STATUS.get(status) or (1000 if status < 500 else 5000)
