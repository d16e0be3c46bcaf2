"""From the body of POST campaign to what it asks for, with every error named.

LivePerson's shape (``liveperson.md`` 1.4). What is wrong with the call refuses it whole; what is
wrong with one consumer fails that one alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from campaigns.scheduling import read_schedule
from campaigns.unused_fields import CALL, meant, warnings_of
from campaigns.windows import Schedule
from common.errors import FieldError, InvalidRequest, MalformedBody
from common.json_body import is_storable, unreadable_text, unstorable_pointer
from common.text import forbidden_character, is_visible, shorten
from handoffs.placeholders import placeholders, render

MAX_NAME = 255
MAX_VARIABLE = 1550
# A handoff's text with 20 variables of full length fits; a text that repeats them at will does not.
MAX_TEXT = 40_000
MAX_TITLE = 255
MAX_HANDOFF_ID = 32
MAX_CONSUMER_REF = 255
# Of the fields of a call that misses one: enough to find it misspelled.
MAX_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class CampaignCall:
    """The call's own fields, sound in shape; the consumers are still as sent."""

    name: str
    skill_name: str
    handoff_id: str
    consumers: Sequence[Any]
    warnings: list[dict[str, str]]
    schedule: Schedule = field(default_factory=Schedule)


@dataclass(frozen=True, slots=True)
class Recipient:
    position: int
    ref: str
    text: str
    title: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rejected:
    position: int
    ref: str
    error: str
    entry: Any


