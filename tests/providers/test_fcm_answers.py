"""D17: what FCM and Google's fronts say, as it was recorded, and what it is to us."""

from typing import Any

import pytest

from common.transport import Answer, Sent
from push.providers.base import Outcome, PushResult, Sending
from push.providers.fcm import FcmProvider
from push.providers.fcm_settings import FcmSettings
from push.providers.token_source import AccessToken
from tests.providers import fcm_bodies as say
from tests.providers.contract import NOW, make_request

PROJECT = "larkfield-app"
GONE = (Outcome.UNREGISTERED, "token_gone")
BAD_TOKEN = (Outcome.UNREGISTERED, "bad_token")
MISMATCH = (Outcome.UNREGISTERED, "sender_mismatch")
REFUSED = (Outcome.REJECTED, "refused")
TOO_BIG = (Outcome.REJECTED, "payload_too_big")
HELD = (Outcome.MISCONFIGURED, "credential_refused")
TOKEN_REFUSED = (Outcome.RETRY, "access_token_refused")
BUSY = (Outcome.RETRY, "rate_limited")
DOWN = (Outcome.RETRY, "provider_unavailable")
SENT = (Outcome.ACCEPTED, "")
NOT_FOUND = "Requested entity was not found."
OLD_WORDS = "App Instance was uninstalled or unregistered."


def refusal(code: int, status: str, message: str, *details: Any) -> bytes:
    return say.refusal(code, status, message, *details)


# An answer's name: status, body, what it is to us.
ANSWERS: dict[str, tuple[int, bytes, tuple[Outcome, str]]] = {
    "taken": (200, b'{"name": "projects/p/messages/0:1500415314455276%31bd1c96"}', SENT),
    "taken, dry run": (200, b'{"name": "projects/p/messages/fake_message_id"}', SENT),
    "taken, without words": (200, b"", SENT),
    "taken, in words of no sense": (200, b"[1,", SENT),
    "app removed": (404, say.unregistered(), GONE),
    "app removed, in old words": (
        404,
        refusal(404, "NOT_FOUND", OLD_WORDS, say.fcm_error("UNREGISTERED", "FcmErrorCode")),
        GONE,
    ),
    "token is none": (400, say.not_a_token(), BAD_TOKEN),
    "token is none, by its field": (
        400,
        say.bad_message("message.token", "Invalid registration token"),
        BAD_TOKEN,
    ),
    "token is none, found in front": (
        400,
        say.bad_value("message.token", "Invalid value at 'message.token' (TYPE_STRING), 7"),
        BAD_TOKEN,
    ),
    "token of another project": (403, say.sender_id_mismatch(), MISMATCH),
    "too big": (400, say.too_big(), TOO_BIG),
    "too big, without a reason": (400, refusal(400, "INVALID_ARGUMENT", say.INVALID), REFUSED),
    "too big for Google's front": (413, say.html(413, "Payload Too Large", "Too large."), TOO_BIG),
    "value that is no text": (
        400,
        say.bad_value("message.data[0].value", "Invalid value (TYPE_STRING), 12"),
        REFUSED,
    ),
    "field that does not exist": (
        400,
        say.bad_value("message", "Unknown name \"collapse\" at 'message': Cannot find field."),
        REFUSED,
    ),
    "time to live out of range": (400, say.bad_message("message.android.ttl", "Invalid"), REFUSED),
    "data key that Google keeps": (
        400,
        say.bad_message("message.data", "Invalid data key: from"),
        REFUSED,
    ),
    "no recipient": (
        400,
        say.bad_message("message", "Recipient of the message is not set."),
        REFUSED,
    ),
    "no JSON": (400, say.bad_value("", "Invalid JSON payload received."), REFUSED),
    "UNREGISTERED with another status": (
        400,
        refusal(400, "INVALID_ARGUMENT", NOT_FOUND, say.fcm_error("UNREGISTERED")),
        REFUSED,
    ),
    "access token expired": (401, say.unauthenticated("ACCESS_TOKEN_EXPIRED"), TOKEN_REFUSED),
    "access token missing": (401, say.no_authentication(), TOKEN_REFUSED),
    "access token refused in HTML": (401, say.html(401, "Unauthorized", "No."), TOKEN_REFUSED),
    "credential of APNs or Web Push in the project": (
        401,
        refusal(
            401,
            "UNAUTHENTICATED",
            "Auth error from APNS or Web Push Service",
            say.fcm_error("THIRD_PARTY_AUTH_ERROR"),
        ),
        HELD,
    ),
    "no permission": (403, say.no_permission(PROJECT), HELD),
    "API switched off": (403, say.api_disabled(PROJECT), HELD),
    "caller without permission": (
        403,
        refusal(403, "PERMISSION_DENIED", "The caller does not have permission"),
        HELD,
    ),
    "SENDER_ID_MISMATCH with another status": (
        400,
        refusal(400, "INVALID_ARGUMENT", "?", say.fcm_error("SENDER_ID_MISMATCH")),
        REFUSED,
    ),
    "no such project": (404, refusal(404, "NOT_FOUND", NOT_FOUND), HELD),
    "no such project, in HTML": (404, say.html_404("/v1/projects/x/messages:send"), HELD),
    "404 of another service's error": (
        404,
        refusal(404, "NOT_FOUND", NOT_FOUND, say.error_info("UNREGISTERED")),
        HELD,
    ),
    "project's quota": (429, say.quota_exceeded(), BUSY),
    "device's quota": (429, say.device_quota_exceeded(), BUSY),
    "quota, in HTML": (429, say.html(429, "Too Many Requests", "Slow down."), BUSY),
    "internal": (500, say.internal(), DOWN),
    "internal, in HTML": (500, say.html(500, "Server Error", "Later."), DOWN),
    "bad gateway": (502, say.html_502(), DOWN),
    "unavailable": (503, say.unavailable(), DOWN),
    "unavailable, without words": (503, b"", DOWN),
    "gateway timeout": (504, refusal(504, "DEADLINE_EXCEEDED", "Deadline exceeded."), DOWN),
    "request timeout": (408, b"", DOWN),
    "500 that calls the token unregistered": (
        500,
        refusal(500, "INTERNAL", "?", say.fcm_error("UNREGISTERED")),
        DOWN,
    ),
    "unspecified": (
        500,
        refusal(500, "UNKNOWN", "?", say.fcm_error("UNSPECIFIED_ERROR")),
        DOWN,
    ),
    "redirect": (302, b"", (Outcome.MISCONFIGURED, "redirected")),
    "method not allowed": (405, say.html(405, "Method Not Allowed", "?"), REFUSED),
}


