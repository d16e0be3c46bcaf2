"""What the API's errors are called."""

from dataclasses import dataclass

from common.errors import Conflict, Contradiction, DomainError, TooMany, find_error

# By errorKey. The title is constant for a type.
TITLES = {
    "validation_error": "Your request is not valid.",
    "malformed_body": "The body cannot be read.",
    "invalid_request": "The request breaks a rule.",
    "conflict": "Not possible in the present state.",
    "unauthenticated": "You are not signed in.",
    "forbidden": "You may not do this.",
    "not_found": "There is nothing here.",
    "method_not_allowed": "This method is not offered here.",
    "length_required": "The length of the body is missing.",
    "body_too_large": "The body is too large.",
    "unsupported_media_type": "Send JSON.",
    "contradiction": "This contradicts what was sent before.",
    "rate_limited": "Too many requests.",
    "internal_error": "Something broke on our side.",
    "unavailable": "Not available for the moment.",
}
KEYS = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    411: "length_required",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "contradiction",
    429: "rate_limited",
    500: "internal_error",
    503: "unavailable",
}
DETAILS = {
    403: "Your credentials do not allow this.",
    404: "No such thing in this account.",
    411: "Send Content-Length; chunked bodies are not read.",
    413: "The body has more bytes than are read. Send fewer recipients a call.",
    500: "The request was not carried out. Try again, and tell us the requestTraceId if it stays.",
    503: "Nothing was accepted. Try again shortly.",
}


FAMILIES: tuple[tuple[type[DomainError], int], ...] = (
    (Conflict, 409),
    (Contradiction, 422),
    (TooMany, 429),
)
STATUSES = {key: status for status, key in KEYS.items()}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The constant members of a problem."""

    status: int
    title: str


def explain(key: str) -> Explanation | None:
    """Status and title of an answer with this ``errorKey``, or None where none has it."""
    error = find_error(key)
    if error is None and key not in TITLES:
        return None
    status = status_of(error) if error else STATUSES[key]
    return Explanation(status, TITLES.get(key, TITLES[KEYS[status]]))


def status_of(error: type[DomainError]) -> int:
    return next((status for family, status in FAMILIES if issubclass(error, family)), 400)
