"""C1: only consumers with a good token of the brand's own identity provider (S6)."""

import gzip
import hmac
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from consumers.models import Consumer
from tests.consumers import tokens
from tests.consumers.refusals import refusal_reasons
from tests.consumers.tokens import claims, encode, forge, pem, rsa_key, sign, sign_raw

RS256 = {"alg": "RS256", "typ": "JWT"}


def hs256_with_the_public_key():
    signing_input = f"{encode({'alg': 'HS256'})}.{encode(claims())}".encode()
    signature = hmac.digest(pem(rsa_key()).encode(), signing_input, "sha256")
    return f"{signing_input.decode()}.{encode(signature)}"


def in_seconds(seconds):
    return int(time.time()) + seconds


BAD = {
    "none": (lambda: forge({"alg": "none"}, claims(), b""), "algorithm_not_allowed"),
    "None": (lambda: forge({"alg": "None"}, claims(), b""), "algorithm_not_allowed"),
    "no alg": (lambda: forge({"typ": "JWT"}, claims()), "algorithm_not_allowed"),
    "alg is a list": (lambda: forge({"alg": ["RS256"]}, claims()), "algorithm_not_allowed"),
    "HS256 with the public key": (hs256_with_the_public_key, "algorithm_not_allowed"),
    "RS512": (lambda: sign(algorithm="RS512"), "algorithm_not_allowed"),
    "PS256": (lambda: sign(algorithm="PS256"), "algorithm_not_allowed"),
    "ES256 where the key is RSA": (
        lambda: sign(key=tokens.ec_key(), algorithm="ES256"),
        "key_unknown",
    ),
    "another key": (lambda: sign(key=rsa_key("stranger")), "signature_invalid"),
    "tampered payload": (
        lambda: ".".join([sign().split(".")[0], encode(claims(sub="bo")), sign().split(".")[2]]),
        "signature_invalid",
    ),
    "no signature": (lambda: sign().rpartition(".")[0] + ".", "signature_invalid"),
    "wrong issuer": (lambda: sign(claims(iss="https://evil.example")), "issuer_mismatch"),
    "part of the issuer": (lambda: sign(claims(iss="https://idp.brand")), "issuer_mismatch"),
    "no issuer": (lambda: sign(claims(iss=None)), "claim_missing"),
    "issuer is a list": (
        lambda: sign_raw(RS256, claims(iss=[tokens.ISSUER])),
        "issuer_mismatch",
    ),
    "expired": (lambda: sign(claims(exp=in_seconds(-61))), "token_expired"),
    "no exp": (lambda: sign(claims(exp=None)), "claim_missing"),
    "exp in 30 years": (lambda: sign(claims(exp=in_seconds(946_080_000))), "lifetime_too_long"),
    "exp before iat": (
        lambda: sign(claims(iat=in_seconds(30), exp=in_seconds(20))),
        "lifetime_too_long",
    ),
    "exp is a text": (lambda: sign_raw(RS256, claims(exp="soon")), "claim_invalid"),
    "exp is true": (lambda: sign_raw(RS256, claims(exp=True)), "claim_invalid"),
    "exp is NaN": (lambda: sign_raw(RS256, claims(exp=float("nan"))), "claim_invalid"),
    "exp is endless": (lambda: sign_raw(RS256, claims(exp=float("inf"))), "claim_invalid"),
    "exp has 400 digits": (lambda: sign_raw(RS256, claims(exp=10**400)), "claim_invalid"),
    "no iat": (lambda: sign(claims(iat=None)), "claim_missing"),
    "iat in the future": (
        lambda: sign(claims(iat=in_seconds(120), exp=in_seconds(3600))),
        "token_not_yet_valid",
    ),
    "nbf in the future": (lambda: sign(claims(nbf=in_seconds(120))), "token_not_yet_valid"),
    "nbf is null": (lambda: sign_raw(RS256, claims() | {"nbf": None}), "claim_invalid"),
    "no sub": (lambda: sign(claims(sub=None)), "claim_missing"),
    "empty sub": (lambda: sign(claims(sub="")), "subject_invalid"),
    "blank sub": (lambda: sign(claims(sub="  ")), "subject_invalid"),
    "sub with NUL": (lambda: sign(claims(sub="an\0na")), "subject_invalid"),
    "sub with half a surrogate pair": (
        lambda: sign_raw(RS256, claims(sub="\ud800")),
        "subject_invalid",
    ),
    "sub of 256 characters": (lambda: sign(claims(sub="a" * 256)), "subject_invalid"),
    "sub is a number": (lambda: sign_raw(RS256, claims(sub=7)), "subject_invalid"),
    "jku": (lambda: sign(headers={"jku": "https://evil.example/k"}), "header_not_allowed"),
    "x5u": (lambda: sign(headers={"x5u": "https://evil.example/c"}), "header_not_allowed"),
    "embedded jwk": (
        lambda: sign(
            key=rsa_key("stranger"), headers={"jwk": tokens.jwk(rsa_key("stranger"), "1")}
        ),
        "header_not_allowed",
    ),
    "crit": (lambda: sign_raw(RS256 | {"crit": ["exp"]}, claims()), "token_malformed"),
    "b64": (lambda: forge(RS256 | {"b64": False}, b""), "header_not_allowed"),
    "zip": (lambda: sign_raw(RS256 | {"zip": "DEF"}, claims()), "header_not_allowed"),
    "kid is a number": (lambda: forge(RS256 | {"kid": 7}, claims()), "token_malformed"),
    "huge": (lambda: sign(claims(padding="a" * 9000)), "token_too_large"),
    "nested 2,500 deep": (
        lambda: sign_raw(RS256, b"[" * 2500 + b"]" * 2500),
        "token_malformed",
    ),
    "payload is a list": (lambda: sign_raw(RS256, [1]), "token_malformed"),
    "payload is no JSON": (lambda: sign_raw(RS256, b"{"), "token_malformed"),
    "payload is no UTF-8": (lambda: sign_raw(RS256, b'{"sub":"\xff"}'), "token_malformed"),
    "number of 5,000 digits": (
        lambda: sign_raw(RS256, b'{"exp":' + b"9" * 5000 + b"}"),
        "token_malformed",
    ),
    "header is a list": (lambda: forge([], claims()), "token_malformed"),
    "header is no JSON": (lambda: forge(b"{", claims()), "token_malformed"),
    "JWE of five parts": (lambda: "a.b.c.d.e", "token_malformed"),
    "JWE with a zip bomb": (
        lambda: (
            ".".join([encode(RS256 | {"enc": "A256GCM"}), "", "", "", ""])
            + encode(gzip.compress(b"0" * 100_000))
        ),
        "token_malformed",
    ),
    "two parts": (lambda: "a.b", "token_malformed"),
    "not base64": (lambda: "!.!.!", "token_malformed"),
    "not ASCII": (lambda: "é.é.é", "token_malformed"),
    "no token": (lambda: "", "token_missing"),
}


