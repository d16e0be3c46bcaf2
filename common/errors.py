"""The two families of anticipated failures; concrete ones stand beside the service that raises them."""

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


class Conflict(DomainError):
    """What was asked is sound, but not in the present state of the thing."""

    key = "conflict"
