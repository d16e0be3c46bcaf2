"""D8: a campaign says what holds it up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from push.credentials import save_credential, switch_off
from push.models import Breaker, PushCredential
from tests.campaigns.conftest import deliver_all
from tests.factories.accounts import AppFactory
from tests.factories.push import BreakerFactory, PushCredentialFactory

pytestmark = pytest.mark.django_db


def credential(brand, platform="android"):
    return PushCredential.objects.get(app=brand.app, platform=platform, is_enabled=True)


def held_up(api, created):
    """As one campaign and as the list tell it."""
    public_id = created.campaign.public_id
    one = api.get(f"campaign/{public_id}").json()["heldUp"]
    [listed] = [
        campaign["heldUp"]
        for campaign in api.get("campaign").json()["campaigns"]
        if campaign["proactiveCampaignId"] == public_id
    ]
    assert listed == one
    return one


def as_json(moment):
    return moment.isoformat().replace("+00:00", "Z")


def test_a_campaign_tells_app_provider_reason_and_next_try(api, brand):
    created = brand.send("ana")
    assert held_up(api, created) == []

    breaker = BreakerFactory(credential=credential(brand))

    assert held_up(api, created) == [
        {
            "app": "com.brand.app",
            "platform": "android",
            "provider": "lab",
            "reason": "provider_unavailable",
            "explanation": "The provider answers that it is not available.",
            "since": as_json(breaker.opened_at),
            "nextTryAt": as_json(breaker.probe_at),
        }
    ]


def test_a_campaign_that_is_over_or_scheduled_is_held_up_by_nothing(api, brand):
    brand.consumer("ana")
    done = brand.send("ana")
    deliver_all()
    scheduled = brand.send("bo", startAt=(timezone.now() + timedelta(hours=1)).isoformat())
    BreakerFactory(credential=credential(brand))

    assert held_up(api, done) == []
    assert held_up(api, scheduled) == []


def test_other_apps_and_other_brands_do_not_matter(api, brand):
    created = brand.send("ana")
    BreakerFactory(credential=PushCredentialFactory(app=AppFactory(account=brand.account)))
    BreakerFactory()
    BreakerFactory(credential=credential(brand), opened_at=None)

    assert held_up(api, created) == []


def test_a_host_that_is_shut_holds_up_those_whose_pushes_go_there(api, brand):
    created = brand.send("ana")
    settings = {"url": "https://push.brand.example/push"}
    own = save_credential(
        app=brand.app, platform="android", provider="proxy", settings=settings, by="tests"
    )
    host = {"provider": "proxy", "origin": "https://push.brand.example"}
    BreakerFactory(credential=own, opened_at=None, **host)
    Breaker.objects.create(
        scope="proxy https://push.brand.example",
        opened_at=timezone.now(),
        reason="not_reached",
        **host,
    )
    BreakerFactory(credential=None, scope="proxy https://other.example", provider="proxy")

    assert [(held["platform"], held["reason"]) for held in held_up(api, created)] == [
        ("android", "not_reached")
    ]


def test_a_credential_that_was_switched_off_holds_up_what_was_accepted_before(api, brand):
    """D27"""
    before = brand.send("ana")
    switch_off(credential=credential(brand), by="ada", now=timezone.now())
    after = brand.send("ana")

    [held] = held_up(api, before)
    assert (held["reason"], held["nextTryAt"]) == ("credential_switched_off", None)
    assert held_up(api, after) == []

    PushCredentialFactory(app=brand.app, platform="android")
    assert held_up(api, before) == []


@pytest.mark.parametrize("count", [1, 3])
def test_what_holds_up_a_page_of_campaigns_costs_one_query(
    api, brand, django_assert_num_queries, count
):
    BreakerFactory(credential=credential(brand))
    for _ in range(count):
        created = brand.send("ana")
    api.get("campaign")

    with django_assert_num_queries(4):
        api.get("campaign")
    assert len(held_up(api, created)) == 1
