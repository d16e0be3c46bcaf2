"""APNs against a stub that refuses what Apple would refuse."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from common.transport import Answer, Call, Sent
from push.providers.apns import ApnsProvider
from push.providers.base import Outcome
from tests.providers.apns_keys import make_credential
from tests.providers.apns_vendor import BUNDLE_ID, ApnsVendor, running_apns
from tests.providers.contract import NOW, ProviderContract, make_request
from tests.providers.fcm_vendor import MemoryShelf


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[ApnsVendor]:
    with running_apns(tmp_path) as made:
        yield made


class TestApns(ProviderContract):
    platforms = ("ios",)


def test_request_has_apples_headers(vendor: ApnsVendor) -> None:
    request = vendor.request("fine", message_id="0193a1b2c3d47e8f9a0b1c2d3e4f5061")

    vendor.send(request)

    [(asked, _)] = vendor.server.calls
    told = {name: value for name, value in asked.headers.items() if name.startswith("apns-")}
    assert told == {
        "apns-id": "0193a1b2-c3d4-7e8f-9a0b-1c2d3e4f5061",
        "apns-collapse-id": "0193a1b2c3d47e8f9a0b1c2d3e4f5061",
        "apns-expiration": str(int(request.expires_at.timestamp())),
        "apns-priority": "10",
        "apns-push-type": "alert",
        "apns-topic": BUNDLE_ID,
    }
    assert asked.headers[":path"] == f"/3/device/{request.target.token}"
    assert asked.headers["authorization"].startswith("bearer ey")


def test_payload_is_an_alert_with_badge_and_sound_and_the_sdks_keys(vendor: ApnsVendor) -> None:
    """D6."""
    request = vendor.request("fine", data={"brandId": "90588711"}, badge=3)

    vendor.send(request)

    [(asked, _)] = vendor.server.calls
    assert orjson.loads(asked.body) == {
        "aps": {
            "alert": {"title": "Your new card", "body": request.body},
            "sound": "default",
            "badge": 3,
            "mutable-content": 1,
        },
        "id": request.message_id,
        "backendService": "prmsg",
        "brandId": "90588711",
        "expirationEpochTime": int(request.expires_at.timestamp()),
    }


def test_notification_without_a_title_has_its_text_alone(vendor: ApnsVendor) -> None:
    payload = vendor.provider.payload(vendor.request("fine", title=""), NOW)

    assert list(orjson.loads(payload)["aps"]["alert"]) == ["body"]


@pytest.mark.parametrize(("size", "kept"), [(4095, 4095), (4096, 4096), (4097, 4096)])
def test_payload_may_have_4096_bytes_and_is_cut_beyond(
    vendor: ApnsVendor, size: int, kept: int
) -> None:
    """P9: on the final bytes."""
    bare = len(vendor.provider.payload(vendor.request("fine", body=""), NOW))
    request = vendor.request("fine", body="x" * (size - bare))

    [result] = vendor.send(request)

    [(asked, _)] = vendor.server.calls
    assert result.outcome is Outcome.ACCEPTED
    assert len(asked.body) == kept
    assert (vendor.text_of(asked.body, "") == request.body) is (size == kept)


def test_accepted_push_is_known_by_apples_id(vendor: ApnsVendor) -> None:
    """In the sandbox by the one that Apple's console takes."""
    [production] = vendor.send(vendor.request("fine"))
    [sandbox] = vendor.send(vendor.request_to("5a01", "sandbox"))

    assert production.provider_id == "0193a1b2-c3d4-7e8f-9a0b-1c2d3e4f5061"
    assert len(sandbox.provider_id) == 36
    assert sandbox.provider_id != production.provider_id


@pytest.mark.parametrize(
    ("told", "by_default", "token"),
    [
        ("production", "sandbox", "0a"),
        ("sandbox", "production", "5a"),
        ("", "production", "0a"),
        ("", "sandbox", "5a"),
    ],
)
def test_device_is_reached_in_its_environment_or_else_in_the_credentials(
    vendor: ApnsVendor, told: str, by_default: str, token: str
) -> None:
    vendor.provider = vendor.make_provider(vendor.credential, environment=by_default)

    [result] = vendor.send(vendor.request_to(token, told))

    assert (result.outcome, result.environment) == (Outcome.ACCEPTED, "")
    assert vendor.accepted() == [make_request().message_id]