def make_provider() -> FcmProvider:
    """Of an account that FCM has taken pushes of."""
    email = f"k1@{PROJECT}.iam.gserviceaccount.com"
    provider = FcmProvider(FcmSettings(PROJECT, email, "key"))
    provider.proof.give()
    return provider


def finish(status: int, body: bytes, provider: FcmProvider | None = None) -> PushResult:
    provider, request = provider or make_provider(), make_request("token-1", "android")
    tag = Sending(provider, request, AccessToken("of-old", 0.0, 0.0))
    return provider.finish(request, Answer(tag, Sent.ANSWERED, NOW, status, {}, body))


@pytest.mark.parametrize(("status", "body", "expected"), ANSWERS.values(), ids=ANSWERS.keys())
def test_googles_answer_becomes_our_outcome(
    status: int, body: bytes, expected: tuple[Outcome, str]
) -> None:
    """D17."""
    result = finish(status, body)

    assert (result.outcome, result.reason) == expected
    assert result.status == status
    assert len(result.detail) <= 300


def test_a_device_leaves_the_registry_for_its_own_token_only() -> None:
    """D17, C6: one bad message must not take every device with it."""
    leaving = {name for name, (*_, outcome) in ANSWERS.items() if outcome[0] == "unregistered"}

    assert leaving == {
        "app removed",
        "app removed, in old words",
        "token is none",
        "token is none, by its field",
        "token is none, found in front",
        "token of another project",
    }
    assert len(ANSWERS) >= 40


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"{}",
        b'{"error": null}',
        b'{"error": "invalid_grant"}',
        b'{"error": {"code": "x", "message": 7, "status": [], "details": {}}}',
        b'{"error": {"details": [null, 7, "x", []]}}',
        b'{"error": {"details": [{"@type": 7, "errorCode": "UNREGISTERED"}]}}',
        b'{"error": {"details": [{"errorCode": "UNREGISTERED"}]}}',
        b'{"error": {"details": [{"@type": "x.FcmError", "errorCode": ["UNREGISTERED"]}]}}',
        b'{"error": {"details": [{"@type": "x.BadRequest", "fieldViolations": {"field": 1}}]}}',
        b'{"error": {"details": [{"@type": "x.BadRequest", "fieldViolations": [7, null]}]}}',
        b'{"error": {"message": "' + b"\xff" * 40,
        b'{"error": {"message": "\\ud800"}}',
        b'{"error": {"status": "NOT\\u0000FOUND"}}',
        b"[" * 100_000,
        b"\x00\xff\xfe<html>" * 5000,
    ],
    ids=lambda body: str(body[:60]),
)
def test_answer_of_no_sense_throws_nothing_and_no_device_leaves_for_it(
    status: int, body: bytes
) -> None:
    """D17."""
    result = finish(status, body)

    assert result.outcome in {Outcome.RETRY, Outcome.REJECTED, Outcome.MISCONFIGURED}
    assert result.reason
    assert result.detail.isprintable()


def test_name_of_a_push_can_be_stored() -> None:
    """Whatever it is: one that cannot would undo the record of all that was sent with it."""
    assert finish(200, b'{"name": "projects\\u0000"}').provider_id == "projects "


def test_googles_own_words_are_kept_in_one_line() -> None:
    assert finish(503, say.unavailable()).detail == (
        "UNAVAILABLE: The service is currently unavailable."
    )
    assert finish(404, say.unregistered()).detail == f"UNREGISTERED: {NOT_FOUND}"
    assert finish(403, say.no_permission("p")).detail.startswith("PERMISSION_DENIED: Permission")
    assert finish(502, say.html_502()).detail == "Error 502 (Server Error)!!1"
    assert finish(502, b"upstream\n  reset").detail == "upstream reset"
