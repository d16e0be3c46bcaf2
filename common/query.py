"""A reader for query strings: it collects every error, then raises them together."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from common.errors import FieldError, InvalidRequest
from common.json_body import is_storable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The last millisecond that a datetime can hold.
MAX_MILLISECONDS = 253_402_300_799_999


class Query:
    """Typed access to one query string; a parameter that is absent is None."""

    def __init__(self, data: Mapping[str, str]) -> None:
        self._data = data
        self.errors: list[FieldError] = []

    def fail(self, name: str, key: str, detail: str) -> None:
        self.errors.append(FieldError(f"/{name}", key, detail))

    def text(self, name: str, *, max_length: int = 255) -> str | None:
        value = self._data.get(name)
        if value is None:
            return None
        if len(value) > max_length:
            self.fail(name, "too_long", f"{name} has {len(value)} characters; {max_length} fit.")
        elif not is_storable(value):
            self.fail(name, "invalid_character", f"{name} has a character that no one can read.")
        else:
            return value
        return None

    def uuid(self, name: str) -> UUID | None:
        value = self._data.get(name)
        try:
            return None if value is None else UUID(value)
        except ValueError:
            self.fail(name, "not_an_id", f"{name} must be a UUID.")
            return None

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        value = self._data.get(name)
        if value is None or value in choices:
            return value
        self.fail(name, "not_a_choice", f"{name} must be one of {', '.join(choices)}.")
        return None

    def number(self, name: str, *, least: int, most: int, default: int) -> int:
        value = self._data.get(name)
        return default if value is None else self._read_number(name, value, least, most)

    def milliseconds(self, name: str) -> datetime:
        """A required instant in milliseconds since 1970, as LivePerson counts time."""
        value = self._data.get(name)
        if value is None:
            self.fail(name, "required", f"{name} is missing.")
            return EPOCH
        number = self._read_number(name, value, 0, MAX_MILLISECONDS)
        return EPOCH + timedelta(milliseconds=number)

    def instant(self, name: str) -> datetime | None:
        """ISO 8601: an instant, or a day for its first instant; without an offset it is UTC."""
        value = self._data.get(name)
        if value is None:
            return None
        try:
            # An unescaped "+" of an offset arrives as a space.
            found = datetime.fromisoformat(value.replace(" ", "+") if len(value) <= 35 else "")
            return _in_utc(found)
        except ValueError:
            self.fail(name, "not_a_time", f"{name} must be a time such as 2026-11-23T19:00:00Z.")
            return None

    def version(self, name: str, known: Collection[str]) -> None:
        """Refuse a version that is not served; absent is the one that is."""
        value = self._data.get(name)
        if value is not None and value not in known:
            self.fail(name, "unknown_version", f"{name} must be {' or '.join(known)}.")

    def raise_if_invalid(self) -> None:
        """:raises InvalidRequest: any parameter so far was wrong."""
        if self.errors:
            raise InvalidRequest(self.errors)

    def _read_number(self, name: str, value: str, least: int, most: int) -> int:
        # Bounded before it is read: a number of a million digits takes its time.
        if value.isascii() and value.isdigit() and len(value) <= 18 and least <= int(value) <= most:
            return int(value)
        self.fail(name, "out_of_range", f"{name} must be a whole number, {least} to {most}.")
        return least


def _in_utc(found: datetime) -> datetime:
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        # Hours before the first instant that can be told, or after the last: as good as that.
        return found.replace(tzinfo=UTC)
