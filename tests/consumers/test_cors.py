"""C9: web apps call the SDK API from their listed origins, without cookies."""

import pytest

from consumers.models import Device
from tests.factories.accounts import AppFactory


def preflight(sdk, origin, path="devices"):
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return sdk.client.options(sdk.url(path), headers=headers)


def test_preflight_from_a_listed_origin_is_answered_without_a_token(sdk, app):
    response = preflight(sdk, "https://shop.example")

    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST, HEAD, OPTIONS"
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert response.headers["Vary"] == "Origin"


def test_answers_and_refusals_can_be_read_by_a_listed_origin(sdk, app, phone):
    shop = sdk.from_origin("https://shop.example")
    shop_without_token = shop.bearing("x.y.z").from_origin("https://shop.example")

    answers = [
        shop.post("devices", phone),
        shop.post("devices", {}),
        shop_without_token.get("devices"),
        shop.delete("devices/0190d2c0-0000-7000-8000-000000000000"),
    ]

    assert [answer.status_code for answer in answers] == [200, 400, 401, 404]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After, X-Request-Id"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://shop.example.evil.example",
        "https://sub.shop.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example/path",
        "HTTPS://SHOP.EXAMPLE",
        "null",
        "*",
        "",
        "https://shop.example\0",
        "https://shöp.example",
        "https://" + "a" * 5000,
    ],
)
def test_other_origins_are_told_nothing(sdk, app, origin):
    asked = preflight(sdk, origin)
    called = sdk.from_origin(origin).get("devices")

    assert (asked.status_code, called.status_code) == (204, 200)
    assert "Access-Control-Allow-Origin" not in asked.headers
    assert "Access-Control-Allow-Origin" not in called.headers
    assert called.headers["Vary"] == "Origin"


def test_origin_of_another_account_or_of_an_app_that_is_not_for_the_web_does_not_count(
    sdk, account, app
):
    AppFactory(platforms=["web"], origins=["https://other.example"])
    AppFactory(account=account, platforms=["ios"], origins=["https://phone.example"])

    for origin in ("https://other.example", "https://phone.example"):
        assert "Access-Control-Allow-Origin" not in preflight(sdk, origin).headers


def test_origin_may_be_listed_with_a_last_slash(sdk, app):
    app.origins = ["https://shop.example/"]
    app.save()

    response = preflight(sdk, "https://shop.example")

    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_preflight_of_an_unknown_account_is_not_found(sdk, app):
    sdk.account.number = 1

    assert preflight(sdk, "https://shop.example").status_code == 404


def test_preflight_changes_nothing(sdk, app, phone):
    device = sdk.post("devices", phone).json()["id"]

    assert preflight(sdk, "https://shop.example", f"devices/{device}/logout").status_code == 204
    assert Device.objects.get().is_logged_in
