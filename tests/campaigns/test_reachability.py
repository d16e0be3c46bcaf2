"""C7: how many people an app reaches, and why not the rest: what delivery would say of each."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.parsing import parse_call
from campaigns.preflight import preflight
from campaigns.reachability import reachability, recent_reachability
from consumers.models import Consumer, Device, token_digest
from push.models import PushCredential
from tests.campaigns.caller import Api
from tests.factories.accounts import ApiClientFactory, AppFactory, bearer
from tests.factories.consumers import ConsumerFactory
from tests.factories.conversations import ConversationFactory
from tests.factories.push import PushCredentialFactory

NOW = timezone.now()
# Few times, so that devices are seen at the same moment; the older ones for more than a month.
SEEN = [NOW - timedelta(days=days) for days in (1, 2, 29, 31, 90)]
VERSIONS = ["", "6.2", "6.1.9", "6.2.0-rc1", "4.7", "4.6.999999", "5.5", "5.4", "no version"]

DEVICES = st.fixed_dictionaries(
    {
        "app": st.sampled_from(["this", "this", "this", "other"]),
        "platform": st.sampled_from(["ios", "android", "huawei", "web"]),
        "sdk_version": st.sampled_from(VERSIONS),
        "is_androidx": st.booleans(),
        "last_seen_at": st.sampled_from(SEEN),
        "logout_type": st.sampled_from(["", "", "ALL", "NONE", "AGENT"]),
        "is_removed": st.sampled_from([False, False, True]),
    }
)
CONSUMERS = st.fixed_dictionaries(
    {
        "has_opted_out": st.sampled_from([False, False, False, True]),
        "has_logged_in": st.sampled_from([True, True, True, False]),
        "conversation": st.sampled_from(["", "", "", "open", "closed"]),
        "devices": st.lists(DEVICES, max_size=4),
    }
)
SWITCHES = st.tuples(st.booleans(), st.booleans())
PLATFORMS = st.sets(st.sampled_from(["ios", "android", "web"]))


@pytest.fixture
def apps(brand):
    """The brand's, with a credential for each platform that may have one, and another of its."""
    PushCredentialFactory(app=brand.app, platform="web")
    other = AppFactory(account=brand.account, bundle_id="com.brand.other")
    PushCredentialFactory(app=other, platform="ios")
    return {"this": brand.app, "other": other}


def add_people(brand, apps, people):
    consumers = Consumer.objects.bulk_create(
        Consumer(
            account=brand.account,
            ref=f"c{number}",
            opted_out_at=NOW if traits["has_opted_out"] else None,
            last_login_at=NOW if traits["has_logged_in"] else None,
        )
        for number, traits in enumerate(people)
    )
    devices = []
    for consumer, traits in zip(consumers, people, strict=True):
        if state := traits["conversation"]:
            closed_at = NOW if state == "closed" else None
            ConversationFactory(
                consumer=consumer, skill=brand.skill, state=state, closed_at=closed_at
            )
        devices += [make_device(apps, consumer, *pair) for pair in enumerate(traits["devices"])]
    Device.objects.bulk_create(devices)


def make_device(apps, consumer, number, traits):
    token, traits = f"{consumer.pk}-{number}", dict(traits)
    is_removed, app = traits.pop("is_removed"), apps[traits.pop("app")]
    return Device(
        account=consumer.account,
        consumer=consumer,
        app=app,
        token=token,
        token_digest=token_digest(token),
        logged_out_at=NOW if traits["logout_type"] else None,
        removed_at=NOW if is_removed else None,
        removed_reason="token_gone" if is_removed else "",
        **traits,
    )


def asked_of_each(brand):
    """What the rules that delivery asks say, consumer by consumer."""
    refs = Consumer.objects.filter(account=brand.account).values_list("ref", flat=True)
    call = parse_call(brand.body(*refs), max_recipients=10_000)
    forecasts = preflight(account=brand.account, call=call, now=NOW).forecasts
    return Counter(forecast.reason or "reachable" for forecast in forecasts)


