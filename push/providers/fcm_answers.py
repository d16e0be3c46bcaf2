"""What FCM answers, and what it means to us.

Google's own words come first: `errorCode` of the `FcmError` among the details. It is missing where
Google's front refused the request before FCM saw it, and INVALID_ARGUMENT is said of a bad token
and of a bad message alike.
"""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from push.providers.base import Outcome
from push.providers.reading import DETAIL_LIMIT, read_words

Verdict = tuple[Outcome, str]

ACCEPTED: Verdict = (Outcome.ACCEPTED, "")
BAD_TOKEN: Verdict = (Outcome.UNREGISTERED, "bad_token")
TOO_BIG: Verdict = (Outcome.REJECTED, "payload_too_big")
REFUSED: Verdict = (Outcome.REJECTED, "refused")
BUSY: Verdict = (Outcome.RETRY, "rate_limited")
DOWN: Verdict = (Outcome.RETRY, "provider_unavailable")
OUR_ACCOUNT: Verdict = (Outcome.MISCONFIGURED, "credential_refused")
OUR_TOKEN: Verdict = (Outcome.RETRY, "access_token_refused")
OTHER_PROJECT: Verdict = (Outcome.UNREGISTERED, "sender_mismatch")

# HTTP status and FcmError.errorCode. Each stands with the status that Google documents for it: with
# another it is none of these, and no device leaves the registry for it.
WORDS: dict[tuple[int, str], Verdict] = {
    (404, "UNREGISTERED"): (Outcome.UNREGISTERED, "token_gone"),
    (403, "SENDER_ID_MISMATCH"): OTHER_PROJECT,
    (401, "THIRD_PARTY_AUTH_ERROR"): OUR_ACCOUNT,
    (429, "QUOTA_EXCEEDED"): BUSY,
    (500, "INTERNAL"): DOWN,
    (503, "UNAVAILABLE"): DOWN,
}
STATUSES: dict[int, Verdict] = {
    401: OUR_TOKEN,
    403: OUR_ACCOUNT,  # no permission, or the API is switched off
    404: OUR_ACCOUNT,  # no such project
    408: DOWN,
    413: TOO_BIG,
    429: BUSY,
}
CLASSES: dict[int, Verdict] = {
    2: ACCEPTED,
    3: (Outcome.MISCONFIGURED, "redirected"),
    4: REFUSED,
}

TOKEN_FIELD = "message.token"
NO_TOKEN = "not a valid fcm registration token"
TOO_BIG_WORDS = "message is too big"
TITLE = re.compile(rb"<title>(.*?)</title>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FcmError:
    """The body of a refusal, as far as it can be read; `fields` are those that were violated."""

    status: str = ""
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()


def judge(status: int, error: FcmError) -> Verdict:
    if status == 400:
        return _judge_request(error)
    worded = WORDS.get((status, error.code)) or STATUSES.get(status)
    return worded or CLASSES.get(status // 100, DOWN)


def _judge_request(error: FcmError) -> Verdict:
    """A device leaves the registry only where its token is named. A message that is refused for
    itself is refused for all its devices, and would take the whole registry with it."""
    said = error.message.lower()
    if TOKEN_FIELD in error.fields or NO_TOKEN in said:
        return BAD_TOKEN
    return TOO_BIG if TOO_BIG_WORDS in said else REFUSED


def read_name(body: bytes) -> str:
    """FCM's name of a message that it took; empty where it gave none."""
    return _text(_mapping(_load(body)).get("name"))


def read_error(body: bytes) -> FcmError:
    """From what may be anything: Google's fronts answer in HTML."""
    error = _mapping(_mapping(_load(body)).get("error"))
    details = [_mapping(detail) for detail in _list(error.get("details"))]
    codes = (_text(detail.get("errorCode")) for detail in details if _is(detail, "FcmError"))
    violations = (
        _text(_mapping(violation).get("field"))
        for detail in details
        if _is(detail, "BadRequest")
        for violation in _list(detail.get("fieldViolations"))
    )
    return FcmError(
        status=_text(error.get("status")),
        code=next(filter(None, codes), ""),
        message=_text(error.get("message")),
        fields=tuple(filter(None, violations)),
    )


def describe(error: FcmError, body: bytes) -> str:
    """Google's own words in one line; of a page its title, as its style comes before its words."""
    word = error.code or error.status
    if not word:
        title = TITLE.search(body)
        return read_words(title[1] if title else body)
    said = read_words(error.message.encode("utf-8", "replace"))
    return f"{word}: {said}"[:DETAIL_LIMIT]


def _is(detail: dict[str, Any], kind: str) -> bool:
    """By the end of its type: "…/google.firebase.fcm.v1.FcmError", once "…FcmErrorCode"."""
    return _text(detail.get("@type")).rpartition(".")[2].startswith(kind)


def _load(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Without NUL, which the database does not take."""
    return value.replace("\0", " ") if isinstance(value, str) else ""
