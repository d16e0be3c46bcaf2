"""The log line of each request, without what opens doors."""

import re

import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

from common.problems import trace_id

LINKS = re.compile(r"^/(invitation|password/reset)/[^/]+/.+")


class SafeRequestMiddleware(RequestMiddleware):
    """No query strings (A1: credentials may be in them), no tokens of links."""

    def prepare(self, request: HttpRequest) -> None:
        # The request id may be the caller's own; an error's requestTraceId never is.
        structlog.contextvars.bind_contextvars(trace_id=trace_id(request))
        super().prepare(request)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        path = LINKS.sub(r"/\1/…", request.path)
        return f"{request.method} {path}"
