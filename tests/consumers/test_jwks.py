"""C1: the brand's key set, from a real server that turns, stalls, lies and dies (S7, S12)."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from consumers.jwt import TokenRefused, verify
from consumers.models import Device, IdentityProvider
from tests.consumers import tokens
from tests.consumers.conftest import Sdk
from tests.consumers.idp_server import running_idp
from tests.consumers.tokens import ec_key, jwk, rsa_key, sign
from tests.factories.accounts import AccountFactory
from tests.factories.consumers import IdentityProviderFactory


@pytest.fixture
def idp(settings):
    settings.EGRESS_ALLOW_HTTP = True
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with running_idp() as server:
        server.keys = [jwk(rsa_key(), "one")]
        yield server


@pytest.fixture
def provider(account, idp):
    return IdentityProviderFactory(account=account, issuer=tokens.ISSUER, jwks_url=idp.url)


def token(kid="one", key=None, **claims):
    algorithm = "ES256" if key is ec_key() else "RS256"
    headers = {} if kid is None else {"kid": kid}
    return sign(tokens.claims(**claims), key=key, algorithm=algorithm, headers=headers)


def ask(sdk, *args, **kwargs):
    return sdk.bearing(token(*args, **kwargs)).get("devices")


def test_key_set_is_fetched_once_and_kept(sdk, idp, provider):
    answers = [ask(sdk).status_code for _ in range(5)]

    assert answers == [200] * 5
    assert idp.asked == 1


def test_key_of_a_new_id_is_fetched_after_the_cooldown(sdk, idp, provider):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        assert ask(sdk).status_code == 200
    idp.keys.append(jwk(ec_key(), "two"))

    with time_machine.travel(start + timedelta(seconds=29), tick=False):
        early = ask(sdk, "two", ec_key())
    with time_machine.travel(start + timedelta(seconds=30), tick=False):
        late = ask(sdk, "two", ec_key())

    assert (early.status_code, early.json()["reason"]) == (401, "key_unknown")
    assert late.status_code == 200
    assert idp.asked == 2


def test_key_that_the_brand_took_away_is_good_for_ten_minutes_at_most(sdk, idp, provider):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        assert ask(sdk).status_code == 200
    idp.keys = [jwk(rsa_key("next"), "two")]

    with time_machine.travel(start + timedelta(minutes=10), tick=False):
        response = ask(sdk)

    assert (response.status_code, response.json()["reason"]) == (401, "key_unknown")


def test_s7_thousand_unknown_ids_ask_the_brand_twice_a_minute_at_most(idp, provider):
    """Of whoever sends anything: nobody has signed these."""
    start, reasons = timezone.now(), set()
    for number in range(1000):
        token = tokens.forge({"alg": "RS256", "kid": f"made-up-{number}"}, tokens.claims())
        with pytest.raises(TokenRefused) as refused:
            verify(token, IdentityProvider.objects.get(), start + number * timedelta(seconds=0.059))
        reasons.add(refused.value.reason)

    assert reasons == {"key_unknown"}
    assert idp.asked == 2


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "k" * 255, ""])
def test_odd_key_ids_are_unknown(sdk, idp, provider, kid):
    assert ask(sdk, kid).json()["reason"] == "key_unknown"


def test_token_without_key_id_is_good_while_there_is_one_key_of_its_kind(sdk, idp, provider):
    idp.keys.append(jwk(ec_key(), "two"))
    one_of_each = ask(sdk, None)
    idp.keys.append(jwk(rsa_key("next"), "three"))

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        two_of_a_kind = ask(sdk, None)

    assert one_of_each.status_code == 200
    assert two_of_a_kind.json()["reason"] == "key_unknown"


def stop(idp):
    idp.status = 503


def stall(idp):
    idp.delay = 6.0


def redirect(idp):
    idp.status, idp.headers = 302, {"Location": idp.url + "?again"}


def pad(idp):
    """A good key set, but for its size."""
    idp.body = json.dumps({"padding": "x" * 10_000_000, "keys": idp.keys}).encode()


def send(body):
    def change(idp):
        idp.body = body

    return change


def offer(*keys):
    def change(idp):
        idp.keys = list(keys)

    return change


FAULTS = {
    "down": stop,
    "slow": stall,
    "redirect": redirect,
    "10 MB": pad,
    "HTML": send(b"<html>"),
    "deep": send(b"[" * 20_000),
    "no UTF-8": send(b'{"keys": "\xff"}'),
    "a list": send(b"[]"),
    "keys is a text": send(b'{"keys": "one"}'),
    "odd entries": send(b'{"keys": [null, 7, [], {}, {"kty": 1}, {"kty": "RSA"}]}'),
    "empty set": offer(),
    "oct key": offer({"kty": "oct", "kid": "one", "k": "c2VjcmV0"}),
    "weak key": offer(jwk(rsa_key("weak", 1024), "one")),
    "encryption key": offer(jwk(rsa_key(), "one", use="enc")),
    "key for RS512": offer(jwk(rsa_key(), "one", alg="RS512")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_s7_without_any_key_set_the_answer_is_503_with_retry_after(
    sdk, app, phone, idp, provider, fault
):
    FAULTS[fault](idp)
    began = time.monotonic()

    first = sdk.bearing(token()).post("devices", phone)
    second = sdk.bearing(token()).post("devices", phone)

    assert (first.status_code, second.status_code) == (503, 503)
    assert 1 <= int(first.headers["Retry-After"]) <= 30
    assert idp.asked == 1
    assert time.monotonic() - began < 5.5
    assert not Device.objects.exists()


@pytest.mark.parametrize("fault", ["down", "redirect", "10 MB", "HTML", "empty set", "oct key"])
def test_s7_kept_key_set_is_good_for_a_day_while_the_brand_is_down(sdk, idp, provider, fault):
    start = timezone.now()
    assert ask(sdk).status_code == 200
    FAULTS[fault](idp)

    with time_machine.travel(start + timedelta(hours=23)):
        stale = ask(sdk)
    with time_machine.travel(start + timedelta(hours=24, minutes=1)):
        too_old = ask(sdk)

    assert stale.status_code == 200
    assert too_old.status_code == 503
    assert idp.asked == 3


def test_s12_login_on_a_device_needs_no_identity_provider_whose_keys_are_kept(
    sdk, app, phone, provider
):
    """Its server is stopped, and the kept keys are due to be fetched anew."""
    with running_idp() as stopped:
        stopped.keys = [jwk(rsa_key(), "one")]
        provider.jwks_url = stopped.url
        provider.save()
        assert ask(sdk).status_code == 200

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        login = sdk.bearing(token()).post("devices", phone)

    assert (login.status_code, login.json()["loggedIn"]) == (200, True)
    assert Device.objects.get().consumer.ref == "anna"


def test_s12_login_on_a_device_is_503_with_retry_after_where_no_keys_were_ever_had(
    sdk, app, phone, provider
):
    with running_idp() as stopped:
        provider.jwks_url = stopped.url
        provider.save()

    login = sdk.bearing(token()).post("devices", phone)

    assert (login.status_code, login.json()["errorKey"]) == (503, "unavailable")
    assert 1 <= int(login.headers["Retry-After"]) <= 30
    assert not Device.objects.exists()


def test_private_address_is_never_asked_unless_the_operator_allows_it(sdk, idp, provider, settings):
    settings.EGRESS_ALLOWED_NETWORKS = []

    response = ask(sdk)

    assert response.status_code == 503
    assert idp.asked == 0


def test_plain_http_is_never_asked_unless_the_operator_allows_it(sdk, idp, provider, settings):
    settings.EGRESS_ALLOW_HTTP = False

    assert ask(sdk).status_code == 503
    assert idp.asked == 0


def test_private_parts_of_a_key_are_not_kept(sdk, idp, provider):
    idp.keys[0]["d"] = "private-exponent"

    ask(sdk)

    provider.refresh_from_db()
    assert sorted(provider.jwks[0]) == ["e", "kid", "kty", "n"]


def test_key_set_of_one_account_says_nothing_for_another(sdk, idp, provider, db):
    ask(sdk)
    other = AccountFactory()
    IdentityProviderFactory(
        account=other, issuer=tokens.ISSUER, public_key=tokens.pem(rsa_key("other"))
    )

    assert Sdk(other, token()).get("devices").json()["reason"] == "signature_invalid"


@pytest.mark.django_db(transaction=True)
def test_slow_key_set_holds_up_neither_rows_nor_other_callers(sdk, idp, provider):
    idp.gate.clear()
    pool = ThreadPoolExecutor(8)
    first = pool.submit(_in_thread, sdk)
    deadline = time.monotonic() + 5
    while idp.asked == 0 and time.monotonic() < deadline:
        time.sleep(0.01)

    with transaction.atomic():
        type(provider).objects.select_for_update(nowait=True).get(pk=provider.pk)
    others = [pool.submit(_in_thread, sdk) for _ in range(7)]
    codes = {other.result() for other in others}
    assert (codes, first.done()) == ({503}, False)

    idp.gate.set()
    assert first.result() == 200
    assert idp.asked == 1
    pool.shutdown()


def _in_thread(sdk):
    try:
        return ask(sdk).status_code
    finally:
        connection.close()