@pytest.mark.parametrize(
    ("by_default", "token", "other"),
    [("production", "5a", "sandbox"), ("sandbox", "0a", "production")],
)
def test_bad_token_of_an_unknown_environment_is_tried_in_the_other_one(
    vendor: ApnsVendor, by_default: str, token: str, other: str
) -> None:
    """D17: the answer says where to try next, and there it is final."""
    vendor.provider = vendor.make_provider(vendor.credential, environment=by_default)

    [first] = vendor.send(vendor.request_to(token))
    [second] = vendor.send(vendor.request_to(token, first.environment))
    [nowhere] = vendor.send(vendor.request_to("abc", by_default))

    assert (first.outcome, first.reason) == (Outcome.RETRY, "other_environment")
    assert (first.environment, second.outcome) == (other, Outcome.ACCEPTED)
    assert (nowhere.outcome, nowhere.reason) == (Outcome.UNREGISTERED, "bad_token")


def test_bad_token_of_a_known_environment_is_at_its_end(vendor: ApnsVendor) -> None:
    """D17."""
    [result] = vendor.send(vendor.request_to("5a01", "production"))

    assert (result.outcome, result.reason) == (Outcome.UNREGISTERED, "bad_token")
    assert (result.environment, result.dead_since) == ("", None)


@pytest.mark.parametrize("token", ["", "abc", "lab:gone", "../../x", "0a 0b", "0a\r\nx: y", "é0"])
def test_token_that_is_not_hexadecimal_needs_no_request(vendor: ApnsVendor, token: str) -> None:
    [result] = vendor.send(vendor.request_to(token))

    assert (result.outcome, result.reason) == (Outcome.UNREGISTERED, "bad_token")
    assert (result.is_started, result.detail) == (True, "It is not hexadecimal.")
    assert vendor.server.connected == 0


def test_dead_token_says_since_when(vendor: ApnsVendor) -> None:
    """C6: in milliseconds."""
    since = NOW - timedelta(days=3, milliseconds=250)
    vendor.apns.gone["0a"] = int(since.timestamp() * 1000)

    [result] = vendor.send(vendor.request_to("0a"))

    assert (result.outcome, result.reason) == (Outcome.UNREGISTERED, "token_gone")
    assert (result.dead_since, result.detail) == (since, "Unregistered")


def test_topic_is_the_apps_bundle_id_unless_the_credential_has_one(vendor: ApnsVendor) -> None:
    """LivePerson's debug builds are apps whose name ends in -Dev; Apple knows no such bundle id."""
    vendor.provider = vendor.make_provider(vendor.credential, topic="")
    debug = vendor.request("fine")
    debug = replace(debug, target=replace(debug.target, bundle_id=f"{BUNDLE_ID}-Dev"))

    [wrong] = vendor.send(debug)
    vendor.provider = vendor.make_provider(vendor.credential)
    [right] = vendor.send(debug)

    assert (wrong.outcome, wrong.reason) == (Outcome.MISCONFIGURED, "topic_refused")
    assert right.outcome is Outcome.ACCEPTED


def test_token_of_another_app_holds_the_credential_until_one_of_its_own_was_reached(
    vendor: ApnsVendor,
) -> None:
    """D17: a wrong topic is a matter for the administrator and takes no device away; one odd device
    is no matter for anybody else."""
    vendor.apns.apps["0b"] = "com.larkfield.other"
    shelf = MemoryShelf()
    before, restarted = (
        ApnsProvider(vendor.provider.settings, vendor.site, shelf) for _ in range(2)
    )

    vendor.provider = before
    [first] = vendor.send(vendor.request_to("0b"))
    vendor.send(vendor.request_to("0a"))
    [second] = vendor.send(vendor.request_to("0b"))
    vendor.provider = restarted
    [third] = vendor.send(vendor.request_to("0b"))

    assert (first.outcome, first.reason) == (Outcome.MISCONFIGURED, "other_topic")
    assert (second.outcome, second.reason) == (Outcome.REJECTED, "other_topic")
    assert (third.outcome, third.reason) == (Outcome.REJECTED, "other_topic")


