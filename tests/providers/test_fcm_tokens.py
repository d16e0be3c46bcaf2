"""Access tokens for FCM: one for all processes, renewed before they end, and what hinders them."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.fernet import Fernet
from django.core.cache import cache
from redis import Redis

from common.calls import Timeouts, Tls
from push.providers import google_token, token_source
from push.providers.base import CannotStart, Outcome
from push.providers.fcm import FcmProvider
from push.providers.fcm_settings import read_fcm_settings
from push.providers.google_token import TokenEndpoint
from push.providers.token_source import AccessToken, TokenSource
from push.shelf import CacheShelf
from tests.providers import fcm_bodies as say
from tests.providers.contract import NOW
from tests.providers.fcm_accounts import make_file
from tests.providers.fcm_vendor import FcmVendor, MemoryShelf, running_fcm

HOUR = 3600.0


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[FcmVendor]:
    with running_fcm(tmp_path) as made:
        yield made


class Clock:
    """Both clocks of a source, and the endpoint's."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return time.time() + self.passed


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make_source(vendor: FcmVendor, clock: Clock, shelf: Any = None) -> TokenSource:
    endpoint = TokenEndpoint(vendor.site.fcm_token_url, Tls(vendor.site.ca_file), clock)
    return TokenSource(
        "t", vendor.settings, endpoint, shelf or MemoryShelf(), clock=clock, wall=clock
    )


def hindrance(source: TokenSource) -> CannotStart:
    with pytest.raises(CannotStart) as caught:
        source.get()
    return caught.value


def test_four_processes_that_need_a_token_at_once_ask_for_one(
    vendor: FcmVendor, tmp_path: Path
) -> None:
    account = tmp_path / "account.json"
    account.write_bytes(orjson.dumps(vendor.file))
    vendor.order_tokens({"delay": 0.5})
    command = [sys.executable, "-m", "tests.providers.token_processes"]
    command += [vendor.server.url, vendor.site.ca_file, str(account)]

    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    [token] = vendor.fcm.accounts.tokens
    assert said == [token] * 4
    assert vendor.token_calls() == 1


def test_token_is_asked_for_once_an_hour(vendor: FcmVendor, clock: Clock) -> None:
    source = make_source(vendor, clock)

    tokens = [source.get() for _ in range(1000)]

    assert len(set(map(id, tokens))) == 1
    assert vendor.token_calls() == 1


def test_token_is_renewed_ten_minutes_before_its_end(vendor: FcmVendor, clock: Clock) -> None:
    source = make_source(vendor, clock)
    first = source.get()

    clock.passed = HOUR - 610
    before = source.get()
    clock.passed = HOUR - 590
    after = source.get()

    assert (before, after.value != first.value) == (first, True)
    assert vendor.token_calls() == 2


def test_while_one_process_renews_the_others_go_on_with_the_old_token(
    vendor: FcmVendor, clock: Clock
) -> None:
    shelf = MemoryShelf()
    source, other = make_source(vendor, clock, shelf), make_source(vendor, clock, shelf)
    first = source.get()
    other.get()
    clock.passed = HOUR - 500

    shelf.take_turn("t", seconds=6)
    meanwhile = source.get()
    shelf.end_turn("t")
    renewed = other.get()
    clock.passed += token_source.AFTER_EARLY_FAILURE
    later = source.get()

    assert meanwhile == first
    assert (later.value, later.value != first.value) == (renewed.value, True)
    assert vendor.token_calls() == 2


def test_process_without_a_token_waits_for_the_one_that_asks(
    vendor: FcmVendor, clock: Clock
) -> None:
    shelf = MemoryShelf()
    asking, waiting = make_source(vendor, clock, shelf), make_source(vendor, clock, shelf)
    vendor.order_tokens({"delay": 0.5})
    got: list[AccessToken] = []
    thread = threading.Thread(target=lambda: got.append(asking.get()))
    thread.start()
    while not shelf.turns:
        time.sleep(0.01)

    token = waiting.get()
    thread.join()

    assert [token.value] == [one.value for one in got]
    assert vendor.token_calls() == 1


