"""A1, A9, A19, B4: who may call, at which paths, and what the others see."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Campaign
from tests.campaigns.caller import Api, shared_client
from tests.campaigns.conftest import make_brand
from tests.factories.accounts import ApiClientFactory, bearer

SEND = [("POST", "campaign"), ("POST", "campaign/{campaign}/cancel")]
READ = [
    ("GET", "campaign"),
    ("GET", "campaign/{campaign}"),
    ("GET", "campaign/{campaign}/recipients"),
    ("GET", "campaign/{campaign}/recipients/{message}"),
    ("GET", "campaign/{campaign}/conversations"),
]
ALL = SEND + READ


def paths(routes, created):
    names = {
        "campaign": created.campaign.public_id,
        "message": created.accepted[0].public_id,
    }
    return [(method, path.format(**names)) for method, path in routes]


def answers(api, routes, body):
    return {
        (method, path): api.call(method, path, body if path.rstrip("/") == "campaign" else {})
        for method, path in routes
    }


def statuses(api, routes, body):
    return {response.status_code for response in answers(api, routes, body).values()}


def test_each_path_answers_with_and_without_the_last_slash(api, brand):
    """A19"""
    plain = paths(ALL, brand.send("ana"))
    slashed = [(method, f"{path}/") for method, path in plain]

    assert statuses(api, plain, brand.body("bo")) == {200}
    assert statuses(api, slashed, brand.body("cy")) == {200}
    assert Campaign.objects.count() == 3


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path", ["campaigns", "campaigns/", "campaign/a/b", "campaign//", "nothing", "", "../x"]
)
def test_unknown_paths_are_404_and_never_a_redirect(api, brand, method, path):
    """A19"""
    response = api.call(method, path, b"{}")

    assert response.status_code == 404
    assert response.json()["errorKey"] == "not_found"


def test_the_token_may_stand_bare_or_after_bearer(api, brand):
    """A1"""
    token = api.headers["authorization"].removeprefix("Bearer ")

    for given in (token, f"Bearer {token}", f"bearer {token}"):
        assert api.with_headers(authorization=given).get("campaign").status_code == 200


def test_without_a_good_token_nothing_is_told(api, brand):
    """A1, A9"""
    routes = paths(ALL, brand.send("ana"))
    client = ApiClientFactory(account=brand.account)
    stale = bearer(client, now=timezone.now() - timedelta(hours=2))

    for given in ({}, {"authorization": "Bearer nonsense"}, stale):
        for response in answers(Api(brand.account, given), routes, brand.body("bo")).values():
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert response.json()["code"] == 0
    problem = Api(brand.account, stale).get("campaign").json()
    assert problem["message"] == "jwt expired"
    assert Campaign.objects.count() == 1


def test_another_account_s_token_finds_nothing(api, brand):
    """B4"""
    created = brand.send("ana")
    stranger = bearer(ApiClientFactory(account=make_brand().account))

    seen = statuses(Api(brand.account, stranger), paths(ALL, created), brand.body("bo"))

    assert seen == {404}
    assert Campaign.objects.count() == 1


def test_another_account_s_ids_do_not_exist(api, brand):
    """B4"""
    theirs = make_brand().send("ana")
    routes = [route for route in paths(ALL, theirs) if route[1] != "campaign"]

    assert statuses(api, routes, {}) == {404}
    assert Campaign.objects.get().cancelled_at is None


def test_a_message_of_another_campaign_is_not_in_this_one(api, brand):
    first, second = brand.send("ana"), brand.send("bo")
    message_id = second.accepted[0].public_id

    path = f"campaign/{first.campaign.public_id}/recipients/{message_id}"

    assert api.get(path).status_code == 404


def test_unknown_accounts_and_ids_are_404(api, brand):
    for path in (
        "campaign/aaaaaaaaa",
        "campaign/aaaaaaaaa/cancel",
        "campaign/aaaaaaaaa/recipients",
    ):
        assert api.get(path).status_code == 404
    for number in ("1", "999999999999999999", "9" * 30, "0", "-1", "x"):
        response = shared_client().get(f"/api/v2/account/{number}/campaign", headers=api.headers)
        assert response.status_code == 404, number


@pytest.mark.parametrize(
    ("scopes", "may_send", "may_read"),
    [
        (["campaigns:send"], 200, 403),
        (["campaigns:read"], 403, 200),
        (["handoffs:read"], 403, 403),
        ([], 403, 403),
    ],
)
def test_scopes_tell_what_a_token_may_do(brand, scopes, may_send, may_read):
    created = brand.send("ana")
    client = ApiClientFactory(account=brand.account, scopes=scopes)
    api = Api(brand.account, bearer(client))

    assert statuses(api, paths(SEND, created), brand.body("bo")) == {may_send}
    assert statuses(api, paths(READ, created), {}) == {may_read}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"])
def test_methods_that_are_not_offered_are_405(api, brand, method):
    """A9"""
    for _, path in paths(ALL, brand.send("ana")):
        response = api.call(method, path, b"{}")
        assert response.status_code == 405
        assert response.headers["Allow"]
        assert response.json()["errorKey"] == "method_not_allowed"


def test_head_is_get_without_a_body(api, brand):
    response = api.call("HEAD", "campaign")

    assert (response.status_code, response.content) == (200, b"")
