"""The fenced claim of small queues, on the one queue that there is."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from common.claims import claim, is_due, release
from tests.factories.accounts import AccountFactory
from tests.factories.webhooks import WebhookEndpointFactory
from tests.webhooks.conftest import tell_sent
from webhooks.models import WebhookDelivery
from webhooks.outbox import QUEUE

LEASE = timedelta(seconds=30)


@pytest.fixture
def shares(db):
    """Three shares: the first has 50 due rows, the others have 10."""
    accounts = [AccountFactory() for _ in range(3)]
    made = [WebhookEndpointFactory(account=account) for account in accounts]
    for account, count in zip(accounts, (50, 10, 10), strict=True):
        tell_sent(account, count)
    return made


def by_share(claims):
    rows = WebhookDelivery.objects.filter(pk__in=[row.id for row in claims])
    return Counter(rows.values_list("endpoint_id", flat=True))


def test_a_claim_takes_equal_parts_of_all_shares(shares):
    claims = claim(QUEUE, limit=30, lease=LEASE)

    assert by_share(claims) == {share.pk: 10 for share in shares}


def test_a_claim_passes_over_the_shares_that_it_is_told_to(shares):
    claims = claim(QUEUE, limit=30, lease=LEASE, skip=[shares[0].pk])

    assert by_share(claims) == {share.pk: 10 for share in shares[1:]}


def test_claimed_rows_are_taken_again_only_when_their_lease_is_over(shares):
    first = claim(QUEUE, limit=1000, lease=LEASE)
    assert len(first) > 20
    while more := claim(QUEUE, limit=1000, lease=LEASE):
        first += more
    assert len({row.id for row in first}) == len(first) == 70
    assert not is_due(QUEUE)

    WebhookDelivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))

    (again, *_) = claim(QUEUE, limit=1, lease=LEASE)
    assert (again.fence, again.was) == (2, "sending")


def test_rows_are_put_back_by_who_holds_them_alone(shares):
    claims = claim(QUEUE, limit=3, lease=LEASE)
    held = [row.id for row in claims]
    WebhookDelivery.objects.filter(pk=held[0]).update(fence=9)

    assert release(QUEUE, claims, wait=60) == 2

    states = dict(WebhookDelivery.objects.filter(pk__in=held).values_list("pk", "state"))
    assert Counter(states.values()) == {"queued": 2, "sending": 1}
    assert states[held[0]] == "sending"
    assert release(QUEUE, []) == 0


def test_what_is_due_is_known_by_how_long_it_is(shares):
    assert is_due(QUEUE)
    assert not is_due(QUEUE, overdue=timedelta(seconds=20))
    WebhookDelivery.objects.filter(endpoint=shares[2]).update(
        due_at=timezone.now() - timedelta(seconds=30)
    )
    assert is_due(QUEUE, overdue=timedelta(seconds=20))