def test_wait_for_a_process_that_died_ends(
    vendor: FcmVendor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_source, "PATIENCE", 0.1)
    shelf = MemoryShelf()
    source = make_source(vendor, clock, shelf)
    shelf.take_turn("t", seconds=6)

    caught = hindrance(source)
    shelf.end_turn("t")  # its time is over
    clock.passed = token_source.AFTER_FAILURE

    assert (caught.outcome, caught.reason) == (Outcome.RETRY, "no_access_token")
    assert source.get().value in vendor.fcm.accounts.tokens


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"status": 503, "body": "down"}, "no_access_token"),
        ({"status": 429}, "no_access_token"),
        ({"status": 400, "body": '{"error":"invalid_grant"}'}, "credential_refused"),
    ],
)
def test_endpoint_that_gives_no_token_is_not_asked_again_for_each_message_of_a_batch(
    vendor: FcmVendor, clock: Clock, order: dict[str, Any], reason: str
) -> None:
    """D10."""
    source = make_source(vendor, clock)
    vendor.order_tokens(order)

    reasons = {hindrance(source).reason for _ in range(1000)}
    clock.passed = token_source.AFTER_FAILURE
    token = source.get()

    assert reasons == {reason}
    assert token.value in vendor.fcm.accounts.tokens
    assert vendor.token_calls() == 2


def test_endpoint_that_is_down_is_asked_for_no_other_account_either(
    vendor: FcmVendor, clock: Clock
) -> None:
    endpoint = TokenEndpoint(vendor.site.fcm_token_url, Tls(vendor.site.ca_file), clock)
    brands = [vendor.fcm.accounts.add(make_file(f"brand-{n}", make_key())) for n in range(3)]
    accounts = [read_fcm_settings({"service_account": file}, vendor.site) for file in brands]
    vendor.order_tokens({"status": 500, "times": 9})

    for account in accounts:
        with pytest.raises(CannotStart):
            endpoint.ask(account)

    assert vendor.token_calls() == 1


def make_key() -> str:
    return make_file()["private_key"]


def test_token_goes_on_being_used_while_no_new_one_is_to_be_had(
    vendor: FcmVendor, clock: Clock
) -> None:
    source = make_source(vendor, clock)
    first = source.get()
    vendor.order_tokens({"status": 503, "times": 2})

    clock.passed = HOUR - 590
    while_down = {source.get().value for _ in range(100)}
    clock.passed += token_source.AFTER_EARLY_FAILURE
    still_down = source.get().value
    clock.passed += token_source.AFTER_EARLY_FAILURE
    renewed = source.get().value

    assert while_down == {still_down} == {first.value}
    assert renewed != first.value
    assert vendor.token_calls() == 4


def test_token_that_ends_while_the_endpoint_is_down_is_not_used_any_more(
    vendor: FcmVendor, clock: Clock
) -> None:
    source = make_source(vendor, clock)
    source.get()
    vendor.order_tokens({"status": 503, "times": 9})

    clock.passed = HOUR - 20

    assert hindrance(source).outcome is Outcome.RETRY


WAITS = (Outcome.RETRY, "no_access_token")
HELD = (Outcome.MISCONFIGURED, "credential_refused")
DENIED = '{"error":"%s","error_description":"%s"}'
TOKEN = '{"access_token":%s,"expires_in":3599,"token_type":"Bearer"}'


