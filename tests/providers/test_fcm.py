"""FCM against a stub that refuses what FCM would refuse."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random

import orjson
import pytest

from common.transport import Answer, Limits, Sent, Transport
from push.providers.base import CannotStart, Outcome
from push.providers.fcm import FcmProvider
from push.providers.fcm_standing import ENOUGH_REFUSALS, Quota
from tests.providers import fcm_bodies as say
from tests.providers.contract import NOW, ProviderContract
from tests.providers.fcm_accounts import make_file
from tests.providers.fcm_server import keys_of
from tests.providers.fcm_vendor import FcmVendor, running_fcm


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[FcmVendor]:
    with running_fcm(tmp_path) as made:
        yield made


class TestFcm(ProviderContract):
    platforms = ("android",)


def test_message_is_data_alone_high_priority_and_has_no_collapse_key(vendor: FcmVendor) -> None:
    """D6: the SDK draws the notification, and so knows that it was shown."""
    request = vendor.request("fine", expires_at=NOW + timedelta(hours=1))

    vendor.send(request)

    [body] = vendor.bodies()
    message = orjson.loads(body)["message"]
    assert list(message["data"]) == ["payload"]
    assert message | {"data": {}} == {
        "token": "fine",
        "android": {"priority": "HIGH", "ttl": "3600s"},
        "data": {},
    }


def test_sdk_finds_its_keys_in_the_one_value_of_the_data(vendor: FcmVendor) -> None:
    """D6."""
    request = vendor.request("fine", data={"brandId": "90588711"}, badge=3)

    vendor.send(request)

    [body] = vendor.bodies()
    assert keys_of(body) == {
        "id": request.message_id,
        "backendService": "prmsg",
        "brandId": "90588711",
        "expirationEpochTime": int(request.expires_at.timestamp()),
        "message": request.body,
        "badge": 3,
        "title": "Your new card",
    }


@pytest.mark.parametrize(
    ("left", "ttl"),
    [
        (timedelta(days=30), "2419200s"),
        (timedelta(days=28, seconds=1), "2419200s"),
        (timedelta(days=28), "2419200s"),
        (timedelta(days=27, hours=23), "2415600s"),
        (timedelta(seconds=1, milliseconds=900), "1s"),
        (timedelta(0), "0s"),
        (timedelta(seconds=-1), "0s"),
    ],
)
def test_time_to_live_is_what_is_left_of_the_lookback_at_most_28_days(
    vendor: FcmVendor, left: timedelta, ttl: str
) -> None:
    """D6."""
    result = vendor.send(vendor.request("fine", expires_at=NOW + left))

    [body] = vendor.bodies()
    assert result.outcome is Outcome.ACCEPTED
    assert orjson.loads(body)["message"]["android"]["ttl"] == ttl


@pytest.mark.parametrize("filling", ["x", '"', "\n", "é", "🙏🏾"])
@pytest.mark.parametrize(("size", "kept"), [(4095, 4095), (4096, 4096), (4097, 4096)])
def test_key_and_value_may_have_4096_bytes_and_the_text_is_cut_beyond(
    vendor: FcmVendor, size: int, kept: int, filling: str
) -> None:
    """P9: on the bytes that FCM counts, however the JSON around them is written."""
    bare = len(vendor.provider.payload(vendor.request("fine", body=""), NOW)) + len("payload")
    each = len(orjson.dumps(filling)) - 2
    text = filling * ((size - bare) // each)
    request = vendor.request("fine", body=text + "x" * (size - bare - len(orjson.dumps(text)) + 2))

    result = vendor.send(request)

    [body] = vendor.bodies()
    value = orjson.loads(body)["message"]["data"]["payload"]
    counted = len("payload") + len(value.encode())
    assert result.outcome is Outcome.ACCEPTED
    assert (counted == size) is (keys_of(body)["message"] == request.body) is (size == kept)
    assert kept - each - len("…") < counted <= kept


def test_accepted_message_is_known_by_the_name_that_fcm_gave(vendor: FcmVendor) -> None:
    result = vendor.send(vendor.request("fine"))

    assert result.provider_id.startswith("projects/larkfield-app/messages/0:")


def test_credentials_have_connections_of_their_own_and_one_token_signs_all_calls(
    vendor: FcmVendor,
) -> None:
    other = FcmProvider(replace(vendor.settings, private_key_id="another"), vendor.site)
    transport = Transport(Limits(patience=60, longest_wait=60))
    requests = [vendor.request("fine", message_id=f"{n:032x}") for n in range(200)]

    calls = [vendor.provider.start(request, NOW) for request in requests]
    answers = [a for a in transport.perform(calls) if isinstance(a, Answer)]
    transport.close()

    assert [a.status for a in answers] == [200] * 200
    assert vendor.token_calls() == 1
    assert other._key != calls[0].key


def test_account_of_another_project_is_a_matter_for_the_administrator(vendor: FcmVendor) -> None:
    vendor.fcm.accounts.add(make_file("other-app"))
    vendor.provider = FcmProvider(replace(vendor.settings, project_id="other-app"), vendor.site)

    result = vendor.send(vendor.request("fine"))

    assert (result.outcome, result.reason) == (Outcome.MISCONFIGURED, "credential_refused")
    assert result.detail.startswith(
        "PERMISSION_DENIED: Permission 'cloudmessaging.messages.create'"
    )


def test_certificate_that_we_do_not_trust_is_a_matter_for_the_administrator(
    vendor: FcmVendor,
) -> None:
    """D14: no token is asked for either."""
    vendor.provider = FcmProvider(vendor.settings, replace(vendor.site, ca_file=""))

    with pytest.raises(CannotStart) as caught:
        vendor.send(vendor.request("fine"))

    assert caught.value.outcome is Outcome.MISCONFIGURED
    assert caught.value.reason == "certificate_refused"
    assert not vendor.server.calls


def test_device_of_another_project_leaves_once_the_account_is_known_to_be_right(
    vendor: FcmVendor,
) -> None:
    """As long as FCM has taken nothing of this account, it may be the account that is wrong, and
    then every device of the app would leave the registry."""
    vendor.fcm.foreign.add("foreign")

    before = vendor.send(vendor.request("foreign"))
    vendor.send(vendor.request("fine"))
    after = vendor.send(vendor.request("foreign"))
    elsewhere = FcmProvider(vendor.settings, vendor.site, vendor.shelf)
    vendor.provider = elsewhere
    in_another_process = vendor.send(vendor.request("foreign"))

    reason = "sender_mismatch"
    assert (before.outcome, before.reason) == (Outcome.MISCONFIGURED, reason)
    assert (after.outcome, after.reason) == (Outcome.UNREGISTERED, reason)
    assert (in_another_process.outcome, in_another_process.reason) == (after.outcome, reason)


MINUTE = (60.0, 90.0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", (7.0, 7.0)),
        ("1000000000", (3600.0, 3600.0)),
        ("-5", (0.0, 0.0)),
        ("abc", MINUTE),
        (None, MINUTE),
        ("a date", (90.0, 100.0)),
    ],
)
def test_quota_that_is_used_up_is_waited_for_as_long_as_google_says_or_a_minute(
    vendor: FcmVendor, value: str | None, seconds: tuple[float, float]
) -> None:
    """D5, D11."""
    if value == "a date":
        value = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    headers = {} if value is None else {"retry-after": value}
    order = {"status": 429, "headers": headers, "body": say.quota_exceeded()}
    vendor.server.orders.give("token-1", order)

    result = vendor.send(vendor.request("token-1"))

    least, most = seconds
    assert (result.outcome, result.reason) == (Outcome.RETRY, "rate_limited")
    assert result.retry_after is not None
    assert least <= result.retry_after <= most
    wait = vendor.provider.retry.wait(result, 1, Random(1))
    assert wait is not None
    assert wait >= least


def test_project_whose_quota_is_used_up_is_left_alone_until_it_is_over(vendor: FcmVendor) -> None:
    """D11: by project, not by message. What is not asked for is not counted."""
    order = {"status": 429, "headers": {"retry-after": "40"}, "times": ENOUGH_REFUSALS}
    vendor.server.orders.give("token-1", order)
    for _ in range(ENOUGH_REFUSALS):
        vendor.send(vendor.request("token-1"))

    with pytest.raises(CannotStart) as caught:
        vendor.send(vendor.request("another-device"))

    assert (caught.value.outcome, caught.value.reason) == (Outcome.RETRY, "rate_limited")
    assert caught.value.retry_after is not None
    assert 30 < caught.value.retry_after <= 40
    assert len(vendor.bodies()) == ENOUGH_REFUSALS


def test_quota_of_one_device_holds_up_no_other(vendor: FcmVendor) -> None:
    """D9: as long as others are taken in between, it is not the project's."""
    order = {"status": 429, "headers": {"retry-after": "40"}, "times": ENOUGH_REFUSALS + 1}
    vendor.server.orders.give("chatty", order)

    for _ in range(ENOUGH_REFUSALS + 1):
        vendor.send(vendor.request("chatty"))
        result = vendor.send(vendor.request("fine"))

    assert result.outcome is Outcome.ACCEPTED


def test_project_is_asked_again_when_its_time_is_over() -> None:
    now = 0.0
    quota = Quota(clock=lambda: now)
    for _ in range(ENOUGH_REFUSALS):
        quota.note_refusal(60.0)

    with pytest.raises(CannotStart) as caught:
        quota.check()
    now = 60.0
    quota.check()

    assert caught.value.retry_after == 60.0


def test_secrets_do_not_show_when_things_are_printed(vendor: FcmVendor) -> None:
    request = vendor.request("hush-3", body="hush-4", title="hush-5")
    call = vendor.provider.start(request, NOW)
    answer = Answer(call.tag, Sent.ANSWERED, NOW, 200, body=b"hush-6")

    printed = repr([vendor.provider, vendor.settings, call, answer, answer.tag.finish(answer)])

    [token] = vendor.fcm.accounts.tokens
    assert "hush" not in printed
    assert token not in printed
    assert vendor.settings.private_key[40:80] not in printed
