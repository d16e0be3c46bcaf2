"""The log line of each request, without what opens doors."""

import re

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

LINKS = re.compile(r"^/(invitation|password/reset)/[^/]+/.+")


class SafeRequestMiddleware(RequestMiddleware):
    """No query strings (A1: credentials may be in them), no tokens of links."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        path = LINKS.sub(r"/\1/…", request.path)
        return f"{request.method} {path}"
