"""The families of anticipated failures; concrete ones stand beside the service that raises them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


class DomainError(Exception):
    """What was asked breaks a rule of the product. Knows nothing of HTTP.

    ``key`` is the stable word callers may test for; the message is for people and says what to do.
    """

    key: ClassVar[str] = "invalid_request"

    def __init__(self, message: str, *, pointer: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer
        self.details = details


def find_error(key: str, among: type[DomainError] = DomainError) -> type[DomainError] | None:
    """The failure with this stable word, or None."""
    for child in among.__subclasses__():
        found = child if child.key == key else find_error(key, child)
        if found is not None:
            return found
    return None


class Conflict(DomainError):
    """What was asked is sound, but not in the present state of the thing."""

    key = "conflict"


class Contradiction(DomainError):
    """What was asked is not what was asked before under the same name."""

    key = "contradiction"


class TooMany(DomainError):
    """A limit of the account is used up; the call was not processed.

    ``wait`` is in seconds, ``policy`` names the limit.
    """

    key = "rate_limited"

    def __init__(self, message: str, *, policy: str, wait: int) -> None:
        super().__init__(message)
        self.policy = policy
        self.wait = wait


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: where (JSON Pointer, RFC 6901), a stable word, and a sentence."""

    pointer: str
    key: str
    detail: str


class InvalidRequest(DomainError):
    """One or more fields are wrong; all of them are named."""

    key = "validation_error"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0].detail
        message = (
            first if len(self.errors) == 1 else f"{len(self.errors)} fields are wrong. {first}"
        )
        super().__init__(message)


class MalformedBody(DomainError):
    """The body cannot be read at all."""

    key = "malformed_body"
