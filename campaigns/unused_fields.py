"""What a call carries and nobody reads: named in ``warnings``, never refused (A17)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from common.json_body import is_storable, pointer_to

MAX_WARNINGS = 20
# A comparison takes time by the square of the name's length.
MAX_COMPARED = 40

CALL = frozenset(
    {
        "campaignName",
        "skill",
        "templateId",
        "handoffId",
        "consent",
        "consumers",
        "schedulingMetrics",
        "startAt",
    }
)
_CALL_OTHER = frozenset({"outboundNumber"})
_CONSUMER = frozenset({"consumerContent", "variables"})
_CONSUMER_OTHER = frozenset(
    {"headerVariables", "buttonVariables", "consumerCountryCode", "consumerPhoneNumber"}
)
_CONSUMER_SDE = frozenset({"personalInfo", "customerInfo"})
_CONTENT = frozenset({"inapp"})
_CONTENT_OTHER = frozenset({"sms", "wa"})
_METRICS = frozenset({"windows"})
_WINDOW = frozenset({"startTime", "endTime", "day"})
_TIME = frozenset({"hour", "minute"})

WARNINGS = {
    "other_channel": "This field belongs to another channel; In-App does not use it.",
    "no_sde": "In-App carries no consumer data: it is neither stored nor sent.",
    "unknown_field": "This field is not known; it was ignored.",
}


class _Unused(NamedTuple):
    pointer: str
    code: str
    name: str
    known: Collection[str]


def warnings_of(data: Mapping[str, Any], consumers: Sequence[Any]) -> list[dict[str, str]]:
    """One warning for each field that is not used, at the first place it stands."""
    found = list(_of_call(data))
    found += _first_of_each(_of_consumers(consumers))
    return [
        {"pointer": one.pointer[:200], "code": one.code, "detail": _detail(one)}
        for one in sorted(found)[:MAX_WARNINGS]
        if is_storable(one.pointer)
    ]


def meant(name: str, known: Collection[str]) -> str:
    """The known name that this one is probably a misspelling of, or nothing."""
    if len(name) > MAX_COMPARED:
        return ""
    plain = {_plain(one): one for one in known}
    close = get_close_matches(_plain(name), plain, n=1, cutoff=0.8)
    return plain[close[0]] if close else ""


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _detail(unused: _Unused) -> str:
    sentence = WARNINGS[unused.code]
    hint = meant(unused.name, unused.known) if unused.code == "unknown_field" else ""
    return f'{sentence} Did you mean "{hint}"?' if hint else sentence


def _of_call(data: Mapping[str, Any]) -> Iterator[_Unused]:
    yield from _unknown("#", data, CALL, _CALL_OTHER)
    metrics = data.get("schedulingMetrics")
    if not isinstance(metrics, dict):
        return
    pointer = "#/schedulingMetrics"
    yield from _unknown(pointer, metrics, _METRICS)
    for n, window in enumerate(metrics.get("windows") or ()):
        yield from _unknown(f"{pointer}/windows/{n}", window, _WINDOW)
        for name in ("startTime", "endTime"):
            yield from _unknown(f"{pointer}/windows/{n}/{name}", window[name], _TIME)


def _of_consumers(consumers: Sequence[Any]) -> Iterator[_Unused]:
    for n, entry in enumerate(consumers):
        if not isinstance(entry, dict):
            continue
        pointer = f"#/consumers/{n}"
        if not entry.keys() <= _CONSUMER:
            yield from _unknown(pointer, entry, _CONSUMER, _CONSUMER_OTHER, _CONSUMER_SDE)
        content = entry.get("consumerContent")
        if isinstance(content, dict) and not content.keys() <= (_CONTENT | _CONTENT_OTHER):
            where = f"{pointer}/consumerContent"
            yield from _unknown(where, content, _CONTENT | _CONTENT_OTHER)


def _unknown(
    pointer: str,
    fields: Mapping[str, Any],
    known: frozenset[str],
    other: frozenset[str] = frozenset(),
    sde: frozenset[str] = frozenset(),
) -> Iterator[_Unused]:
    for name in fields.keys() - known:
        code = "no_sde" if name in sde else "other_channel" if name in other else "unknown_field"
        yield _Unused(pointer_to(pointer, name), code, name, known)


def _first_of_each(found: Iterable[_Unused]) -> Iterator[_Unused]:
    """A hundred consumers with the same field are warned of once."""
    seen: set[tuple[str, Collection[str]]] = set()
    for one in found:
        if (one.name, one.known) not in seen:
            seen.add((one.name, one.known))
            yield one
