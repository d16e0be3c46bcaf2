"""Provider tokens: one for all processes, never from the future, never an hour old (D16)."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from push.providers.apns_token import TokenSigner
from push.providers.base import Outcome
from tests.providers.apns_keys import make_credential
from tests.providers.apns_vendor import ApnsVendor, running_apns
from tests.providers.contract import NOW

CREDENTIAL = make_credential()
SENT = (Outcome.ACCEPTED, "")
AGAIN = (Outcome.RETRY, "access_token_refused")
HELD = (Outcome.MISCONFIGURED, "credential_refused")


def make_signer() -> TokenSigner:
    given = CREDENTIAL
    return TokenSigner(given["team_id"], given["key_id"], given["private_key"])


def at(minutes: float) -> datetime:
    return datetime(2026, 11, 24, 10, tzinfo=UTC) + timedelta(minutes=minutes)


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[ApnsVendor]:
    with running_apns(tmp_path) as made:
        yield made


def test_token_says_team_and_key_and_is_signed_by_it() -> None:
    name, value = make_signer().token(NOW).header

    scheme, _, token = value.partition(" ")
    key = load_pem_private_key(CREDENTIAL["private_key"].encode(), None).public_key()
    claims = jwt.decode(token, key, algorithms=["ES256"], options={"verify_iat": False})
    assert (name, scheme) == ("authorization", "bearer")
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "ABC123DEFG"}
    assert claims == {"iss": "DEF123GHIJ", "iat": int(at(0).timestamp())}


def test_token_is_between_20_and_50_minutes_old_and_changes_every_30() -> None:
    signer = make_signer()
    moments = [at(seconds / 60) for seconds in range(0, 4 * 3600, 7)]

    tokens = [signer.token(moment) for moment in moments]

    ages = [m.timestamp() - t.issued_at for m, t in zip(moments, tokens, strict=True)]
    changes = [
        moment
        for moment, before, after in zip(moments[1:], tokens, tokens[1:], strict=False)
        if before is not after
    ]
    assert 20 * 60 <= min(ages) < max(ages) < 50 * 60
    assert len(changes) == 8
    assert all(
        abs((b - a).total_seconds() - 1800) <= 7 for a, b in zip(changes, changes[1:], strict=False)
    )


@pytest.mark.parametrize("minutes", [0, 19.9, 20, 49.9])
def test_signers_that_know_nothing_of_each_other_make_the_same_token(minutes: float) -> None:
    tokens = {make_signer().token(at(minutes)).header for _ in range(5)}

    assert len(tokens) == 1


def test_clock_that_is_set_back_makes_no_token_from_the_future() -> None:
    signer = make_signer()
    signer.token(at(300))

    token = signer.token(at(0))

    assert token.issued_at <= at(0).timestamp()


def test_token_that_is_called_expired_is_replaced_by_the_same_younger_one_everywhere() -> None:
    signers = [make_signer(), make_signer()]
    old = [signer.token(at(25)) for signer in signers]

    may_help = [signer.refuse(token) for signer, token in zip(signers, old, strict=True)]
    new = [signer.token(at(25 + n)) for n, signer in enumerate(signers)]

    assert may_help == [True, True]
    assert new[0].header == new[1].header
    assert new[0].issued_at > old[0].issued_at
    assert signers[0].token(at(60)) is new[0]


def test_replacement_gives_way_to_the_common_token_when_it_is_50_minutes_old() -> None:
    signer = make_signer()
    signer.refuse(signer.token(at(25)))
    replacement = signer.token(at(25))
    ends_at = datetime.fromtimestamp(replacement.issued_at, UTC) + timedelta(minutes=50)

    before, after = (signer.token(ends_at - timedelta(seconds=left)) for left in (1, 0))

    assert before is replacement
    assert after.header == make_signer().token(ends_at).header


def test_replacement_that_apple_took_is_itself_replaced_when_it_is_called_expired() -> None:
    """A clock that is behind by minutes: it happens once in a while, and is nobody's fault."""
    signer = make_signer()
    signer.refuse(signer.token(at(25)))
    taken = signer.token(at(25))
    taken.is_proven = True

    assert signer.refuse(taken)
    assert signer.token(at(65)).issued_at > taken.issued_at


def test_answer_to_a_call_that_was_signed_before_takes_no_younger_token_away() -> None:
    signer = make_signer()
    old = signer.token(at(25))
    signer.refuse(old)
    new = signer.token(at(25))

    assert signer.refuse(old)
    assert signer.token(at(26)) is new


