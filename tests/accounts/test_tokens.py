"""A1: tokens of brand systems, by client credentials."""

import base64
import hashlib
import logging
import re
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.urls import get_resolver
from django.utils import timezone
from oauth2_provider.models import AccessToken

from accounts import api, services, tasks, tokens
from accounts.models import ApiClient
from tests.factories.accounts import ApiClientFactory

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"


def sentinel(client, number, query="", body="", **extra):
    path = f"/sentinel/api/account/{number}/app/token"
    return client.post(f"{path}?{query}" if query else path, body, content_type=FORM, **extra)


def standard(client, body, **extra):
    return client.post("/oauth/token", body, content_type=FORM, **extra)


def basic(client_id, secret):
    return {"authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def pair(api_client):
    return f"client_id={api_client.client_id}&client_secret={api_client.secret}"


def public_key():
    return load_pem_private_key(settings.TOKEN_SIGNING_KEY.encode(), None).public_key()


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("v=1.0&grant_type=client_credentials", "{pair}"),
        ("v=2.0&grant_type=client_credentials&{pair}", ""),
        ("v=1.0", "grant_type=client_credentials&{pair}"),
        ("", "{pair}"),
        ("{pair}", "grant_type=client_credentials&v=2.0"),
    ],
)
def test_sentinel_reads_credentials_from_query_and_form(client, query, body, slash):
    brand_system = ApiClientFactory()
    place = {"pair": pair(brand_system)}
    path = f"/sentinel/api/account/{brand_system.account.number}/app/token{slash}"

    response = client.post(f"{path}?{query.format(**place)}", body.format(**place), FORM)

    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/json;charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    answer = response.json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)


def test_sentinel_reads_credentials_from_basic_header(client):
    brand_system = ApiClientFactory()

    response = sentinel(
        client,
        brand_system.account.number,
        "v=1.0",
        headers=basic(brand_system.client_id, brand_system.secret),
    )

    assert response.status_code == 200


