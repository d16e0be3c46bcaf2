"""A reader for the fields of a JSON body: it collects every error, then raises them together."""

import zoneinfo
from collections.abc import Iterable
from typing import Any

from common.errors import FieldError, InvalidRequest, MalformedBody


class Fields:
    """Typed access to one JSON object.

    :raises MalformedBody: the body is no object.
    """

    def __init__(self, data: Any, *, pointer: str = "") -> None:
        if not isinstance(data, dict):
            raise MalformedBody("The body must be a JSON object.", pointer=pointer)
        self._data = data
        self._pointer = pointer
        self._seen: set[str] = set()
        self.errors: list[FieldError] = []

    def fail(self, name: str, key: str, detail: str) -> None:
        self.errors.append(FieldError(f"{self._pointer}/{name}", key, detail))

    def _get(self, name: str, required: bool) -> Any:
        self._seen.add(name)
        value = self._data.get(name)
        if value is None and required:
            self.fail(name, "required", f"{name} is missing.")
        return value

    def text(
        self, name: str, *, required: bool = False, max_length: int = 255, default: str = ""
    ) -> str:
        value = self._get(name, required)
        if value is None:
            return default
        if not isinstance(value, str):
            self.fail(name, "not_a_string", f"{name} must be a string.")
        elif len(value) > max_length:
            self.fail(name, "too_long", f"{name} has {len(value)} characters; {max_length} fit.")
        elif required and not value:
            self.fail(name, "required", f"{name} is empty.")
        else:
            return value
        return default

    def boolean(self, name: str, *, default: bool = False) -> bool:
        value = self._get(name, required=False)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fail(name, "not_a_boolean", f"{name} must be true or false.")
            return default
        return value

    def choice(
        self, name: str, choices: Iterable[str], *, required: bool = False, default: str = ""
    ) -> str:
        value = self.text(name, required=required, default=default)
        allowed = list(choices)
        if value and value not in allowed and value != default:
            self.fail(name, "not_a_choice", f"{name} must be one of {', '.join(allowed)}.")
            return default
        return value

    def time_zone(self, name: str) -> str:
        value = self.text(name, max_length=64)
        if value and value not in zoneinfo.available_timezones():
            self.fail(name, "not_a_time_zone", f"{name} is no IANA time zone.")
            return ""
        return value

    def nested(self, name: str, *, required: bool = False) -> "Fields | None":
        value = self._get(name, required)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fail(name, "not_an_object", f"{name} must be an object.")
            return None
        child = Fields(value, pointer=f"{self._pointer}/{name}")
        child.errors = self.errors
        return child

    def unknown(self) -> list[str]:
        """Names in the body that nobody asked for."""
        return [name for name in self._data if name not in self._seen]

    def raise_if_invalid(self) -> None:
        """:raises InvalidRequest: any field so far was wrong."""
        if self.errors:
            raise InvalidRequest(self.errors)
