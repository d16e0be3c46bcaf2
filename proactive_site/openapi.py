"""The OpenAPI document: the apps' descriptions, put together by drf-spectacular.

Views and their parsers are written by hand, so each app describes its operations in ``schema.py``;
a route without a description is an error of generation.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson
from django.conf import settings
from drf_spectacular.drainage import error
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiYamlRenderer

from accounts import schema as accounts
from accounts.domain_api import SERVICES
from campaigns import schema as campaigns
from common.openapi import (
    MESSAGE_ID,
    STRING,
    UUID_PATTERN,
    Access,
    Operation,
    Schema,
    enum,
    obj,
    ref,
)
from common.problem_types import TITLES
from consumers import schema as consumers
from conversations import schema as conversations
from conversations import schema_brand as bots
from conversations import schema_live as live
from conversations import schema_widget as widget
from deflection import schema as deflection
from handoffs import schema as handoffs
from handoffs.api import CHANNELS
from webhooks import schema as webhooks

APPS = (
    *(accounts, campaigns, deflection, handoffs, webhooks, consumers),
    *(conversations, live, bots, widget),
)
OPERATIONS: Mapping[str, Operation] = {
    key: operation for app in APPS for key, operation in app.OPERATIONS.items()
}
# Named group of the URLconf -> the parameter's public name and schema.
PATH_PARAMETERS: Mapping[str, tuple[str, Schema]] = {
    "account_number": ("accountId", {"type": "string", "pattern": "^[0-9]{1,18}$"}),
    "campaign_id": ("campaignId", {"type": "string", "pattern": "^[A-Za-z0-9_-]{9}$"}),
    "message_id": (
        "messageId",
        {"type": "string", "pattern": f"^{MESSAGE_ID}$"},
    ),
    "device_id": ("deviceId", {"type": "string", "pattern": f"^{UUID_PATTERN}$"}),
    "conversation_id": (
        "conversationId",
        {"type": "string", "pattern": f"^{UUID_PATTERN}$"},
    ),
    "webhook_id": ("webhookId", {"type": "string", "pattern": f"^{UUID_PATTERN}$"}),
    "event_id": ("eventId", {"type": "string", "pattern": "^msg_[0-9a-f]{32}$"}),
    "app_name": (
        "appName",
        {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,154}$"},
    ),
    "service": ("service", enum(*SERVICES)),
    "channel": ("channel", enum(*CHANNELS)),
    "app": ("app", enum("prmsg", "c2m")),
}
PUBLIC_NAMES: Mapping[str, Schema] = dict(PATH_PARAMETERS.values())

PROBLEM = obj(
    {
        "type": {"type": "string", "format": "uri"},
        "title": STRING,
        "status": {"type": "integer"},
        "detail": STRING,
        "instance": STRING,
        "code": {"type": "integer", "description": "LivePerson's; 0 here."},
        "errorKey": {"type": "string", "description": "The stable word to test for."},
        "message": STRING,
        "requestTraceId": {"type": "string", "format": "uuid"},
        "errors": {"type": "array", "items": ref("FieldProblem"), "maxItems": 20},
        "details": {"type": "object"},
        "violated-policies": {"type": "array", "items": STRING},
        "reason": {"type": "string", "description": "Of a 401 of the SDK's paths."},
        "errorMessage": {"type": "string", "description": "LivePerson's, of IVR deflection."},
        "errorCode": {"type": "integer", "description": "LivePerson's, of IVR deflection."},
    },
    optional=(
        "errors",
        "details",
        "violated-policies",
        "reason",
        "errorMessage",
        "errorCode",
    ),
    description="RFC 9457, with LivePerson's keys in the same body.",
)
FIELD_PROBLEM = obj(
    {
        "pointer": {"type": "string", "description": "JSON Pointer."},
        "code": STRING,
        "detail": STRING,
    }
)
ERRORS: Mapping[int, str] = {
    400: "The body or a parameter is wrong.",
    401: "No token, or not a good one.",
    403: "The token does not have the scope.",
    404: "No such thing in this account.",
    409: TITLES["conflict"],
    411: TITLES["length_required"],
    413: TITLES["body_too_large"],
    415: TITLES["unsupported_media_type"],
    422: TITLES["contradiction"],
    429: "Not processed; wait for `Retry-After` seconds.",
    500: "Not carried out; `requestTraceId` finds it in the logs.",
    503: "Nothing was accepted; wait for `Retry-After` seconds.",
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
# Which errors an operation answers with: their media types and schema.
KINDS: Mapping[str, tuple[tuple[str, ...], Schema]] = {
    "Problem": (("application/json", "application/problem+json"), ref("Problem")),
    "SdkProblem": (("application/problem+json",), ref("Problem")),
    "OAuth": (("application/json",), ref("OAuthError")),
}
SECURITY: Mapping[Access, list[dict[str, list[str]]]] = {
    Access.OPEN: [],
    Access.CLIENT: [{"clientBasic": []}, {}],
    Access.BRAND: [{"brandToken": []}],
    Access.CONSUMER: [{"consumerToken": []}],
    Access.WIDGET: [{"widgetToken": []}],
}
SCHEMES: Mapping[str, Schema] = {
    "clientCredentials": {
        "type": "oauth2",
        "description": "OAuth 2.0 client credentials; the token is sent as `brandToken` says.",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/oauth/token",
                "scopes": settings.OAUTH2_PROVIDER["SCOPES"],
            }
        },
    },
    "brandToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `POST /oauth/token` or of LivePerson's path.",
    },
    "clientBasic": {
        "type": "http",
        "scheme": "basic",
        "description": "Client id and secret; both may stand in the form instead.",
    },
    "consumerToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The JWT that the brand's identity provider gave the consumer.",
    },
    "widgetToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "What `POST …/token` of the agent widget answered.",
    },
}

Endpoint = tuple[str, str, str, Callable[..., Any]]


def public_path(path: str) -> str:
    """A path of the URLconf as it is told: without its last slash, with public names."""
    named = re.sub(r"{(\w+)}", lambda found: f"{{{_public_name(found[1])}}}", path)
    return named.replace("\\", "").rstrip("/")


def _public_name(name: str) -> str:
    return PATH_PARAMETERS[name][0] if name in PATH_PARAMETERS else name


def name_publicly(endpoints: list[Endpoint], **kwargs: Any) -> list[Endpoint]:
    """Preprocessing hook."""
    return [(public_path(path), regex, method, view) for path, regex, method, view in endpoints]


class Described(AutoSchema):
    """Takes an operation from what its app says of it."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> Schema | None:
        operation = OPERATIONS.get(f"{method} {path}")
        if operation is None:
            error(f"No schema.py describes {method} {path}.")
            return None
        return describe(path, method, operation)


