"""D17: what push services say, as it was recorded, and what it is to us."""

import pytest

from common.transport import Answer, Sent
from push.providers.base import Outcome
from push.providers.vapid import new_private_key
from push.providers.webpush import WebPushProvider
from push.providers.webpush_settings import WebPushSettings
from tests.providers.contract import NOW, make_request

HELD = (Outcome.MISCONFIGURED, "credential_refused")
WAITS = (Outcome.RETRY, "credential_refused")
REFUSED = (Outcome.REJECTED, "refused")
OTHER_KEY = (Outcome.REJECTED, "other_vapid_key")
GONE = (Outcome.UNREGISTERED, "token_gone")
BUSY = (Outcome.RETRY, "rate_limited")
DOWN = (Outcome.RETRY, "provider_unavailable")
MOZILLA = (
    '{{"code":{},"errno":{},"error":"x","message":"{}","more_info":"http://autopush.example"}}'
)
GOOGLE = "the VAPID credentials in the authorization header do not correspond to the credentials"
# A service's answer: status, body, headers; what it is to us with a token that no service has
# taken yet, and with one that was taken.
ANSWERS = [
    (200, "", {}, (Outcome.ACCEPTED, ""), (Outcome.ACCEPTED, "")),
    (201, "", {}, (Outcome.ACCEPTED, ""), (Outcome.ACCEPTED, "")),
    (202, "", {}, (Outcome.ACCEPTED, ""), (Outcome.ACCEPTED, "")),
    (404, "A valid push subscription endpoint should be specified in the URL", {}, GONE, GONE),
    (404, MOZILLA.format(404, 102, "Invalid token"), {}, GONE, GONE),
    (410, MOZILLA.format(410, 106, "No such subscription"), {}, GONE, GONE),
    (410, '{"reason":"Unregistered"}', {}, GONE, GONE),
    (403, f"{GOOGLE} used to create the subscriptions.\n", {}, OTHER_KEY, OTHER_KEY),
    (
        403,
        "the key in the authorization header does not correspond to the sender ID used to"
        " subscribe this user. Please ensure you are using the correct sender ID",
        {},
        OTHER_KEY,
        OTHER_KEY,
    ),
    (400, "<HTML><TITLE>UnauthorizedRegistration</TITLE></HTML>", {}, OTHER_KEY, OTHER_KEY),
    (401, MOZILLA.format(401, 109, "VAPID public key mismatch"), {}, OTHER_KEY, OTHER_KEY),
    (400, '{"reason":"VapidPkHashMismatch"}', {}, OTHER_KEY, OTHER_KEY),
    (403, '{"reason":"VapidPkHashMismatch"}', {}, OTHER_KEY, OTHER_KEY),
    (403, "", {"x-wns-status": "dropped"}, OTHER_KEY, OTHER_KEY),
    (401, "invalid push subscription endpoint", {}, DOWN, DOWN),
    (401, MOZILLA.format(401, 109, "Invalid VAPID audience"), {}, HELD, WAITS),
    (403, '{"reason":"BadJwtToken"}', {}, HELD, WAITS),
    (403, "invalid JWT provided\n", {}, HELD, WAITS),
    (403, "aud claim in the token MUST include the origin of the push resource", {}, HELD, WAITS),
    (403, "token has expired\n", {}, HELD, WAITS),
    (401, "", {}, HELD, REFUSED),
    (403, '{"reason":"MissingProviderToken"}', {}, HELD, REFUSED),
    (302, "", {"location": "/"}, (Outcome.MISCONFIGURED, "redirected"), REFUSED),
    (400, '{"reason":"BadWebPushTopic"}', {}, REFUSED, REFUSED),
    (400, "", {"x-wns-error-description": "Ttl value conflicts"}, REFUSED, REFUSED),
    (405, "", {}, REFUSED, REFUSED),
    (
        413,
        MOZILLA.format(413, 104, "Data payload too large"),
        {},
        (Outcome.REJECTED, "payload_too_big"),
        (Outcome.REJECTED, "payload_too_big"),
    ),
    (406, "", {"x-wns-status": "appthrottled", "retry-after": "900"}, BUSY, BUSY),
    (429, "", {"retry-after": "120"}, BUSY, BUSY),
    (408, "", {}, DOWN, DOWN),
    (500, "", {}, DOWN, DOWN),
    (502, "<html>Bad Gateway</html>", {}, DOWN, DOWN),
    (503, MOZILLA.format(503, 201, "vapid jwt"), {}, DOWN, DOWN),
]


@pytest.mark.parametrize("is_proven", [False, True], ids=["new", "proven"])
@pytest.mark.parametrize(
    ("status", "body", "headers", "unproven", "proven"),
    ANSWERS,
    ids=[f"{status} {body[-40:].strip()}" for status, body, *_ in ANSWERS],
)
def test_services_answer_becomes_our_outcome(
    status: int,
    body: str,
    headers: dict[str, str],
    unproven: tuple[Outcome, str],
    proven: tuple[Outcome, str],
    is_proven: bool,
) -> None:
    """D17."""
    provider = WebPushProvider(WebPushSettings(new_private_key(), "mailto:push@larkfield.example"))
    request, tag = make_request("https://push.example/1", "web"), ("tag",)
    if is_proven:
        provider.finish(request, Answer(tag, Sent.ANSWERED, NOW, 201))  # type: ignore[arg-type]

    answer = Answer(tag, Sent.ANSWERED, NOW, status, headers, body.encode())
    result = provider.finish(request, answer)  # type: ignore[arg-type]

    assert (result.outcome, result.reason) == (proven if is_proven else unproven)
    if result.outcome is not Outcome.ACCEPTED:
        assert result.detail == (body.strip() or headers.get("x-wns-error-description", ""))[:300]
    assert result.retry_after == (float(headers.get("retry-after", 0)) or None)
