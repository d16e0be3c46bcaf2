"""Reading a provider's settings, as JSON has them, into the provider's own types."""

from collections.abc import Collection, Mapping
from typing import Any

from push.providers.base import SettingInvalid

Settings = Mapping[str, Any]


def refuse_unknown(settings: Settings, known: Collection[str]) -> None:
    """:raises SettingInvalid: for the first setting that the provider does not have."""
    for name in settings:
        if name not in known:
            raise SettingInvalid(name, "The provider has no such setting.")


def text(settings: Settings, name: str) -> str:
    """:raises SettingInvalid: when it is there and no string."""
    value = settings.get(name, "")
    if not isinstance(value, str):
        raise SettingInvalid(name, "It must be a string.")
    return value


def pairs(settings: Settings, name: str) -> tuple[tuple[str, str], ...]:
    """From pairs of strings; absent are none.

    :raises SettingInvalid: when it is anything else.
    """
    value = settings.get(name, [])
    if isinstance(value, list | tuple) and all(_is_pair(pair) for pair in value):
        return tuple((first, second) for first, second in value)
    raise SettingInvalid(name, "They must be pairs of strings.")


def _is_pair(value: Any) -> bool:
    is_two = isinstance(value, list | tuple) and len(value) == 2
    return is_two and all(isinstance(part, str) for part in value)