def test_s6_the_table_has_more_than_35_bad_tokens_of_every_reason():
    """G12; the other reasons are of an account's settings, and have tests of their own below."""
    of_settings = {"key_unusable", "audience_mismatch", "identity_provider_missing"}

    assert len(BAD) >= 35
    assert {reason for _, reason in BAD.values()} | of_settings == refusal_reasons()


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("method", ["get", "post"])
def test_bad_token_is_refused_with_its_reason_and_leaves_nothing(sdk, app, phone, method, name):
    make, reason = BAD[name]
    caller = sdk.bearing(make())

    response = caller.get("devices") if method == "get" else caller.post("devices", phone)

    assert response.status_code == 401, response.content
    assert response.json()["reason"] == reason
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not Consumer.objects.exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "' OR 1=1 --", "unknown", "k" * 255, ""])
def test_kid_is_of_no_meaning_where_the_account_has_one_key(sdk, name):
    response = sdk.bearing(sign(headers={"kid": name})).get("devices")

    assert response.status_code == 200


def test_refusal_repeats_nothing_of_the_token(sdk):
    token = sign(claims(sub="secret-subject", exp=in_seconds(-600)))

    response = sdk.bearing(token).get("devices")

    text = response.content.decode()
    assert response.status_code == 401
    assert "secret-subject" not in text
    assert token[:40] not in text


