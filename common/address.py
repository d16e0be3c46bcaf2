"""Whose call it is, by the address it came from."""

from django.http import HttpRequest


def address_of(request: HttpRequest | None) -> str:
    """The caller's address: as the proxy in front appended it, else the socket's."""
    if request is None:
        return ""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return forwarded or str(request.META.get("REMOTE_ADDR", ""))
