"""S8: token endpoints are limited by client and address, whether or not the client exists."""

import pytest
from django.utils import timezone

from accounts import api, tokens
from tests.accounts.test_tokens import FORM, pair, sentinel, standard
from tests.factories.accounts import ApiClientFactory

pytestmark = pytest.mark.django_db


def ask(client, credentials, **headers):
    body = f"grant_type=client_credentials&{credentials}"
    return client.post("/oauth/token", body, content_type=FORM, headers=headers)


@pytest.fixture
def three_a_minute(monkeypatch):
    monkeypatch.setattr(api, "TOKEN_REQUESTS", api.Policy("token", 3, 60))


def test_a_client_may_ask_for_sixty_tokens_a_minute():
    assert (api.TOKEN_REQUESTS.quota, api.TOKEN_REQUESTS.window) == (60, 60)


def test_the_next_request_for_a_token_is_429_with_retry_after(client, three_a_minute):
    known = pair(ApiClientFactory())

    answers = [ask(client, known) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["error"] == "temporarily_unavailable"
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60


def test_an_unknown_client_is_limited_as_a_known_one_with_a_wrong_secret(client, three_a_minute):
    known = ApiClientFactory()
    wrong = f"client_id={known.client_id}&client_secret=wrong"
    unknown = "client_id=nobody&client_secret=wrong"

    answers = {
        name: [ask(client, credentials) for _ in range(4)]
        for name, credentials in (("wrong", wrong), ("unknown", unknown))
    }

    assert [one.status_code for one in answers["unknown"]] == [401, 401, 401, 429]
    seen = {
        name: [(one.status_code, one.content) for one in found] for name, found in answers.items()
    }
    assert seen["wrong"] == seen["unknown"]


def test_both_paths_of_tokens_share_the_limit(client, three_a_minute):
    known = ApiClientFactory()
    for _ in range(3):
        standard(client, f"grant_type=client_credentials&{pair(known)}")

    assert sentinel(client, known.account.number, body=pair(known)).status_code == 429


def test_another_client_and_another_address_have_limits_of_their_own(client, three_a_minute):
    known, other = pair(ApiClientFactory()), pair(ApiClientFactory())
    for _ in range(4):
        ask(client, known)

    assert ask(client, other).status_code == 200
    assert ask(client, known, x_forwarded_for="203.0.113.7").status_code == 200


def test_an_address_is_the_one_that_the_proxy_in_front_appended(client, three_a_minute):
    """S22: what a caller writes into X-Forwarded-For itself does not count."""
    known = pair(ApiClientFactory())

    statuses = [
        ask(client, known, x_forwarded_for=f"198.51.100.{n}, 203.0.113.7").status_code
        for n in range(4)
    ]

    assert statuses == [200, 200, 200, 429]


def test_a_client_id_of_any_length_and_kind_is_counted(client, three_a_minute):
    strange = "client_id=" + "%F0%9F%90%A6/" * 2000 + "&client_secret=x"

    assert [ask(client, strange).status_code for _ in range(4)] == [401, 401, 401, 429]


def test_time_does_not_tell_an_unknown_client_from_a_wrong_secret():
    """The same work: the quickest of many look-ups, which other programs did not hold up, differ
    by less than one look-up varies."""
    known = ApiClientFactory()
    took = {known.client_id: [], "nobody": []}
    for _ in range(150):
        for client_id, times in took.items():
            began = timezone.now()
            assert tokens.find_client(client_id=client_id, secret="wrong", now=began) is None
            times.append((timezone.now() - began).total_seconds())

    known_took, unknown_took = (sorted(times)[len(times) // 20] for times in took.values())
    print(f"\nknown {known_took * 1e3:.2f} ms, unknown {unknown_took * 1e3:.2f} ms")
    assert abs(known_took - unknown_took) < 0.001
