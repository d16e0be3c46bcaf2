"""A reader for the fields of a JSON body: it collects every error, then raises them together."""

import re
from collections.abc import Collection, Iterable
from typing import Any

from common.errors import FieldError, InvalidRequest, MalformedBody
from common.times import time_zones

_DIGITS = re.compile(r"[0-9]{1,6}")


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

    def boolean(self, name: str, *, required: bool = False, default: bool = False) -> bool:
        value = self._get(name, required)
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

    def whole_number(self, name: str, *, most: int, required: bool = False) -> int | None:
        """From 0 to ``most``, as a number or as its digits; None when absent or wrong."""
        value = self._get(name, required)
        if value is None:
            return None
        is_digits = isinstance(value, str) and _DIGITS.fullmatch(value)
        # JSON has one kind of number: 9.0 is 9.
        if is_digits or (isinstance(value, float) and value.is_integer()):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(name, "not_a_number", f"{name} must be a whole number.")
        elif not 0 <= value <= most:
            self.fail(name, "out_of_range", f"{name} must be from 0 to {most}.")
        else:
            return value
        return None

    def choices(self, name: str, choices: Iterable[str]) -> list[str]:
        """One or more of ``choices``, each once; wrong ones are named by their place."""
        value = self._get(name, required=True)
        allowed = list(choices)
        if value is None:
            return []
        if not isinstance(value, list) or not value:
            self.fail(name, "not_a_list", f"{name} must be a list of one or more.")
            return []
        for place, item in enumerate(value[: len(allowed) + 1]):
            if item not in allowed:
                known = ", ".join(allowed)
                self.fail(f"{name}/{place}", "not_a_choice", f"Use one or more of {known}.")
        if len(value) > len(allowed):
            self.fail(name, "too_many", f"{name} has {len(value)} entries; {len(allowed)} exist.")
        return [item for item in allowed if item in value]

    def time_zone(self, name: str) -> str:
        value = self.text(name, max_length=64)
        if value and value not in time_zones():
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

    def objects(self, name: str, *, max_items: int) -> "list[Fields]":
        """A list of objects; their number is checked before any of them."""
        value = self._get(name, required=False)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fail(name, "not_a_list", f"{name} must be a list.")
            return []
        if len(value) > max_items:
            self.fail(name, "too_many", f"{name} has {len(value)} entries; {max_items} fit.")
            return []
        return [entry for n, item in enumerate(value) if (entry := self._entry(name, n, item))]

    def texts(
        self, name: str, *, max_items: int, choices: Collection[str] | None = None
    ) -> list[str] | None:
        """A list of strings; None when absent. Their number is checked before any of them."""
        value = self._get(name, required=False)
        if value is None:
            return None
        if not isinstance(value, list):
            self.fail(name, "not_a_list", f"{name} must be a list.")
        elif len(value) > max_items:
            self.fail(name, "too_many", f"{name} has {len(value)} entries; {max_items} fit.")
        else:
            for position, item in enumerate(value):
                if not isinstance(item, str):
                    self.fail(f"{name}/{position}", "not_a_string", "It must be a string.")
                elif choices is not None and item not in choices:
                    known = ", ".join(choices)
                    self.fail(f"{name}/{position}", "not_a_choice", f"It must be one of {known}.")
            return value
        return []

    def _entry(self, name: str, position: int, item: Any) -> "Fields | None":
        if not isinstance(item, dict):
            self.fail(f"{name}/{position}", "not_an_object", "It must be an object.")
            return None
        child = Fields(item, pointer=f"{self._pointer}/{name}/{position}")
        child.errors = self.errors
        return child

    def unknown(self) -> list[str]:
        """Names in the body that nobody asked for."""
        return [name for name in self._data if name not in self._seen]

    def raise_if_invalid(self) -> None:
        """:raises InvalidRequest: any field so far was wrong."""
        if self.errors:
            raise InvalidRequest(self.errors)