@pytest.mark.parametrize(
    ("order", "expected", "words"),
    [
        (
            {"status": 400, "body": DENIED % ("invalid_grant", "Invalid JWT Signature.")},
            HELD,
            "invalid_grant: Invalid JWT Signature.",
        ),
        (
            {"status": 401, "body": DENIED % ("deleted_client", "The OAuth client was deleted.")},
            HELD,
            "deleted_client: The OAuth client was deleted.",
        ),
        ({"status": 400, "body": DENIED % ("internal_failure", "Later.")}, WAITS, None),
        ({"status": 403, "body": DENIED % ("rate_limit_exceeded", "Slow.")}, WAITS, None),
        ({"status": 403, "body": "<html>Forbidden</html>"}, HELD, "<html>Forbidden</html>"),
        ({"status": 404, "body": say.html_404("/token")}, HELD, None),
        ({"status": 302, "headers": {"location": "/"}}, (HELD[0], "redirected"), "HTTP 302"),
        ({"status": 429, "headers": {"retry-after": "9"}}, WAITS, None),
        ({"status": 500, "body": DENIED % ("server_error", "x")}, WAITS, None),
        ({"status": 502, "body": say.html_502()}, WAITS, None),
        ({"status": 503, "headers": {"retry-after": "9"}}, WAITS, None),
        ({"lost": True}, WAITS, None),
        ({"status": 200, "body": "<html>Sign in to this network</html>"}, WAITS, None),
        ({"status": 200, "body": "[]"}, WAITS, None),
        ({"status": 200, "body": "{}"}, WAITS, None),
        ({"status": 200, "body": TOKEN % "null"}, WAITS, None),
        ({"status": 200, "body": TOKEN % "7"}, WAITS, None),
        ({"status": 200, "body": TOKEN % '"a\\r\\nX-Other: b"'}, WAITS, None),
        ({"status": 200, "body": '{"access_token":"a","expires_in":"soon"}'}, WAITS, None),
        ({"status": 200, "body": '{"access_token":"a","expires_in":1e99}'}, WAITS, None),
    ],
)
def test_what_the_token_endpoint_answers_becomes_our_outcome(
    vendor: FcmVendor,
    clock: Clock,
    order: dict[str, Any],
    expected: tuple[Outcome, str],
    words: str | None,
) -> None:
    """D17: nothing of it throws, and nothing else is asked while it is so."""
    vendor.order_tokens(order)

    caught = hindrance(make_source(vendor, clock))

    assert (caught.outcome, caught.reason) == expected
    assert caught.retry_after == (9.0 if "9" in order.get("headers", {}).values() else None)
    assert words is None or caught.detail == words
    assert vendor.token_calls() == 1


def test_account_that_was_disabled_is_a_matter_for_the_administrator(
    vendor: FcmVendor, clock: Clock
) -> None:
    vendor.fcm.accounts.disabled.add(vendor.settings.client_email)

    caught = hindrance(make_source(vendor, clock))

    assert (caught.outcome, caught.detail) == (HELD[0], "invalid_grant: Robot is disabled.")


