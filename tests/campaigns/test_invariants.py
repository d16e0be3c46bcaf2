"""`manage.py verify_delivery` finds what was broken by hand."""

import pytest
from django.utils import timezone

from campaigns.invariants import check_store
from campaigns.models import CampaignTally, State
from tests.campaigns.conftest import deliver_all


@pytest.fixture
def campaign(brand):
    """Of ana, to whom it was sent."""
    brand.consumer("ana")
    created = brand.send("ana")
    deliver_all()
    assert check_store(now=timezone.now()) == []
    return created.campaign


def facts(campaign):
    found = check_store(now=timezone.now())
    assert {one.subject for one in found} <= {campaign.public_id}
    assert all(one.invariant.startswith("I9") for one in found)
    return [one.fact for one in found]


def tally(campaign, state, n):
    row = CampaignTally.objects.filter(campaign=campaign).first()
    row.pk, row.state, row.n = None, state, n
    row.save()


def test_a_tally_of_a_state_that_no_message_has_is_found(campaign):
    """I9"""
    tally(campaign, State.FAILED, 1)

    assert facts(campaign) == ["failed: tallied 1, counted 0"]


def test_a_tally_that_was_taken_back_counts_for_nothing(campaign):
    """I9: as a replay does."""
    tally(campaign, State.FAILED, 2)
    tally(campaign, State.FAILED, -2)

    assert facts(campaign) == []


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        ({"n": 2}, ["sent: tallied 2, counted 1"]),
        ({"state": "expired"}, ["expired: tallied 1, counted 0", "sent: tallied 0, counted 1"]),
    ],
)
def test_a_tally_that_is_not_what_the_messages_are_is_found(campaign, broken, found):
    """I9"""
    assert CampaignTally.objects.filter(campaign=campaign, state=State.SENT).update(**broken) == 1

    assert sorted(facts(campaign)) == found
