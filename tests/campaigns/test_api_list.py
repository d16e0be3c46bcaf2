"""A10: which campaigns a list shows."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from campaigns.models import Campaign, OutboundMessage
from tests.campaigns.conftest import deliver_all, make_brand
from tests.factories.accounts import SkillFactory
from tests.factories.handoffs import HandoffFactory

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def listed(api):
    """The names of the campaigns that a filter leaves, newest first, through all pages."""

    def names(**query):
        found, cursor = [], {}
        while cursor is not None:
            body = api.get(f"campaign?{urlencode({'limit': 2, **query, **cursor})}").json()
            found += [campaign["campaignName"] for campaign in body["campaigns"]]
            cursor = {"cursor": body["nextCursor"]} if body["nextCursor"] else None
        return found

    return names


def later(hours):
    return (timezone.now() + timedelta(hours=hours)).isoformat()


@pytest.fixture
def campaigns(brand):
    """One of each status, some twice, named after it."""
    brand.consumer("ana")
    brand.send("ana", campaignName="completed")
    deliver_all()
    brand.send(consumers=[{"consumerContent": {}}], campaignName="completed, nobody")
    brand.send("bo", campaignName="cancelled early")
    Campaign.objects.filter(name="cancelled early").update(
        cancelled_at=timezone.now(), cancelled_by="ana"
    )
    brand.send("bo", "cy", campaignName="sending")
    brand.send("bo", campaignName="scheduled", startAt=later(2))
    brand.send("bo", campaignName="started", startAt=later(2))
    started = OutboundMessage.objects.filter(campaign__name="started")
    started.update(reason="", due_at=timezone.now())


def test_campaigns_are_filtered_by_status(listed, campaigns):
    assert listed(status="completed") == ["completed, nobody", "completed"]
    assert listed(status="cancelled") == ["cancelled early"]
    assert listed(status="sending") == ["started", "sending"]
    assert listed(status="scheduled") == ["scheduled"]


def test_the_filter_and_the_status_that_is_told_agree(api, campaigns):
    told = {c["campaignName"]: c["status"] for c in api.get("campaign").json()["campaigns"]}

    assert len(told) == 6
    for status in {"completed", "cancelled", "sending", "scheduled"}:
        found = api.get(f"campaign?status={status}").json()["campaigns"]
        names = {campaign["campaignName"] for campaign in found}
        assert names == {name for name, word in told.items() if word == status}


def test_a_campaign_with_part_of_its_messages_waiting_is_sending(api, brand, listed):
    brand.send("ana", "bo", campaignName="half", startAt=later(1))
    OutboundMessage.objects.filter(consumer_ref="ana").update(state="sending", reason="")

    assert listed(status="sending") == ["half"]
    assert listed(status="scheduled") == []


def test_campaigns_are_filtered_by_handoff_skill_and_source(brand, listed):
    other = HandoffFactory(account=brand.account, title="Other", text="Hello")
    SkillFactory(account=brand.account, name="sales")
    brand.send("ana", campaignName="plain")
    brand.send("ana", campaignName="other", templateId=other.public_id)
    brand.send("ana", campaignName="sales", skill="sales")
    Campaign.objects.filter(name="sales").update(source="IVR")

    assert listed(handoff=other.public_id) == ["other"]
    assert listed(handoff="H1") == []
    assert listed(skill="sales") == ["sales"]
    assert listed(skill="Sales") == []
    assert listed(source="IVR") == ["sales"]
    assert listed(source="API") == ["other", "plain"]
    assert listed(skill="billing", handoff=brand.handoff.public_id) == ["plain"]


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("card", ["Card renewal"]),
        ("CARD R", ["Card renewal"]),
        ("100%", ["100% off"]),
        ("%", ["100% off"]),
        ("_", []),
        ("ÅR", ["gott nytt år"]),
        ("' OR 1=1 --", []),
    ],
)
def test_campaigns_are_found_by_a_part_of_their_name(brand, listed, part, found):
    for name in ("Card renewal", "100% off", "gott nytt år"):
        brand.send("ana", campaignName=name)

    assert listed(name=part) == found


def test_campaigns_are_filtered_by_time_from_the_first_instant_to_before_the_last(brand, listed):
    for hours in (0, 1, 2):
        brand.send("ana", campaignName=f"n{hours}", now=NOON + timedelta(hours=hours))

    assert listed(**{"from": "2026-11-22T13:00:00Z"}) == ["n2", "n1"]
    assert listed(to="2026-11-22T13:00:00Z") == ["n0"]
    assert listed(**{"from": "2026-11-22T14:00:00+01:00", "to": "2026-11-22T14:00:00Z"}) == ["n1"]
    assert listed(**{"from": "2026-11-22", "to": "2026-11-23"}) == ["n2", "n1", "n0"]
    assert listed(to="2026-11-22") == []


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("status=done", ["#/status"]),
        ("status=", ["#/status"]),
        ("source=UI", ["#/source"]),
        ("from=yesterday&to=2026-13-01", ["#/from", "#/to"]),
        ("name=%00&skill=" + "x" * 256, ["#/skill", "#/name"]),
        ("handoff=%00", ["#/handoff"]),
    ],
)
def test_a_filter_that_is_none_is_400_and_each_is_named(api, query, pointers):
    """A9"""
    response = api.get(f"campaign?{query}")

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == pointers


@pytest.mark.parametrize("status", ["scheduled", "sending", "completed", "cancelled"])
def test_another_account_s_campaigns_are_not_listed(api, brand, status):
    """B4"""
    theirs = make_brand()
    theirs.consumer("ana")
    theirs.send("ana")
    theirs.send("ana", startAt=later(1))
    deliver_all()
    theirs.send("bo")

    assert api.get(f"campaign?status={status}").json()["campaigns"] == []


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("status", ["scheduled", "sending", "completed"])
def test_a_filtered_list_asks_the_database_as_often_for_one_as_for_three(
    api, brand, django_assert_max_num_queries, count, status
):
    for _ in range(count):
        brand.send("ana", **({"startAt": later(1)} if status == "scheduled" else {}))
    if status == "completed":
        deliver_all()
    path = f"campaign?status={status}&name=card&handoff={brand.handoff.public_id}"
    assert len(api.get(path).json()["campaigns"]) == count

    with django_assert_max_num_queries(4):
        api.get(path)