def describe(path: str, method: str, operation: Operation) -> Schema:
    scope = f"Scope `{operation.scope}`." if operation.scope else ""
    described: Schema = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": " ".join(part for part in (operation.description, scope) if part),
        "parameters": [*_path_parameters(path), *operation.parameters],
        "security": _security(operation),
        "responses": {
            **{
                str(status): _success(operation, one) for status, one in operation.responses.items()
            },
            **{
                str(status): _error(operation, status, text)
                for status, text in sorted(_errors(path, method, operation).items())
            },
        },
    }
    if operation.body:
        content = dict(operation.body)
        described["requestBody"] = {"content": content, "required": operation.is_body_required}
    return {name: value for name, value in described.items() if value != ""}


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    by_flow = [{"clientCredentials": [operation.scope]}] if operation.scope else []
    return [*by_flow, *SECURITY[operation.access]]


def _path_parameters(path: str) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": PUBLIC_NAMES[name]}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _success(operation: Operation, response: Schema) -> Schema:
    if operation.access is not Access.BRAND:
        return response
    limits = {
        "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
        "RateLimit": {"$ref": "#/components/headers/RateLimit"},
    }
    return {**response, "headers": {**response.get("headers", {}), **limits}}


def _errors(path: str, method: str, operation: Operation) -> dict[int, str]:
    statuses = {500, 503}
    if "{" in path:
        statuses.add(404)
    if method != "GET":
        statuses |= {411, 413}
    if operation.body or operation.parameters:
        statuses.add(400)
    if operation.access is Access.BRAND:
        statuses |= {401, 403, 429}
    if operation.access in {Access.CONSUMER, Access.WIDGET}:
        statuses |= {401, 429}
    if operation.access is Access.CLIENT:
        statuses |= {400, 401, 429}
    elif operation.body:
        statuses.add(415)
    return {status: ERRORS[status] for status in statuses} | dict(operation.errors)