def test_endpoint_that_does_not_answer_is_given_up_in_seconds(
    vendor: FcmVendor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D12."""
    assert google_token.TIMEOUTS.total <= 5
    monkeypatch.setattr(google_token, "TIMEOUTS", Timeouts(0.3, 0.3))
    vendor.order_tokens({"delay": 20})
    began = time.monotonic()

    caught = hindrance(make_source(vendor, clock))

    assert (caught.outcome, caught.reason) == WAITS
    assert time.monotonic() - began < 5


def test_revoked_token_is_renewed_and_the_message_goes_out(vendor: FcmVendor, clock: Clock) -> None:
    object.__setattr__(vendor.provider, "tokens", make_source(vendor, clock))
    vendor.send(vendor.request("fine"))
    clock.passed = 1800
    vendor.fcm.accounts.revoke_all()

    first = vendor.send(vendor.request("fine"))
    second = vendor.send(replace(vendor.request("fine"), attempt=2))

    assert (first.outcome, first.reason) == (Outcome.RETRY, "access_token_refused")
    assert first.detail.startswith("UNAUTHENTICATED: Request had invalid authentication")
    assert second.outcome is Outcome.ACCEPTED
    assert vendor.token_calls() == 2


def test_answers_to_the_old_token_take_nothing_from_the_new_one(
    vendor: FcmVendor, clock: Clock
) -> None:
    """A batch is under way when its token is revoked: one refresh, and all of it is tried again."""
    source = make_source(vendor, clock)
    old = source.get()
    clock.passed = 1800

    helps = [source.refuse(old)]
    new = source.get()
    helps += [source.refuse(old) for _ in range(100)]

    assert helps == [True] * 101
    assert source.get() is new
    assert vendor.token_calls() == 2


def test_fresh_token_that_is_refused_is_a_matter_for_the_administrator(
    vendor: FcmVendor, clock: Clock
) -> None:
    object.__setattr__(vendor.provider, "tokens", make_source(vendor, clock))
    order = {"status": 401, "body": say.unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED")}
    vendor.server.orders.give("token-1", order | {"times": 3})

    results = [vendor.send(vendor.request("token-1")) for _ in range(2)]
    clock.passed = token_source.FRESH
    results.append(vendor.send(vendor.request("token-1")))

    outcomes = [(result.outcome, result.reason) for result in results]
    assert outcomes == [HELD, HELD, (Outcome.RETRY, "access_token_refused")]
    assert vendor.token_calls() == 1


def test_token_that_one_process_saw_refused_is_not_taken_from_the_shelf(
    vendor: FcmVendor, clock: Clock
) -> None:
    shelf = MemoryShelf()
    source, other = make_source(vendor, clock, shelf), make_source(vendor, clock, shelf)
    old = source.get()
    other.get()
    clock.passed = 120

    assert source.refuse(old)
    new = source.get()
    assert other.refuse(other.get())

    assert other.get().value == new.value != old.value
    assert vendor.token_calls() == 2


def test_clock_that_was_put_back_makes_no_token_last_longer(
    vendor: FcmVendor, clock: Clock
) -> None:
    """D21: the host's clock went back by an hour after the token was shared."""
    shelf = MemoryShelf()
    make_source(vendor, clock, shelf).get()
    entry = shelf.entries["t"]
    shelf.entries["t"] = {
        **entry,
        "issued_at": entry["issued_at"] + HOUR,
        "ends_at": entry["ends_at"] + HOUR,
    }

    token = make_source(vendor, clock, shelf).get()

    assert token.ends_at - clock() <= HOUR
    assert token.issued_at <= clock()


@pytest.mark.parametrize(
    "entry", [7, [], "x", {}, {"value": "a"}, {"value": "a", "issued_at": None, "ends_at": "x"}]
)
def test_shelf_may_hold_anything(vendor: FcmVendor, clock: Clock, entry: Any) -> None:
    shelf = MemoryShelf()
    shelf.entries["t"] = entry

    assert make_source(vendor, clock, shelf).get().value in vendor.fcm.accounts.tokens


def test_token_uri_of_the_file_is_not_where_tokens_are_asked_for(vendor: FcmVendor) -> None:
    """S5: a brand cannot aim us at another host."""
    file = vendor.file | {"token_uri": "https://127.0.0.1:1/token"}
    settings = read_fcm_settings({"service_account": file}, vendor.site)
    vendor.provider = FcmProvider(settings, vendor.site)

    result = vendor.send(vendor.request("fine"), now=NOW + timedelta(seconds=1))

    assert result.outcome is Outcome.ACCEPTED
    assert vendor.token_calls() == 1


def keys_in_redis(settings: Any) -> list[bytes]:
    return list(Redis.from_url(settings.REDIS_URL).scan_iter("*push-shelf*"))


def test_token_is_shared_through_redis_sealed_and_until_it_ends(
    vendor: FcmVendor, clock: Clock, settings: Any
) -> None:
    token = make_source(vendor, clock, CacheShelf()).get()

    redis = Redis.from_url(settings.REDIS_URL)
    [key] = keys_in_redis(settings)
    stored = redis.get(key)
    assert isinstance(stored, bytes)
    assert token.value.encode() not in stored
    assert 3500 < int(redis.ttl(key)) <= 3600  # type: ignore[arg-type]
    assert make_source(vendor, clock, CacheShelf()).get().value == token.value
    assert vendor.token_calls() == 1
    redis.close()


def test_token_that_was_sealed_with_a_key_that_is_gone_is_asked_for_anew(
    vendor: FcmVendor, clock: Clock, settings: Any
) -> None:
    make_source(vendor, clock, CacheShelf()).get()
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]

    make_source(vendor, clock, CacheShelf()).get()

    assert vendor.token_calls() == 2


def test_without_redis_each_process_gets_a_token_of_its_own(
    vendor: FcmVendor, clock: Clock, settings: Any
) -> None:
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": away}
    sources = [make_source(vendor, clock, CacheShelf()) for _ in range(2)]

    tokens = {source.get().value for source in sources for _ in range(100)}

    assert tokens == set(vendor.fcm.accounts.tokens)
    assert vendor.token_calls() == 2


def test_turn_is_one_processs_and_ends_by_itself(settings: Any) -> None:
    """A process that is killed in its turn keeps nobody waiting for long."""
    one, other = CacheShelf(), CacheShelf()

    turns = [one.take_turn("t", seconds=6), other.take_turn("t", seconds=6)]
    redis = Redis.from_url(settings.REDIS_URL)
    [key] = redis.scan_iter("*push-turn*")
    left = redis.ttl(key)
    redis.close()
    one.end_turn("t")

    assert turns == [True, False]
    assert 0 < int(left) <= 6  # type: ignore[arg-type]
    assert other.take_turn("t", seconds=6)
    assert cache.get("push-turn:t")
