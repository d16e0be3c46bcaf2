"""A14, A19: the list of handoffs in LivePerson's shape."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from handoffs.models import Handoff, Kind
from tests.factories.accounts import AccountFactory, ApiClientFactory, bearer
from tests.factories.handoffs import HandoffFactory

MADE = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)


@pytest.fixture
def account(db):
    return AccountFactory()


@pytest.fixture
def headers(account):
    return bearer(ApiClientFactory(account=account, scopes=["handoffs:read"]))


@pytest.fixture
def ask(account, headers):
    def get(path="", **query):
        url = f"/api/account/{account.number}/app/prmsg/handoffs/list{path}"
        return Client().get(url, query, headers=headers)

    return get


def names(response):
    return [handoff["name"] for handoff in response.json()]


@pytest.mark.parametrize("path", ["", "/", "/channel/inapp", "/channel/inapp/"])
def test_a_handoff_is_listed_in_liveperson_s_shape(ask, account, path):
    """A19: with and without the last slash."""
    HandoffFactory(
        account=account,
        public_id="H072047293477863",
        title="Cards",
        app_names=["com.brand.app", "com.brand.web"],
        text="Hi ${{10}}, your ${{2}} card",
        notification_title="For ${{1}} and ${{2}}",
        lookback=timedelta(days=2, hours=3),
        language="sv",
        route_all_within_lookback=True,
        created_at=MADE,
        updated_at=MADE + timedelta(days=1),
    )

    response = ask(path, v=1, limit=30, offset=0)

    assert response.status_code == 200
    assert response.json() == [
        {
            "id": "H072047293477863",
            "name": "Cards",
            "lookbackPeriodDay": 2,
            "lookbackPeriodHour": 3,
            "routeAllWithinLookback": True,
            "isActive": True,
            "createdAt": "2026-11-23T19:00:00Z",
            "updatedAt": "2026-11-24T19:00:00Z",
            "channels": [
                {
                    "type": "inapp",
                    "language": "sv",
                    "appNames": ["com.brand.app", "com.brand.web"],
                    "messageComponents": [
                        {
                            "type": "text",
                            "messageText": "Hi ${{10}}, your ${{2}} card",
                            "notificationTitle": "For ${{1}} and ${{2}}",
                            "notificationMessage": "Hi ${{10}}, your ${{2}} card",
                            "isSameMessageForNotification": True,
                            "variables": ["1", "2", "10"],
                        }
                    ],
                }
            ],
        }
    ]


def test_archived_ivr_and_others_handoffs_are_not_listed(ask, account):
    HandoffFactory(account=account, title="Ours")
    HandoffFactory(account=account, title="Off", is_active=False)
    HandoffFactory(account=account, title="IVR", kind=Kind.IVR)
    HandoffFactory(account=account, title="Old", archived_at=timezone.now(), archived_by="ana")
    HandoffFactory(title="Theirs")

    response = ask()

    assert [(h["name"], h["isActive"]) for h in response.json()] == [("Ours", True), ("Off", False)]


def test_pages_have_no_gap_and_no_repeat(ask, account):
    for n in range(5):
        HandoffFactory(account=account, title=f"n{n}")

    assert names(ask(limit=2)) == ["n0", "n1"]
    assert names(ask(limit=2, offset=2)) == ["n2", "n3"]
    assert names(ask(limit=2, offset=4)) == ["n4"]
    assert names(ask(limit=2, offset=6)) == []


def test_thirty_are_told_where_no_limit_is_asked(ask, account):
    Handoff.objects.bulk_create(HandoffFactory.build(account=account) for _ in range(31))

    assert len(ask().json()) == 30
    assert len(ask(limit=1000).json()) == 31


def test_a_channel_narrows_the_list(ask, account):
    HandoffFactory(account=account, title="App")
    HandoffFactory(account=account, title="Text", channels=["sms", "wa"], text="Hi ${{1}}")

    assert names(ask("/channel/inapp")) == ["App"]
    assert names(ask("/channel/sms-twilio")) == ["Text"]
    assert names(ask("/channel/wa")) == ["Text"]
    assert names(ask("/channel/apple-twilio")) == names(ask("/channel/googlercs")) == []
    assert ask("/channel/wa").json()[0]["channels"] == [
        {
            "type": word,
            "language": "en",
            "messageComponents": [{"type": "body", "content": "Hi ${{1}}", "variables": ["1"]}],
        }
        for word in ("sms-twilio", "wa")
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_database_as_often_for_one_as_for_three(
    ask, account, django_assert_num_queries, count
):
    for _ in range(count):
        HandoffFactory(account=account)
    ask()

    with django_assert_num_queries(2):
        ask()


@pytest.mark.parametrize(
    ("path", "query", "pointers"),
    [
        ("", {"v": "2"}, ["#/v"]),
        ("", {"limit": "0", "offset": "-1"}, ["#/limit", "#/offset"]),
        ("", {"limit": "1001"}, ["#/limit"]),
        ("", {"limit": "٣"}, ["#/limit"]),
        ("", {"offset": "9" * 5000}, ["#/offset"]),
        ("/channel/sms", {}, ["#/channel"]),
        ("/channel/INAPP", {}, ["#/channel"]),
        ("/channel/%00", {}, ["#/channel"]),
    ],
)
def test_bad_input_is_400_and_each_parameter_is_named(ask, path, query, pointers):
    """A9"""
    response = ask(path, **query)

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == pointers


def test_the_scope_is_asked_for(account):
    headers = bearer(ApiClientFactory(account=account, scopes=["campaigns:read"]))
    url = f"/api/account/{account.number}/app/prmsg/handoffs/list"

    assert Client().get(url, headers=headers).status_code == 403
    assert Client().get(url).status_code == 401


def test_another_account_finds_nothing(account, headers):
    """B4"""
    theirs = AccountFactory()
    url = f"/api/account/{theirs.number}/app/prmsg/handoffs/list"

    assert Client().get(url, headers=headers).status_code == 404


@pytest.mark.parametrize("app", ["c2m", "PRMSG", "x"])
def test_other_apps_have_no_list(account, headers, app):
    url = f"/api/account/{account.number}/app/{app}/handoffs/list"

    assert Client().get(url, headers=headers).status_code == 404