def test_key_for_one_environment_holds_up_nobody_in_it_for_a_device_of_the_other(
    vendor: ApnsVendor,
) -> None:
    vendor.keys.only_for["ABC123DEFG"] = "production"
    devices = [vendor.request_to("5a"), vendor.request_to("5a", "sandbox"), vendor.request_to("0a")]

    unknown, other, own = [vendor.send(device)[0] for device in devices]
    vendor.provider = vendor.make_provider(vendor.credential, environment="sandbox")
    [wrong] = vendor.send(vendor.request_to("5a"))

    assert (unknown.outcome, unknown.environment) == (Outcome.RETRY, "sandbox")
    assert (other.outcome, other.reason) == (Outcome.REJECTED, "wrong_environment")
    assert own.outcome is Outcome.ACCEPTED
    assert (wrong.outcome, wrong.reason) == (Outcome.MISCONFIGURED, "wrong_environment")


def test_each_team_key_app_and_environment_has_connections_of_its_own(vendor: ApnsVendor) -> None:
    """Apple binds a connection to them when it is first used."""
    changes = [{}, {"team_id": "DEF123GHI2"}, {"key_id": "ABC123DEF2"}, {"topic": "com.other"}]

    providers = [vendor.make_provider(vendor.credential, **change) for change in changes]
    targets = [vendor.request_to("0a"), vendor.request_to("0a", "sandbox")]
    calls = [provider.start(target, NOW) for provider in providers for target in targets]

    assert len({call.key for call in calls if isinstance(call, Call)}) == len(calls) == 8


def test_two_teams_are_never_on_one_connection(vendor: ApnsVendor) -> None:
    other = vendor.add(make_credential("XYZ123GHIJ", "XYZ123DEFG", BUNDLE_ID))
    providers = (vendor.provider, vendor.make_provider(other))
    requests = [vendor.request_to("0a", message_id=f"{n:032x}") for n in range(200)]

    calls = (providers[n % 2].start(request, NOW) for n, request in enumerate(requests))
    answers = [a for a in vendor.transport.perform(calls) if isinstance(a, Answer)]

    connections = {
        (asked.connection, asked.headers["authorization"]) for asked, _ in vendor.server.calls
    }
    assert [answer.status for answer in answers] == [200] * 200
    assert len(vendor.jwts()) == 2
    assert len(connections) == len({connection for connection, _ in connections})


def test_unreadable_request_is_told_to_the_operator(
    vendor: ApnsVendor, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.server.orders.give("0a", {"status": 400, "body": '{"reason":"BadCollapseId"}'})

    [result] = vendor.send(vendor.request_to("0a"))

    assert (result.outcome, result.reason) == (Outcome.REJECTED, "malformed")
    assert caplog.messages == ["APNs cannot read our requests: BadCollapseId"]


def test_certificate_that_is_not_apples_is_a_matter_for_the_administrator(
    vendor: ApnsVendor,
) -> None:
    """D14."""
    vendor.provider = ApnsProvider(vendor.provider.settings, replace(vendor.site, ca_file=""))

    [result] = vendor.send(vendor.request_to("0a"))

    assert (result.outcome, result.reason) == (Outcome.MISCONFIGURED, "certificate_refused")
    assert len(vendor.server.calls) == 0


def test_secrets_do_not_show_when_things_are_printed(vendor: ApnsVendor) -> None:
    request = vendor.request("fine", body="hush-1", title="hush-2")
    call = vendor.provider.start(request, NOW)
    answer = Answer(call.tag, Sent.ANSWERED, NOW, 200)

    printed = repr([vendor.provider, vendor.provider.settings, call, answer.tag.finish(answer)])

    key = vendor.credential["private_key"].splitlines()[1]
    hidden = ["hush", "bearer", key, request.target.token]
    assert [secret for secret in hidden if secret in printed] == []