@pytest.mark.parametrize("name", ["client_id", "client_secret", "grant_type"])
def test_what_query_and_form_both_say_must_be_the_same(client, name):
    brand_system = ApiClientFactory()
    number, body = brand_system.account.number, pair(brand_system)
    body += "&grant_type=client_credentials"

    same = sentinel(client, number, query=f"{body}&v=1.0", body=f"{body}&v=2.0")
    other = sentinel(client, number, query=f"{name}=another", body=body)

    assert same.status_code == 200
    assert (other.status_code, other.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke_token", "/sentinel"])
def test_a_basic_header_and_a_form_that_name_different_clients_are_refused(client, path):
    brand_system = ApiClientFactory()
    if path == "/sentinel":
        path = f"/sentinel/api/account/{brand_system.account.number}/app/token"
    header = basic(brand_system.client_id, brand_system.secret)
    form = "grant_type=client_credentials&token=x&client_id="

    same = client.post(path, f"{form}{brand_system.client_id}", FORM, headers=header)
    other = client.post(path, f"{form}another", FORM, headers=header)

    assert same.status_code == 200
    assert (other.status_code, other.json()["error"]) == (400, "invalid_request")


def test_sentinel_token_is_a_signed_jwt_of_the_account(client):
    brand_system = ApiClientFactory()

    token = sentinel(client, brand_system.account.number, body=pair(brand_system)).json()[
        "access_token"
    ]

    header = jwt.get_unverified_header(token)
    claims = jwt.decode(
        token, public_key(), algorithms=["RS256"], audience=str(brand_system.account.number)
    )
    assert header["alg"] == "RS256"
    assert re.fullmatch("[0-9a-f]{16}", header["kid"])
    assert claims["azp"] == brand_system.client_id
    assert claims["scope"] == "campaigns:read campaigns:send"
    assert claims["iss"] == "Sentinel"
    assert 3598 <= claims["exp"] - claims["iat"] <= 3600
    assert claims["jti"] == AccessToken.objects.get().token_checksum


def test_standard_token_is_opaque_and_lasts_an_hour(client):
    brand_system = ApiClientFactory()

    response = standard(client, f"grant_type=client_credentials&{pair(brand_system)}")

    answer = response.json()
    assert response.status_code == 200
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600
    assert answer["scope"] == "campaigns:read campaigns:send"
    assert "." not in answer["access_token"]
    grant = tokens.look_up(answer["access_token"], now=timezone.now())
    assert grant.client == brand_system


def test_standard_token_endpoint_takes_a_basic_header(client):
    brand_system = ApiClientFactory()

    response = standard(
        client,
        "grant_type=client_credentials",
        headers=basic(brand_system.client_id, brand_system.secret),
    )

    assert response.status_code == 200


def test_standard_token_endpoint_refuses_credentials_in_the_url(client):
    brand_system = ApiClientFactory()

    response = client.post(
        f"/oauth/token?{pair(brand_system)}", "grant_type=client_credentials", FORM
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "grant",
    [
        "password",
        "refresh_token",
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:device_code",
    ],
)
def test_only_client_credentials_are_granted(client, grant):
    brand_system = ApiClientFactory()

    response = standard(client, f"grant_type={grant}&{pair(brand_system)}")

    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")


def test_a_scope_asked_for_is_the_token_s_whole_scope(client):
    brand_system = ApiClientFactory(scopes=["campaigns:read", "campaigns:send"])

    response = standard(
        client, f"grant_type=client_credentials&scope=campaigns:read&{pair(brand_system)}"
    )

    assert response.json()["scope"] == "campaigns:read"


def test_a_scope_that_the_client_has_not_is_refused(client):
    brand_system = ApiClientFactory(scopes=["campaigns:read"])
    body = f"grant_type=client_credentials&scope=campaigns:send&{pair(brand_system)}"

    for response in (
        standard(client, body),
        sentinel(client, brand_system.account.number, body=body),
    ):
        assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")


def refusals(client):
    """Each way of not being let in, by its name."""
    brand_system, stranger = ApiClientFactory(), ApiClientFactory()
    disabled = ApiClientFactory(account=brand_system.account)
    ApiClient.objects.filter(pk=disabled.pk).update(is_enabled=False)
    number = brand_system.account.number
    wrong = f"client_id={brand_system.client_id}&client_secret=wrong"
    unknown = "client_id=nobody&client_secret=wrong"
    return {
        "wrong secret": sentinel(client, number, body=wrong),
        "unknown client": sentinel(client, number, body=unknown),
        "another account's client": sentinel(client, number, body=pair(stranger)),
        "unknown account": sentinel(client, 1, body=pair(brand_system)),
        "disabled client": sentinel(client, number, body=pair(disabled)),
        "nothing sent": sentinel(client, number),
        "unreadable header": sentinel(client, number, headers={"authorization": "Basic !"}),
    }


def test_whoever_is_not_let_in_gets_the_same_answer(client):
    answers = refusals(client)

    bodies = {name: answer.json()["error"] for name, answer in answers.items()}
    assert set(bodies.values()) == {"invalid_client"}
    assert {answer.status_code for answer in answers.values()} == {401}
    assert answers["wrong secret"].content == answers["unknown client"].content
    assert answers["wrong secret"].content == answers["another account's client"].content
    assert all(answer["WWW-Authenticate"].startswith("Basic") for answer in answers.values())


def test_unknown_client_costs_the_queries_of_a_wrong_secret(django_assert_num_queries):
    brand_system = ApiClientFactory()

    for client_id in (brand_system.client_id, "nobody"):
        with django_assert_num_queries(2):
            found = tokens.find_client(client_id=client_id, secret="wrong", now=timezone.now())
        assert found is None


@pytest.mark.parametrize(
    "path", ["/oauth/token", "/oauth/revoke_token", "/sentinel/api/account/1/app/token"]
)
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("grant_type=client_credentials&client_id=%00&client_secret=x", {}),
        ("grant_type=client_credentials&client_id=x&client_secret=%00", {}),
        ("grant_type=client_credentials&client_id=x&client_secret=x&scope=a%00", {}),
        ("grant_type=%00&client_id=x&client_secret=x", {}),
        ("token=%00&client_id=x&client_secret=x&grant_type=client_credentials", {}),
        ("token=x&grant_type=client_credentials", basic("a\0", "b")),
    ],
)
def test_a_nul_anywhere_is_a_bad_request(client, path, body, headers):
    response = client.post(path, body, content_type=FORM, headers=headers)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_a_nul_in_the_query_is_a_bad_request(client):
    assert sentinel(client, 1, "client_id=%00").status_code == 400


