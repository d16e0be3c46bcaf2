"""What no schema can say of a call, done to it on its way; schemathesis loads this file itself."""

from secrets import token_hex
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import schemathesis
from requests import PreparedRequest
from schemathesis.core.parameters import ParameterLocation

KEY = "Idempotency-Key"
# gunicorn answers 414 to a request line of more than 4,094 bytes; the product never hears of it.
LONGEST_QUERY = 3500


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    return len(urlencode(case.query or {}, doseq=True)) <= LONGEST_QUERY


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: Any) -> None:
    meta = case.meta
    if meta and KEY in case.headers and not meta.is_negative_at(ParameterLocation.HEADER):
        case.headers[KEY] = fresh(str(case.headers[KEY]))
    if case.operation.path.startswith(("/oauth/", "/sentinel/")):
        kwargs["auth"] = from_elsewhere


def fresh(key: str) -> str:
    """One that was not sent before, in the same form: bodies differ, and a key is good for one."""
    unique = uuid4().hex
    return f'"{unique}"' if key.startswith('"') else unique + key[len(unique) :]


def from_elsewhere(request: PreparedRequest) -> PreparedRequest:
    """As a proxy in front tells it: of each address only so many may ask for a token."""
    request.headers["X-Forwarded-For"] = f"2001:db8::{token_hex(2)}:{token_hex(2)}"
    return request