def test_expired_token_is_replaced_once_and_the_push_sent(vendor: ApnsVendor) -> None:
    """D16."""
    first = vendor.provider.start(vendor.request("fine"), NOW).tag.signed
    vendor.keys.expired.add(first.header[1].removeprefix("bearer "))

    results = [vendor.send(vendor.request("fine"))[0] for _ in range(20)]

    assert [(r.outcome, r.reason) for r in results] == [AGAIN] + [SENT] * 19
    assert len(vendor.jwts()) == 2
    assert vendor.provider.start(vendor.request("fine"), NOW).tag.signed.is_proven


def test_clock_that_is_an_hour_behind_is_a_matter_for_the_administrator(
    vendor: ApnsVendor,
) -> None:
    """D16: one new token, then no more of them."""
    slow = NOW - timedelta(minutes=90)

    results = [vendor.send(vendor.request("fine"), now=slow)[0] for _ in range(5)]

    assert [(r.outcome, r.reason) for r in results] == [AGAIN] + [HELD] * 4
    assert results[-1].detail == "ExpiredProviderToken"
    assert len(vendor.jwts()) == 2


@pytest.mark.parametrize(("minutes", "first"), [(19, SENT), (-9, SENT), (-25, AGAIN)])
def test_clock_that_is_wrong_by_minutes_sends_all_the_same(
    vendor: ApnsVendor, minutes: int, first: tuple[Outcome, str]
) -> None:
    now = NOW + timedelta(minutes=minutes)

    results = [vendor.send(vendor.request("fine"), now=now)[0] for _ in range(3)]

    assert [(r.outcome, r.reason) for r in results] == [first, SENT, SENT]


def test_half_a_day_of_pushes_never_changes_the_token_too_often(vendor: ApnsVendor) -> None:
    """D16: not more than once in 20 minutes, as Apple wants."""
    outcomes = []
    for minutes in range(0, 12 * 60, 4):
        vendor.keys.now = lambda: at(minutes).timestamp()  # noqa: B023 -- asked at once
        outcomes += [
            result.outcome for result in vendor.send(vendor.request("fine"), now=at(minutes))
        ]

    assert outcomes == [Outcome.ACCEPTED] * 180
    assert len(vendor.jwts()) == 25


def test_revoked_key_is_a_matter_for_the_administrator(vendor: ApnsVendor) -> None:
    """D16."""
    before = vendor.send(vendor.request("fine"))
    vendor.keys.revoke("ABC123DEFG")

    after = vendor.send(vendor.request("fine"))

    assert [(r.outcome, r.reason) for r in before + after] == [SENT, HELD]
    assert after[0].detail == "InvalidProviderToken"


def test_too_many_tokens_make_no_new_one_and_wait_a_minute(vendor: ApnsVendor) -> None:
    """D16."""
    body = '{"reason":"TooManyProviderTokenUpdates"}'
    request = vendor.request("fine")
    vendor.server.orders.give(request.target.token, {"status": 429, "body": body, "times": 3})

    results = [vendor.send(request)[0] for _ in range(4)]

    assert [(r.outcome, r.reason) for r in results[:3]] == [(Outcome.RETRY, "rate_limited")] * 3
    assert [r.retry_after for r in results] == [60.0, 60.0, 60.0, None]
    assert len(vendor.jwts()) == 1


@contextmanager
def running_senders(vendor: ApnsVendor, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    command = [sys.executable, "-m", "tests.providers.apns_sender"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    senders = [subprocess.Popen(command, **pipes) for _ in range(count)]
    try:
        yield senders
    finally:
        for sender in senders:
            sender.communicate(timeout=10)


def send_from(senders: list[subprocess.Popen[bytes]], vendor: ApnsVendor) -> list[tuple[str, str]]:
    """50 pushes by each of the processes, all at once."""
    job = {
        "credential": vendor.credential,
        "ca_file": vendor.site.ca_file,
        "url": vendor.server.url,
        "now": NOW.isoformat(),
        "tokens": [f"{n:04x}" for n in range(50)],
    }
    for sender in senders:
        assert sender.stdin is not None
        sender.stdin.write(orjson.dumps(job) + b"\n")
        sender.stdin.flush()
    lines = [sender.stdout.readline() for sender in senders if sender.stdout is not None]
    return [(outcome, reason) for line in lines for outcome, reason in orjson.loads(line)]


def test_four_processes_use_one_token_and_replace_it_by_one(vendor: ApnsVendor) -> None:
    """D16: counted on Apple's side. Each process learns by itself that the token has expired."""
    with running_senders(vendor, 4) as senders:
        at_first = send_from(senders, vendor)
        [first] = vendor.keys.seen
        vendor.keys.expired.add(first)
        then = send_from(senders, vendor)
        at_last = send_from(senders, vendor)

    assert at_first == at_last == [SENT] * 200
    assert set(then) == {AGAIN, SENT}
    assert len(vendor.jwts()) == 2