def test_tokens_are_not_given_by_get(client):
    assert client.get("/oauth/token").status_code == 405


def test_failed_tries_of_a_client_are_limited(client):
    brand_system = ApiClientFactory()
    number = brand_system.account.number
    wrong = f"client_id={brand_system.client_id}&client_secret=wrong"

    statuses = [
        sentinel(client, number, body=wrong).status_code
        for _ in range(api.SECRET_FAILURES.failures + 1)
    ]

    blocked = sentinel(client, number, body=wrong)
    assert statuses.count(429) <= 1
    assert blocked.status_code == 429
    assert 1 <= int(blocked["Retry-After"]) <= 60
    other = ApiClientFactory()
    assert sentinel(client, other.account.number, body=pair(other)).status_code == 200


def test_two_secrets_work_while_one_is_rotated(client):
    brand_system = ApiClientFactory()
    first = pair(brand_system)

    brand_system.secret = services.rotate_secret(client=brand_system, by="tests")

    for body in (first, pair(brand_system)):
        assert sentinel(client, brand_system.account.number, body=body).status_code == 200


def test_the_old_secret_ends_with_the_overlap(client):
    brand_system = ApiClientFactory()
    first = brand_system.secret
    services.rotate_secret(client=brand_system, overlap=timedelta(hours=1), by="tests")

    now = timezone.now()
    before, after = (
        tokens.find_client(client_id=brand_system.client_id, secret=first, now=now + wait)
        for wait in (timedelta(minutes=59), timedelta(minutes=61))
    )

    assert (before, after) == (brand_system, None)


def test_rotating_twice_leaves_two_live_secrets():
    brand_system = ApiClientFactory()
    for _ in range(2):
        services.rotate_secret(client=brand_system, by="tests")

    now = timezone.now()
    assert [row.is_live(now) for row in brand_system.secrets.order_by("pk")] == [False, True, True]


def test_a_revoked_secret_ends_at_once_and_its_tokens_too(client):
    brand_system = ApiClientFactory()
    token = sentinel(client, brand_system.account.number, body=pair(brand_system)).json()

    services.revoke_secret(secret=brand_system.secrets.get(), by="tests")

    assert sentinel(client, brand_system.account.number, body=pair(brand_system)).status_code == 401
    with pytest.raises(tokens.TokenUnknown):
        tokens.look_up(token["access_token"], now=timezone.now())


def dump():
    """Everything in the database, as text."""
    models = [model for model in apps.get_models() if model._meta.managed]
    return "\n".join(serializers.serialize("json", model.objects.all()) for model in models)


def test_s8_no_secret_is_stored(client):
    brand_system = ApiClientFactory()
    sentinel(client, brand_system.account.number, body=pair(brand_system))

    assert brand_system.client_id in dump()
    assert brand_system.secret not in dump()
    assert brand_system.secret[4:] not in dump()


def test_s8_the_library_s_secret_column_stays_empty():
    brand_system = ApiClientFactory()

    assert ApiClient.objects.get(pk=brand_system.pk).client_secret == ""


def test_s9_no_token_is_stored(client):
    brand_system = ApiClientFactory()
    signed = sentinel(client, brand_system.account.number, body=pair(brand_system)).json()
    opaque = standard(client, f"grant_type=client_credentials&{pair(brand_system)}").json()

    text = dump()

    assert AccessToken.objects.count() == 2
    assert signed["access_token"] not in text
    assert opaque["access_token"] not in text


def test_s9_what_is_stored_opens_nothing(client):
    brand_system = ApiClientFactory()
    sentinel(client, brand_system.account.number, body=pair(brand_system))
    stored = AccessToken.objects.get().token_checksum

    with pytest.raises(tokens.TokenUnknown):
        tokens.look_up(stored, now=timezone.now())


