"""D17: what Apple says, as it was recorded, and what it is to us."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from common.transport import Answer, Sent
from push.providers.apns import ApnsProvider
from push.providers.apns_settings import ApnsSettings
from push.providers.base import Outcome, PushResult
from tests.providers.apns_keys import make_credential
from tests.providers.contract import NOW, make_request

SETTINGS = ApnsSettings(**make_credential())
GONE = (Outcome.UNREGISTERED, "token_gone")
BAD_TOKEN = (Outcome.UNREGISTERED, "bad_token")
TRY_OTHER = (Outcome.RETRY, "other_environment")
MALFORMED = (Outcome.REJECTED, "malformed")
REFUSED = (Outcome.REJECTED, "refused")
HELD = (Outcome.MISCONFIGURED, "credential_refused")
TOPIC = (Outcome.MISCONFIGURED, "topic_refused")
BUSY = (Outcome.RETRY, "rate_limited")
DOWN = (Outcome.RETRY, "provider_unavailable")
SINCE = datetime(2016, 2, 8, 16, 13, 35, 990000, tzinfo=UTC)


def finish(status: int, body: str, environment: str = "production") -> PushResult:
    """By a provider that has reached nobody yet."""
    provider = ApnsProvider(SETTINGS)
    request = make_request("0a")
    request = replace(request, target=replace(request.target, environment=environment))
    call = provider.start(request, NOW)
    answer = Answer(call.tag, Sent.ANSWERED, NOW, status=status, body=body.encode())
    return answer.tag.finish(answer)


# Status and body, and what they are to us of a device whose environment is known.
ANSWERS = [
    (200, "", (Outcome.ACCEPTED, "")),
    (400, '{"reason":"BadCollapseId"}', MALFORMED),
    (400, '{"reason":"BadDeviceToken"}', BAD_TOKEN),
    (400, '{"reason":"BadExpirationDate"}', MALFORMED),
    (400, '{"reason":"BadMessageId"}', MALFORMED),
    (400, '{"reason":"BadPriority"}', MALFORMED),
    (400, '{"reason":"BadTopic"}', TOPIC),
    (400, '{"reason":"DeviceTokenNotForTopic"}', (Outcome.MISCONFIGURED, "other_topic")),
    (400, '{"reason":"DuplicateHeaders"}', MALFORMED),
    (400, '{"reason":"ExpiredToken","timestamp":1454948015990}', GONE),
    (400, '{"reason":"IdleTimeout"}', DOWN),
    (400, '{"reason":"InvalidPushType"}', MALFORMED),
    (400, '{"reason":"MissingDeviceToken"}', MALFORMED),
    (400, '{"reason":"MissingTopic"}', TOPIC),
    (400, '{"reason":"PayloadEmpty"}', MALFORMED),
    (400, '{"reason":"TopicDisallowed"}', TOPIC),
    (400, '{"reason":"SomethingNew"}', REFUSED),
    (400, "", REFUSED),
    (403, '{"reason":"BadCertificate"}', HELD),
    (403, '{"reason":"BadCertificateEnvironment"}', HELD),
    (403, '{"reason":"BadEnvironmentKeyIdInToken"}', (Outcome.MISCONFIGURED, "wrong_environment")),
    (403, '{"reason":"BadEnvironmentKeyInToken"}', (Outcome.MISCONFIGURED, "wrong_environment")),
    (403, '{"reason":"ExpiredProviderToken"}', (Outcome.RETRY, "access_token_refused")),
    (403, '{"reason":"Forbidden"}', HELD),
    (403, '{"reason":"InvalidProviderToken"}', HELD),
    (403, '{"reason":"MissingProviderToken"}', HELD),
    (403, '{"reason":"UnrelatedKeyIdInToken"}', HELD),
    (403, "<html>Forbidden</html>", HELD),
    (404, '{"reason":"BadPath"}', MALFORMED),
    (404, "<html>Not Found</html>", REFUSED),
    (405, '{"reason":"MethodNotAllowed"}', MALFORMED),
    (408, "", DOWN),
    (410, '{"reason":"ExpiredToken","timestamp":1454948015990}', GONE),
    (410, '{"reason":"Unregistered","timestamp":1454948015990}', GONE),
    (410, '{"timestamp":1454948015990,"reason":"Unregistered"}', GONE),
    (413, '{"reason":"PayloadTooLarge"}', (Outcome.REJECTED, "payload_too_big")),
    (429, '{"reason":"TooManyProviderTokenUpdates"}', BUSY),
    (429, '{"reason":"TooManyRequests"}', BUSY),
    (500, '{"reason":"InternalServerError"}', DOWN),
    (502, "<html><h1>502 Bad Gateway</h1></html>", DOWN),
    (503, '{"reason":"ServiceUnavailable"}', DOWN),
    (503, '{"reason":"Shutdown"}', DOWN),
    (520, "error code: 520", DOWN),
    (302, "", (Outcome.MISCONFIGURED, "redirected")),
]


@pytest.mark.parametrize(("status", "body", "verdict"), ANSWERS)
def test_answer_becomes_our_outcome(status: int, body: str, verdict: tuple[Outcome, str]) -> None:
    result = finish(status, body)

    assert (result.outcome, result.reason, result.status) == (*verdict, status)
    assert result.dead_since == (SINCE if verdict == GONE else None)
    assert result.environment == ""


NO_DEATHS = [
    (410, ""),
    (410, "<html>Gone</html>"),
    (410, '{"reason":"Gone"}'),
    (410, '{"reason":"BadDeviceToken"}'),
    (410, '{"timestamp":1454948015990}'),
    (410, '["Unregistered"]'),
    (410, '{"reason":["Unregistered"]}'),
    (400, '{"reason":"Unregistered"}'),
    (404, '{"reason":"Unregistered"}'),
    (403, '{"reason":"BadDeviceToken"}'),
    (404, '{"reason":"BadDeviceToken"}'),
    (413, '{"reason":"BadDeviceToken"}'),
    (503, '{"reason":"Unregistered"}'),
    (400, "BadDeviceToken"),
    (400, '{"reason":"baddevicetoken"}'),
]


@pytest.mark.parametrize(("status", "body"), NO_DEATHS)
def test_no_device_leaves_the_registry_for_what_is_not_apples_own_word(
    status: int, body: str
) -> None:
    assert finish(status, body).outcome is not Outcome.UNREGISTERED


@pytest.mark.parametrize("timestamp", ["null", '"1454948015990"', "true", "1e3", "1" * 30, "[]"])
def test_time_of_death_that_cannot_be_read_is_none(timestamp: str) -> None:
    result = finish(410, f'{{"reason":"Unregistered","timestamp":{timestamp}}}')

    assert (result.outcome, result.reason, result.dead_since) == (*GONE, None)


@pytest.mark.parametrize("environment", ["", "production"])
def test_bad_token_ends_a_device_only_where_its_environment_is_known(environment: str) -> None:
    result = finish(400, '{"reason":"BadDeviceToken"}', environment)

    assert (result.outcome, result.reason) == (BAD_TOKEN if environment else TRY_OTHER)
    assert result.environment == ("" if environment else "sandbox")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"reason":"TooManyRequests"}', "TooManyRequests"),
        ('{"reason":"Too\\nMany\\u0000"}', "Too Many"),
        ('{"reason":"\\ud800"}', '{"reason":"\\ud800"}'),
        ("<html>\r\n<h1>Bad</h1>\x00</html>", "<html> <h1>Bad</h1> </html>"),
        ("", ""),
    ],
)
def test_apples_own_word_is_kept_as_one_line(body: str, detail: str) -> None:
    assert finish(503, body).detail == detail
