"""The web SDK, as brands' pages and workers load it: under its own names, from anywhere."""

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

FOLDER = settings.BASE_DIR / "web_sdk" / "v1"
# A fault is mended everywhere within this time; what has not changed is not sent again.
CACHE_CONTROL = "public, max-age=300"
HEADERS = {
    "Cache-Control": CACHE_CONTROL,
    "Vary": "Accept-Encoding",
    # Modules are fetched as by scripts, and pages that isolate themselves (COEP) ask for consent.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@dataclass(frozen=True, slots=True)
class Module:
    text: bytes
    packed: bytes
    etag: str


@cache
def modules() -> dict[str, Module]:
    """By file name; read once in each process."""
    return {path.name: _module(path.read_bytes()) for path in FOLDER.glob("*.js")}


def _module(text: bytes) -> Module:
    return Module(text, gzip.compress(text, mtime=0), f'W/"{sha256(text).hexdigest()[:16]}"')


def _etag(request: HttpRequest, name: str) -> str | None:
    module = modules().get(name)
    return module.etag if module else None


@require_safe
@condition(etag_func=_etag)
def serve(request: HttpRequest, name: str) -> HttpResponse:
    module = modules().get(name)
    if module is None:
        raise Http404("The web SDK has no such file.")
    is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
    body = module.packed if is_packed else module.text
    response = HttpResponse(body, content_type="text/javascript; charset=utf-8", headers=HEADERS)
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    return response