class _Reader:
    def __init__(self, data: Any) -> None:
        if not isinstance(data, dict):
            raise MalformedBody("The body must be a JSON object.")
        self.data = data
        self.errors: list[FieldError] = []
        self.missing: list[str] = []

    def fail(self, name: str, key: str, detail: str) -> None:
        self.errors.append(FieldError(f"/{name}", key, detail))

    def required(self, name: str) -> Any:
        value = self.data.get(name)
        if value is None or value == "":
            self.missing.append(name)
            self.fail(name, "required", f"{name} is missing.{self._misspelled(name)}")
            return None
        return value

    def _misspelled(self, name: str) -> str:
        """Names the field that was probably meant to be this one."""
        unknown = [key for key in islice(self.data, MAX_LOOKED_AT) if key not in CALL]
        found = next((key for key in unknown if meant(key, CALL) == name), None)
        return f' Did you mean it by "{found}"?' if found else ""

    def text(self, name: str, max_length: int) -> str:
        value = self.required(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.fail(name, "not_a_string", f"{name} must be a string.")
        elif len(value) > max_length:
            self.fail(name, "too_long", f"{name} has {len(value)} characters; {max_length} fit.")
        elif not is_storable(value) or forbidden_character(value):
            self.fail(name, "invalid_character", f"{name} has a control character.")
        else:
            return value
        return ""

    def raise_if_invalid(self) -> None:
        if not self.errors:
            return
        failure = InvalidRequest(self.errors)
        if self.missing:
            # LivePerson's own words, which its clients may look for.
            failure.message = f"Fields missing in request: {', '.join(self.missing)}"
        raise failure


def parse_call(data: Any, *, max_recipients: int) -> CampaignCall:
    """Check the call's own fields; the number of consumers before any of them.

    :raises MalformedBody: the body is no object, or unreadable outside of its consumers.
    :raises InvalidRequest: with every wrong field.
    """
    reader = _Reader(data)
    unreadable = unstorable_pointer({k: v for k, v in data.items() if k != "consumers"})
    if unreadable is not None:
        raise unreadable_text(unreadable)
    name = reader.text("campaignName", MAX_NAME)
    skill = reader.text("skill", MAX_NAME)
    is_synonym = data.get("templateId") is None and data.get("handoffId") is not None
    handoff_id = reader.text("handoffId" if is_synonym else "templateId", MAX_HANDOFF_ID)
    if reader.required("consent") is not True and "consent" not in reader.missing:
        reader.fail("consent", "consent_required", "consent must be true.")
    consumers = _read_consumers(reader, max_recipients)
    schedule = read_schedule(data, reader.errors)
    reader.raise_if_invalid()
    warnings = warnings_of(data, consumers)
    return CampaignCall(name, skill, handoff_id, consumers, warnings, schedule)


def _read_consumers(reader: _Reader, max_recipients: int) -> list[Any]:
    consumers = reader.required("consumers")
    if consumers is None:
        return []
    if not isinstance(consumers, list):
        reader.fail("consumers", "not_a_list", "consumers must be a list.")
    elif not consumers:
        reader.fail("consumers", "too_few", "consumers is empty; name at least one.")
    elif len(consumers) > max_recipients:
        reader.fail(
            "consumers",
            "too_many",
            f"consumers has {len(consumers)} entries; {max_recipients} are allowed a call.",
        )
    else:
        return consumers
    return []


def parse_consumers(
    consumers: Sequence[Any], *, text: str, title: str
) -> tuple[list[Recipient], list[Rejected]]:
    """Render each consumer's message; those that cannot be are rejected with LivePerson's code.

    ``text`` and ``title`` are the handoff's. Ids are compared byte for byte.
    """
    numbers = sorted({*placeholders(text), *placeholders(title)})
    has_placeholders = bool(placeholders(text))
    expected = {str(number) for number in numbers} if has_placeholders else {"1"}
    expected |= {str(number) for number in numbers}
    seen: set[str] = set()
    accepted: list[Recipient] = []
    rejected: list[Rejected] = []
    for position, entry in enumerate(consumers):
        ref, error = _read_ref(entry, seen)
        if not error:
            variables = entry.get("variables")
            error = _check_variables(variables, expected, needs_all=bool(numbers))
        if not error:
            values = variables or {}
            whole = text if has_placeholders or "1" not in values else values["1"]
            body = render(text, values) if has_placeholders else whole
            error = _check_body(body)
        if error:
            storable = ref if is_storable(ref) else ""
            rejected.append(Rejected(position, storable[:MAX_CONSUMER_REF], error, entry))
            continue
        seen.add(ref)
        heading = shorten(render(title, values), MAX_TITLE) if numbers else title
        accepted.append(Recipient(position, ref, body, heading, entry["consumerContent"]))
    return accepted, rejected


def _read_ref(entry: Any, seen: set[str]) -> tuple[str, str]:
    content = entry.get("consumerContent") if isinstance(entry, dict) else None
    ref = content.get("inapp") if isinstance(content, dict) else None
    if not isinstance(ref, str) or not ref:
        return "", "MISSING_CONSUMER_INFORMATION==INAPP"
    if len(ref) > MAX_CONSUMER_REF:
        return ref, "CONSUMER_ID_TOO_LONG"
    if not is_storable(ref) or forbidden_character(ref):
        return ref, "CONSUMER_ID_INVALID_CHARACTER"
    if ref in seen:
        return ref, "DUPLICATE_CONSUMER"
    return ref, ""


def _check_variables(variables: Any, expected: set[str], *, needs_all: bool) -> str:
    if variables is None or variables == {}:
        return "INSUFFICIENT_VARIABLES" if needs_all else ""
    if not isinstance(variables, dict):
        return "VARIABLES_NOT_OBJECT"
    for name in sorted(expected, key=int):
        if name not in variables:
            return f"MISSING_VARIABLE={name}"
    if len(variables) > len(expected):
        return "TOO_MANY_VARIABLES"
    for name, value in variables.items():
        if not isinstance(value, str):
            return f"VARIABLE_NOT_STRING={name}"
        if len(value) > MAX_VARIABLE:
            return f"VARIABLE_TOO_LONG={name}"
        if forbidden_character(value):
            return f"VARIABLE_INVALID_CHARACTER={name}"
    return ""


def _check_body(body: str) -> str:
    if len(body) > MAX_TEXT:
        return "MESSAGE_TOO_LONG"
    return "" if is_visible(body) else "EMPTY_MESSAGE"
