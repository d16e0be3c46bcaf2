"""The OpenAPI document with what only the database can know: which ids and names exist."""

import json
from collections.abc import Iterator
from typing import Any

from common.openapi import Schema, or_null
from proactive_site.openapi import generate
from tests.fuzz.world import Known, World

# What is sent; the other schemas are of answers.
SENT = ("CampaignCall", "NewDevice", "Subscription")
NOTHING = {"type": "null"}


def bound_document(world: World) -> dict[str, Any]:
    document = json.loads(json.dumps(generate()))
    schemas = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            _bind_parameters(operation, world)
            own = world.own.get(operation["operationId"], {})
            for content in operation.get("requestBody", {}).get("content", {}).values():
                _bind_body(content, {**world.fields, **own})
                if own and "$ref" in content["schema"]:
                    _bind_fields(schemas[content["schema"]["$ref"].rpartition("/")[2]], own)
    for name in SENT:
        _bind_fields(schemas[name], world.fields)
    schemas["CampaignCall"]["properties"]["consumers"]["maxItems"] = 100
    _keep_the_phone(document)
    return document


def _bind_parameters(operation: Schema, world: World) -> None:
    # A bearer token is the same however it was got.
    operation["security"] = [one for one in operation["security"] if "clientCredentials" not in one]
    known = {**world.parameters, **world.own.get(operation["operationId"], {})}
    for parameter in operation["parameters"]:
        if parameter["name"] in known:
            parameter["schema"] = _one_of(known[parameter["name"]])


def _bind_body(content: Schema, known: Known) -> None:
    _bind_fields(content["schema"], known)
    for example in content["examples"].values():
        example["value"] = _with_known(example["value"], known)


def _bind_fields(schema: Schema, known: Known) -> None:
    for properties in _properties(schema):
        for name in properties.keys() & known.keys():
            # What is null, or may be anything, is not what the name says elsewhere.
            if properties[name] != NOTHING and properties[name].keys() - {"description"}:
                is_nullable = "null" in properties[name].get("type", ())
                bound = _one_of(known[name])
                properties[name] = or_null(bound) if is_nullable else bound


def _one_of(values: Any) -> Schema:
    return {"enum": list(values)}


def _properties(node: Any) -> Iterator[Schema]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from _properties(child)
    if isinstance(node, dict) and "properties" in node:
        yield node["properties"]


def _with_known(example: Any, known: Known) -> Any:
    """The samples name what this world does not have."""
    if isinstance(example, list):
        return [_with_known(item, known) for item in example]
    if not isinstance(example, dict):
        return example
    return {
        name: known[name][0] if name in known else _with_known(value, known)
        for name, value in example.items()
    }


def _keep_the_phone(document: dict[str, Any]) -> None:
    """A new token makes another device of it; and a phone has no subscription."""
    operation = document["paths"]["/api/sdk/v1/account/{accountId}/devices/{deviceId}"]["patch"]
    content = operation["requestBody"]["content"]["application/json"]
    del content["schema"]["properties"]["token"]
    content["schema"]["properties"]["subscription"] = NOTHING
    content["examples"] = {"model": {"value": {"model": "iPhone 17"}}}
