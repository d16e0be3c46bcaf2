"""Words in which the apps describe their part of the API (OpenAPI 3.1, JSON Schema 2020-12)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from common.cursors import CURSOR_PATTERN, DEFAULT_LIMIT, MAX_LIMIT

Schema = dict[str, Any]

UUID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
# In a query: an instant, or a day for its first one.
TIME_OR_DAY: Schema = {"anyOf": [TIME, {"type": "string", "format": "date"}]}
COUNT: Schema = {"type": "integer", "minimum": 0}
BOOLEAN: Schema = {"type": "boolean"}
STRING: Schema = {"type": "string"}
# Hexadecimal digits, with the dashes of a uuid or without.
UUID_PATTERN = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
MESSAGE_ID = f"([0-9a-fA-F]{{32}}|{UUID_PATTERN})"
# What a message may hold: no control character but tab and line breaks.
TEXT_PATTERN = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
# Such a text with something to be seen in it; that a mark alone is nothing, no pattern of a
# bearable length can say.
VISIBLE_PATTERN = (
    r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*"
    r"[^\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u180e\u2000-\u200f"
    r"\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]"
    r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
)
STORABLE = r"^[^\u0000]*$"


class Access(Enum):
    """Whose credentials an operation asks for."""

    OPEN = "open"
    CLIENT = "client"
    BRAND = "brand"
    CONSUMER = "consumer"
    WIDGET = "widget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. ``errors`` are statuses beyond those that follow from the rest."""

    id: str
    tag: str
    summary: str
    access: Access
    description: str = ""
    scope: str = ""
    parameters: Sequence[Schema] = ()
    # Media type -> its schema and examples.
    body: Mapping[str, Schema] = field(default_factory=dict)
    is_body_required: bool = True
    responses: Mapping[int, Schema]
    errors: Mapping[int, str] = field(default_factory=dict)


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def obj(properties: Mapping[str, Schema], *, optional: Sequence[str] = (), **more: Any) -> Schema:
    """An object whose properties are required but for the optional ones."""
    required = [name for name in properties if name not in optional]
    schema: Schema = {"type": "object", "properties": dict(properties), **more}
    return {**schema, "required": required} if required else schema


def array(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def enum(*values: Any, **more: Any) -> Schema:
    return {"type": "string", "enum": list(values), **more}


def about(schema: Schema, description: str, **more: Any) -> Schema:
    return {**schema, "description": description, **more}


def or_null(schema: Schema) -> Schema:
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    found: Schema = {**schema, "type": [schema["type"], "null"]}
    return {**found, "enum": [*schema["enum"], None]} if "enum" in schema else found


def whole(least: int, most: int, *, digits: str) -> Schema:
    """A whole number, or its digits as a string, as some callers of LivePerson send them."""
    number = {"type": "integer", "minimum": least, "maximum": most}
    return {"anyOf": [number, {"type": "string", "pattern": f"^{digits}$"}]}


def query(name: str, schema: Schema, description: str, *, is_required: bool = False) -> Schema:
    return {
        "name": name,
        "in": "query",
        "required": is_required,
        "schema": schema,
        "description": description,
    }


def json_body(schema: Schema, **examples: Any) -> dict[str, Schema]:
    return {"application/json": with_examples(schema, examples)}


def with_examples(schema: Schema, examples: Mapping[str, Any]) -> Schema:
    named = {name: {"value": value} for name, value in examples.items()}
    return {"schema": schema, "examples": named} if named else {"schema": schema}


def answer(
    description: str,
    schema: Schema | None = None,
    *,
    media_type: str = "application/json",
    headers: Mapping[str, Schema] | None = None,
    **examples: Any,
) -> Schema:
    """One response; without a schema it has no body."""
    response: Schema = {"description": description}
    if headers:
        response["headers"] = dict(headers)
    if schema is not None:
        response["content"] = {media_type: with_examples(schema, examples)}
    return response


def header(description: str, schema: Schema) -> Schema:
    return {"description": description, "schema": schema}


def list_answer(description: str, name: str, component: str, sample: Any) -> Schema:
    """All there are, in one answer."""
    example: dict[str, Any] = {name: {name: [sample]}}
    return answer(description, obj({name: array(ref(component))}), **example)


def page_answer(name: str, component: str, sample: Any) -> Schema:
    """As `common.cursors.read_page` tells a page."""
    place = {"limit": COUNT, "nextCursor": or_null(STRING)}
    page: dict[str, Any] = {name: [sample], "limit": DEFAULT_LIMIT, "nextCursor": None}
    example: dict[str, Any] = {name: page}
    return answer("A page.", obj({name: array(ref(component)), **place}), **example)


def limit_parameter(most: int, default: int, description: str) -> Schema:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return query("limit", schema, description)


def page_parameters(cursor_pattern: str) -> tuple[Schema, Schema]:
    cursor = {"type": "string", "pattern": cursor_pattern}
    return (
        limit_parameter(MAX_LIMIT, DEFAULT_LIMIT, "Rows of a page."),
        query("cursor", cursor, "nextCursor of the page before, as it is."),
    )


PAGE = page_parameters(CURSOR_PATTERN)