@pytest.mark.parametrize(
    ("key", "algorithm", "algorithms"),
    [
        (tokens.pem(tokens.rsa_key()), "RS256", []),
        (tokens.bare(tokens.rsa_key()), "RS256", ["RS256"]),
        (tokens.pem(tokens.ec_key()), "ES256", ["ES256", "RS256"]),
        (tokens.bare(tokens.ec_key()), "ES256", []),
    ],
)
def test_key_may_be_given_as_pem_or_as_its_bare_base64(sdk, provider, key, algorithm, algorithms):
    provider.public_key, provider.algorithms = key, algorithms
    provider.save()
    signer = tokens.rsa_key() if algorithm == "RS256" else tokens.ec_key()

    response = sdk.bearing(sign(key=signer, algorithm=algorithm)).get("devices")

    assert response.status_code == 200, response.content


@pytest.mark.parametrize(
    "key", [tokens.pem(rsa_key("weak", 1024)), tokens.pem(tokens.ec_key("p384", ec.SECP384R1)), "x"]
)
def test_stored_key_that_is_too_weak_or_unreadable_lets_nobody_in(sdk, provider, key):
    provider.public_key = key
    provider.save()

    response = sdk.get("devices")

    assert response.status_code == 401
    assert response.json()["reason"] == "key_unusable"


def test_algorithm_that_the_account_does_not_list_is_refused(sdk, provider):
    provider.algorithms = ["ES256"]
    provider.save()

    response = sdk.get("devices")

    assert response.json()["reason"] == "algorithm_not_allowed"


@pytest.mark.parametrize(
    ("audience", "reason"),
    [
        ("app", None),
        (["web", "app"], None),
        ("other", "audience_mismatch"),
        (["other"], "audience_mismatch"),
        (7, "audience_mismatch"),
        (None, "claim_missing"),
    ],
)
def test_audience_is_checked_where_it_is_set(sdk, provider, audience, reason):
    provider.audience = "app"
    provider.save()

    response = sdk.bearing(sign_raw(RS256, claims(aud=audience))).get("devices")

    assert response.json().get("reason") == reason


def test_clocks_may_differ_by_a_minute(sdk):
    late = sign(claims(iat=in_seconds(-3600), exp=in_seconds(-50)))
    early = sign(claims(iat=in_seconds(50), exp=in_seconds(600)))

    assert sdk.bearing(late).get("devices").status_code == 200
    assert sdk.bearing(early).get("devices").status_code == 200


def test_lifetime_is_capped_by_the_account(sdk, provider):
    provider.max_lifetime_seconds = 600
    provider.save()

    response = sdk.bearing(sign(claims(exp=in_seconds(1200)))).get("devices")

    assert response.json()["reason"] == "lifetime_too_long"


def test_token_of_another_account_is_refused(sdk, account):
    from_elsewhere = sign(claims(iss="https://idp.other.example"), key=rsa_key("other"))

    assert sdk.bearing(from_elsewhere).get("devices").status_code == 401


def test_account_without_identity_provider_says_so(sdk, provider):
    provider.delete()

    response = sdk.get("devices")

    assert response.status_code == 401
    assert response.json()["reason"] == "identity_provider_missing"


@pytest.mark.parametrize("number", [0, 1, 10**30])
def test_unknown_account_is_not_found(sdk, number):
    sdk.account.number = number

    assert sdk.get("devices").status_code == 404


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "bearer ", "JWT abc"])
def test_other_schemes_are_no_token(sdk, header):
    response = sdk.get("devices", Authorization=header)

    assert response.status_code == 401
    assert response.json()["reason"] == "token_missing"


def test_reading_creates_no_consumer(sdk):
    assert sdk.get("devices").json() == {"devices": []}
    assert not Consumer.objects.exists()