def test_a_jwt_of_another_key_or_algorithm_is_unknown(client):
    brand_system = ApiClientFactory()
    sentinel(client, brand_system.account.number, body=pair(brand_system))
    claims = {
        "jti": AccessToken.objects.get().token_checksum,
        "iss": "Sentinel",
        "exp": int(timezone.now().timestamp()) + 100,
    }
    forged = [
        jwt.encode(claims, "x" * 32, algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
        "a.b.c",
        "..",
    ]

    for token in forged:
        with pytest.raises(tokens.TokenUnknown):
            tokens.look_up(token, now=timezone.now())


def test_s10_of_the_oauth_library_no_route_is_mounted():
    def patterns(resolver, prefix=""):
        for entry in resolver.url_patterns:
            path = prefix + str(entry.pattern)
            if hasattr(entry, "url_patterns"):
                yield from patterns(entry, path)
            else:
                yield path, entry.callback

    routes = list(patterns(get_resolver()))

    views = [path for path, view in routes if view.__module__.startswith("oauth2_provider")]
    ours = sorted(path for path, _ in routes if "oauth/" in path or "sentinel" in path)
    admin = [path for path, _ in routes if path.startswith("admin/oauth2_provider/")]
    assert (views, admin) == ([], [])
    assert ours == [
        "^oauth/revoke_token/?$",
        "^oauth/token/?$",
        "^sentinel/api/account/(?P<account_number>[0-9]{1,18})/app/token/?$",
    ]


@pytest.mark.parametrize("named_by", ["token", "jti"])
def test_a_token_is_revoked_by_itself_or_its_jti(client, named_by):
    brand_system = ApiClientFactory()
    token = sentinel(client, brand_system.account.number, body=pair(brand_system)).json()[
        "access_token"
    ]
    jti = jwt.decode(token, options={"verify_signature": False})["jti"]

    response = client.post(
        "/oauth/revoke_token",
        f"token={token if named_by == 'token' else jti}&{pair(brand_system)}",
        FORM,
    )

    assert response.status_code == 200
    with pytest.raises(tokens.TokenUnknown):
        tokens.look_up(token, now=timezone.now())


def test_an_opaque_token_is_revoked(client):
    brand_system = ApiClientFactory()
    token = standard(client, f"grant_type=client_credentials&{pair(brand_system)}").json()

    client.post("/oauth/revoke_token/", f"token={token['access_token']}&{pair(brand_system)}", FORM)

    assert not AccessToken.objects.exists()


def test_nobody_revokes_another_client_s_token(client):
    victim, other = ApiClientFactory(), ApiClientFactory()
    token = sentinel(client, victim.account.number, body=pair(victim)).json()["access_token"]

    right = client.post("/oauth/revoke_token", f"token={token}&{pair(other)}", FORM)
    wrong = client.post(
        "/oauth/revoke_token", f"token={token}&client_id={victim.client_id}&client_secret=x", FORM
    )

    assert (right.status_code, wrong.status_code) == (200, 401)
    assert tokens.look_up(token, now=timezone.now()).client == victim


def test_expired_tokens_are_cleared_after_a_day():
    brand_system, now = ApiClientFactory(), timezone.now()
    for age in (timedelta(0), timedelta(hours=2), timedelta(hours=26)):
        tokens.mint(client=brand_system, token=str(age), scopes=[], now=now - age)

    tasks.clear_expired_tokens.apply(throw=True)

    kept = {row.token_checksum for row in AccessToken.objects.all()}
    assert kept == {
        hashlib.sha256(str(age).encode()).hexdigest() for age in (timedelta(0), timedelta(hours=2))
    }


@pytest.fixture
def logged(caplog):
    """Everything that any logger says, at DEBUG where a logger lets it."""
    caplog.set_level(logging.DEBUG)
    return caplog


def test_query_strings_and_secrets_never_reach_the_log(client, logged):
    brand_system = ApiClientFactory()
    number = brand_system.account.number

    token = sentinel(client, number, f"{pair(brand_system)}&canary=c4n4ry").json()["access_token"]
    sentinel(client, number, "client_id=c4n4ry&client_secret=c4n4ry")
    client.post("/oauth/token", f"grant_type=client_credentials&{pair(brand_system)}", FORM)
    client.get("/oauth/token?client_secret=c4n4ry")
    client.post("/oauth/token?%00client_secret=c4n4ry", "", FORM)

    said = "\n".join([logged.text, *(str(record.__dict__) for record in logged.records)])
    assert f"/sentinel/api/account/{number}/app/token" in said
    assert "c4n4ry" not in said
    assert brand_system.secret not in said
    assert token not in said