def counted(brand, *, handoff=None):
    found = reachability(brand.app, handoff=handoff, now=NOW)
    figures = Counter({"reachable": found.reachable, **found.unreached})
    assert found.known == sum(figures.values())
    return figures


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(people=st.lists(CONSUMERS, min_size=1, max_size=8), switches=SWITCHES, platforms=PLATFORMS)
def test_the_figures_are_what_the_rules_say_of_each_consumer(
    brand, apps, people, switches, platforms
):
    """C7, D4: with the handoff's switches and without a handoff."""
    with transaction.atomic():
        PushCredential.objects.filter(app=brand.app).exclude(platform__in=platforms).delete()
        add_people(brand, apps, people)
        handoff = brand.handoff

        handoff.push_when_logged_in, handoff.push_when_logged_out = switches
        handoff.save()
        assert +counted(brand, handoff=handoff) == asked_of_each(brand)

        handoff.push_when_logged_in = handoff.push_when_logged_out = True
        handoff.save()
        assert +counted(brand) == asked_of_each(brand)
        transaction.set_rollback(True)


@pytest.fixture
def reporting(brand):
    client = ApiClientFactory(account=brand.account, scopes=["reports:read"])
    return Api(brand.account, bearer(client))


def test_the_api_tells_the_figures_with_their_reasons_in_words(reporting, brand):
    """C7"""
    brand.consumer("ana", last_seen_at=NOW - timedelta(days=40))
    ConsumerFactory(account=brand.account, opted_out_at=NOW)
    ConsumerFactory(account=brand.account)
    ConsumerFactory(ref="of another brand")

    answer = reporting.get(f"apps/{brand.app.bundle_id}/reachability").json()

    told = [(one["reason"], one["count"]) for one in answer["unreached"]]
    assert (answer["known"], answer["reachable"], answer["unseen"]) == (3, 1, 1)
    assert told == [("opted_out", 1), ("no_device", 1)]
    assert answer["unreached"][0]["explanation"].startswith("The person does not want")
    assert answer["handoff"] is None


def test_a_handoff_counts_by_its_own_switches(reporting, brand):
    brand.consumer("ana")
    brand.handoff.push_when_logged_in = False
    brand.handoff.save()
    path = f"apps/{brand.app.bundle_id}/reachability"

    answer = reporting.get(f"{path}?handoff={brand.handoff.public_id}").json()

    assert (answer["reachable"], answer["handoff"]["id"]) == (0, brand.handoff.public_id)
    assert [one["reason"] for one in answer["unreached"]] == ["logged_in_not_allowed"]


def test_a_handoff_that_does_not_name_the_app_is_refused(reporting, brand):
    other = AppFactory(account=brand.account)

    path = f"apps/{other.bundle_id}/reachability?handoff={brand.handoff.public_id}"
    response = reporting.get(path)

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "#/handoff"


def test_counting_takes_as_many_queries_for_one_consumer_as_for_fifty(
    brand, django_assert_num_queries
):
    for number in range(50):
        brand.consumer(f"c{number}")

    with django_assert_num_queries(3):
        found = reachability(brand.app, now=NOW)

    assert found.reachable == 50


def test_figures_are_counted_once_a_minute_for_each_setting_of_the_switches(
    brand, django_assert_num_queries
):
    """C7"""
    brand.consumer("ana")
    brand.handoff.push_when_logged_in = False
    assert recent_reachability(brand.app, now=NOW)[0].reachable == 1
    brand.consumer("bo")
    soon, later = NOW + timedelta(seconds=59), NOW + timedelta(seconds=60)

    with django_assert_num_queries(0):
        found, at = recent_reachability(brand.app, now=soon)

    assert (found.known, at) == (1, NOW)
    assert recent_reachability(brand.app, now=soon, handoff=brand.handoff)[0].reachable == 0
    found, at = recent_reachability(brand.app, now=later)
    assert (found.reachable, at) == (2, later)