def _error(operation: Operation, status: int, description: str) -> Schema:
    """A shared response; where the operation has more to say of it, one of its own."""
    is_oauth = operation.access is Access.CLIENT and status in {400, 401, 429}
    is_sdk = operation.access is Access.CONSUMER
    kind = "OAuth" if is_oauth else "SdkProblem" if is_sdk else "Problem"
    if description == ERRORS[status]:
        return {"$ref": f"#/components/responses/{kind}{status}"}
    return problem_response(kind, status, description)


def problem_response(kind: str, status: int, description: str) -> Schema:
    media_types, schema = KINDS[kind]
    response: Schema = {
        "description": description,
        "content": {media_type: {"schema": schema} for media_type in media_types},
    }
    return {**response, "headers": RETRY_AFTER} if status in {429, 503} else response


def complete(result: Schema, **kwargs: Any) -> Schema:
    """Postprocessing hook: what is no view of REST framework's, and what all share."""
    paths = result.setdefault("paths", {})
    for key, operation in accounts.OPERATIONS.items():
        method, path = key.split(" ")
        if operation.access is Access.CLIENT:
            paths.setdefault(path, {})[method.lower()] = describe(path, method, operation)
    result["paths"] = dict(sorted(paths.items()))
    used = orjson.dumps(paths).decode()
    schemas = {name: schema for app in APPS for name, schema in app.COMPONENTS.items()}
    warning = obj({"pointer": STRING, "code": STRING, "detail": STRING})
    shared = {"Problem": PROBLEM, "FieldProblem": FIELD_PROBLEM, "Warning": warning}
    result["components"] = {
        "schemas": dict(sorted({**schemas, **shared}.items())),
        "responses": {
            f"{kind}{status}": problem_response(kind, status, description)
            for kind in KINDS
            for status, description in ERRORS.items()
            if f'/responses/{kind}{status}"' in used
        },
        "headers": {
            "RateLimitPolicy": {"description": "The limits of the account.", "schema": STRING},
            "RateLimit": {"description": "What is left of them.", "schema": STRING},
        },
        "securitySchemes": dict(SCHEMES),
    }
    result["webhooks"] = {"event": {"post": _event()}}
    return result


def _event() -> Schema:
    """What a brand's webhook is called with."""
    return {
        "operationId": "receiveEvent",
        "tags": ["Webhooks"],
        "summary": "Our call to a brand's webhook, signed by Standard Webhooks",
        "security": [],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ref("WebhookEvent")}},
        },
        "responses": {"2XX": {"description": "Taken."}, "410": {"description": "Switch it off."}},
    }


def generate() -> Schema:
    generator: Any = SchemaGenerator
    document: Schema = generator().get_schema(request=None, public=True)
    return document


@cache
def as_json() -> bytes:
    return orjson.dumps(generate())


@cache
def as_yaml() -> bytes:
    renderer: Any = OpenApiYamlRenderer()
    text: bytes = renderer.render(generate(), renderer_context={})
    return text
