"""Errors on the wire: RFC 9457 problem details that also carry LivePerson's envelope.

One function makes every body; DRF's handler and the middleware are the two ways to it.
"""

import json
import logging
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import DomainError, FieldError, InvalidRequest, TooMany
from common.problem_types import DETAILS, KEYS, TITLES, status_of

logger = logging.getLogger(__name__)

MAX_ERRORS = 20
# What a caller may name its own request; anything else could forge a line of a log.
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
API_PREFIXES = ("/api/", "/sentinel/", "/oauth/")
# The SDK's paths are ours alone; on LivePerson's the media type its clients know is kept (A9).
OWN_PREFIXES = ("/api/sdk/",)


class ServiceUnavailable(exceptions.APIException):
    """503 with ``Retry-After`` in seconds."""

    status_code = 503

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


def trace_id(request: HttpRequest) -> str:
    """Our own uuid of this request: in logs and in every error."""
    found = getattr(request, "trace_id", None)
    if found is None:
        found = str(uuid.uuid4())
        request.trace_id = found  # type: ignore[attr-defined]
    return str(found)


def request_id(request: HttpRequest) -> str:
    """What ``X-Request-Id`` of the answer says: the caller's own word, else our uuid."""
    found = getattr(request, "request_id", None)
    if found is None:
        # Not request.headers: it is made once, and the log has to read what META is given below.
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        found = given if REQUEST_ID.fullmatch(given) else trace_id(request)
        request.request_id = found  # type: ignore[attr-defined]
    return str(found)


def problem_body(
    request: HttpRequest,
    *,
    status: int,
    detail: str = "",
    key: str = "",
    errors: Sequence[FieldError] = (),
    **extra: Any,
) -> dict[str, Any]:
    key = key or KEYS.get(status, KEYS[400] if status < 500 else KEYS[500])
    title = TITLES.get(key) or TITLES.get(KEYS.get(status, ""), "The request failed.")
    detail = detail or DETAILS.get(status, title)
    trace = trace_id(request)
    body: dict[str, Any] = {
        "type": f"{settings.PUBLIC_URL}/problems/{key.replace('_', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{trace}",
        "code": 0,
        "errorKey": key,
        "message": detail,
        "requestTraceId": trace,
        **extra,
    }
    if errors:
        body["errors"] = [
            {"pointer": "#" + error.pointer[:200], "code": error.key, "detail": error.detail[:300]}
            for error in errors[:MAX_ERRORS]
        ]
    return body


def media_type(request: HttpRequest) -> str:
    if request.path.startswith(OWN_PREFIXES):
        return "application/problem+json"
    accepts = request.headers.get("Accept", "")
    return (
        "application/problem+json" if "application/problem+json" in accepts else "application/json"
    )


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's handler: every anticipated failure of an API view becomes a problem."""
    request: HttpRequest = context["request"]._request
    translated = _translate(exc)
    if translated is None:
        return None
    status, members, headers = translated
    response = Response(problem_body(request, status=status, **members), status, headers=headers)
    response.content_type = media_type(request)
    return response


Translated = tuple[int, dict[str, Any], dict[str, str]]


def _translate(exc: Exception) -> Translated | None:
    if isinstance(exc, DomainError):
        return _translate_domain(exc)
    if isinstance(exc, exceptions.APIException):
        return _translate_drf(exc)
    if isinstance(exc, Http404):
        return 404, {}, {}
    if isinstance(exc, PermissionDenied):
        return 403, {}, {}
    if isinstance(exc, RequestDataTooBig):
        return 413, {"detail": _too_large()}, {}
    if isinstance(exc, SuspiciousOperation | BadRequest):
        return 400, {}, {}
    if isinstance(exc, OperationalError | InterfaceError):
        logger.error("database unavailable", exc_info=exc)
        return 503, {}, {"Retry-After": "5"}
    return None


def _too_large() -> str:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return f"The body may have {limit:,} bytes. Send fewer recipients a call."


def _translate_domain(exc: DomainError) -> Translated:
    members: dict[str, Any] = {"detail": exc.message, "key": exc.key}
    if isinstance(exc, TooMany):
        members["violated-policies"] = [exc.policy]
        return status_of(type(exc)), members, {"Retry-After": str(exc.wait)}
    if isinstance(exc, InvalidRequest):
        members["errors"] = exc.errors
    elif exc.pointer:
        members["errors"] = [FieldError(exc.pointer, exc.key, exc.message)]
    if exc.details:
        members["details"] = exc.details
    return status_of(type(exc)), members, {}


def _translate_drf(exc: exceptions.APIException) -> Translated:
    headers = {}
    auth_header = getattr(exc, "auth_header", None)
    if auth_header:
        headers["WWW-Authenticate"] = auth_header
    retry_after = getattr(exc, "retry_after", None) or getattr(exc, "wait", None)
    if retry_after:
        headers["Retry-After"] = str(int(retry_after))
    members = {"detail": str(exc.detail) if isinstance(exc.detail, str) else ""}
    reason = getattr(exc, "reason", "")
    if reason:
        members["reason"] = reason
    return exc.status_code, members, headers


class JSONRenderer(BaseRenderer):
    """UTF-8 JSON by orjson; a lone surrogate echoed to its sender goes out as an escape."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data)
        except TypeError:
            return json.dumps(data, default=str).encode()


class AlwaysJSON(BaseContentNegotiation):
    """There is one representation, so ``Accept`` refuses nobody."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        kind = (request.content_type or "").split(";")[0].strip().lower()
        return parsers[0] if kind in {"application/json", ""} or kind.endswith("+json") else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class ProblemMiddleware:
    """Outermost: names the request, and lets no HTML leave an API path."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # What the log reads; a caller's id that is not sound is dropped here.
        request.META["HTTP_X_REQUEST_ID"] = request_id(request)
        is_api = request.path.startswith(API_PREFIXES)
        response: HttpResponseBase
        if is_api:
            response = _refuse_unread(request) or self.get_response(request)
            response = self._finish(request, response)
        else:
            response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id(request)
        return response

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        """For views that are not DRF's: its own never let an anticipated failure out."""
        translated = _translate(exc) if request.path.startswith(API_PREFIXES) else None
        if translated is None:
            return None
        status, members, headers = translated
        return problem_response(request, status, headers=headers, **members)

    def _finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code >= 400 and "json" not in response.headers.get("Content-Type", ""):
            kept = {k: v for k, v in response.items() if k in {"Allow", "Retry-After"}}
            response = problem_response(request, response.status_code, headers=kept)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _refuse_unread(request: HttpRequest) -> HttpResponse | None:
    """Refuse by its headers a body that would not be read to its end."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length and request.headers.get("Transfer-Encoding"):
        return problem_response(request, 411)
    if length.isascii() and length.isdigit() and _exceeds_limit(length):
        return problem_response(request, 413, detail=_too_large())
    return None


def _exceeds_limit(length: str) -> bool:
    return len(length) > 18 or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def problem_response(
    request: HttpRequest, status: int, *, headers: Mapping[str, str] | None = None, **members: Any
) -> HttpResponse:
    body = orjson.dumps(problem_body(request, status=status, **members))
    response = HttpResponse(body, status=status, content_type=media_type(request))
    # Outside of Django's own middleware nobody else tells it.
    response.headers["Content-Length"] = str(len(body))
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response
