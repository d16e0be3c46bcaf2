"""So many requests of one consumer in ten seconds, whichever app or device they come from."""

import pytest


@pytest.fixture(autouse=True)
def few_requests(settings):
    settings.CONSUMER_REQUESTS = 3


def test_request_of_a_consumer_beyond_the_limit_is_429_with_retry_after(sdk, app, phone):
    allowed = [sdk.get("devices"), sdk.post("devices", phone), sdk.get("dialog")]

    refused = sdk.from_origin("https://shop.example").get("devices")

    assert [one.status_code for one in allowed] == [200] * 3
    assert (refused.status_code, refused.json()["errorKey"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert refused.json()["violated-policies"] == ["consumer"]
    assert refused.headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_one_consumer_s_requests_do_not_eat_another_s(sdk):
    for _ in range(4):
        sdk.get("devices")

    assert sdk.signed_in("bo").get("devices").status_code == 200


def test_request_without_a_good_token_is_counted_for_nobody(sdk):
    for _ in range(5):
        assert sdk.bearing("x.y.z").get("devices").status_code == 401

    assert sdk.get("devices").status_code == 200
