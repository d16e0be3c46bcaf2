"""What HTTP clients read, made from the OpenAPI document: `.http` file and Postman collection."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from common.openapi import Schema
from proactive_site.openapi import as_yaml, generate

FORM = "application/x-www-form-urlencoded"
# Variables of both files, with what the demo brand has.
VARIABLES = {
    "baseUrl": "http://127.0.0.1:8000",
    "accountId": "48213907",
    "clientId": "larkfield-crm",
    "clientSecret": "",
    "brandToken": "",
    "consumerToken": "",
    "widgetToken": "",
    "campaignId": "a9cRASfbQ",
    "messageId": "252d195b-1a4f-8807-aa45-97d2a5560e44",
    "conversationId": "01a209db-99c4-7c86-9aa7-cde7983dd567",
    "deviceId": "01a209db-8bac-7e7b-8dee-afd63530e0ab",
    "webhookId": "01a209db-8bac-7e7b-8dee-afd63530e0ab",
    "eventId": "msg_01a209db8c4d7ddf957e79b841630db5",
    "appName": "com.larkfield.app",
    "app": "prmsg",
    "channel": "inapp",
    "service": "sentinel",
}
# Required parameters of queries.
QUERY = {
    "v": "2.0",
    "attemptedStartTime": "1795392000000",
    "attemptedEndTime": "1795478400000",
    "since": "2026-11-23",
    "consumerId": "user1",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One request as a client sends it, with ``{{variables}}``."""

    tag: str
    summary: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: str


def exports() -> dict[str, bytes]:
    """File name -> content."""
    samples = list(_samples(generate()))
    return {
        "docs/openapi.yaml": as_yaml(),
        "docs/proactive.http": _http_file(samples).encode(),
        "docs/proactive.postman_collection.json": orjson.dumps(
            _collection(samples), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        ),
    }


def _samples(document: Schema) -> Iterator[Sample]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            kind, body = _body(operation)
            headers = {"Content-Type": kind} if kind else {}
            yield Sample(
                tag=operation["tags"][0],
                summary=operation["summary"],
                method=method.upper(),
                url=_url(path, operation),
                headers={**_authorization(operation), **headers},
                body=body,
            )


def _url(path: str, operation: Schema) -> str:
    required = [
        one["name"]
        for one in operation["parameters"]
        if one["in"] == "query" and one.get("required")
    ]
    query = urlencode({name: QUERY[name] for name in required})
    named = re.sub(r"{(\w+)}", r"{{\1}}", path)
    return "{{baseUrl}}" + named + (f"?{query}" if query else "")


def _authorization(operation: Schema) -> dict[str, str]:
    schemes = {name for one in operation["security"] for name in one}
    for token in ("brandToken", "consumerToken", "widgetToken"):
        if token in schemes:
            return {"Authorization": f"Bearer {{{{{token}}}}}"}
    return {}


def _body(operation: Schema) -> tuple[str, str]:
    """Media type and text of the first example."""
    content = operation.get("requestBody", {}).get("content", {})
    for kind, described in content.items():
        value = next(iter(described["examples"].values()))["value"]
        if kind != FORM:
            return kind, orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        given = {"client_id": "{{clientId}}", "client_secret": "{{clientSecret}}"}
        return kind, "&".join(f"{name}={given.get(name, one)}" for name, one in value.items())
    return "", ""


def _http_file(samples: list[Sample]) -> str:
    head = "\n".join(f"@{name} = {value}".rstrip() for name, value in VARIABLES.items())
    return "\n\n".join([head, *map(_http_request, samples)]) + "\n"


def _http_request(sample: Sample) -> str:
    lines = [f"### {sample.tag}: {sample.summary}", f"{sample.method} {sample.url}"]
    lines += [f"{name}: {value}" for name, value in sample.headers.items()]
    return "\n".join(lines) + (f"\n\n{sample.body}" if sample.body else "")


def _collection(samples: list[Sample]) -> dict[str, Any]:
    folders = dict.fromkeys(sample.tag for sample in samples)
    return {
        "info": {
            "name": "Proactive",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "variable": [{"key": name, "value": value} for name, value in VARIABLES.items()],
        "item": [
            {"name": tag, "item": [_item(one) for one in samples if one.tag == tag]}
            for tag in folders
        ],
    }


def _item(sample: Sample) -> dict[str, Any]:
    headers = [{"key": name, "value": value} for name, value in sample.headers.items()]
    request: dict[str, Any] = {"method": sample.method, "url": sample.url, "header": headers}
    if sample.body:
        request["body"] = {"mode": "raw", "raw": sample.body}
    return {"name": sample.summary, "request": request}
