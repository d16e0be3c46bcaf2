"""A11: which campaigns wait for their time, told without reading their recipients."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.listing import CampaignFilter, find_campaigns
from campaigns.models import Campaign, OutboundMessage
from campaigns.reasons import WAITING
from campaigns.selectors import next_openings
from campaigns.windows import WAIT_REASONS
from tests.plans import explain, pages_read, rows_read, scans_of

CAMPAIGNS = 10
_FILL = """
INSERT INTO campaigns_outboundmessage (public_id, account_id, campaign_id, consumer_ref, lane,
    state, reason, fence, attempts, due_at, expires_at, title, text, app_name, created_at)
SELECT gen_random_uuid(), account_id, id, 'r' || n, 'lab', 'queued', 'before_start', 0, 0,
    now() + interval '1 day', now() + interval '2 days', '', 't', '', now()
FROM campaigns_campaign CROSS JOIN generate_series(%s, %s) n
"""


def in_an_hour():
    return timezone.now() + timedelta(hours=1)


@pytest.fixture
def scheduled(brand):
    """Campaigns that wait, with a hundred recipients each."""
    for _ in range(CAMPAIGNS):
        brand.send("ana", startAt=in_an_hour().isoformat())
    fill(1, 100)
    analyze()
    return list(Campaign.objects.all())


def fill(first, last):
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [first, last])


def analyze():
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_outboundmessage")


def cost(read):
    """Rows of recipients that reading takes, and pages of the database."""
    with CaptureQueriesContext(connection) as captured:
        assert len(read()) == CAMPAIGNS
    plans = [explain(query["sql"]) for query in captured]
    scans = [scan for plan in plans for scan in scans_of("campaigns_outboundmessage", plan)]
    return sum(map(rows_read, scans)), sum(map(pages_read, plans))


@pytest.mark.parametrize("is_analyzed", [True, False])
@pytest.mark.parametrize("what", ["openings", "scheduled"])
def test_the_list_reads_no_more_of_campaigns_with_twenty_times_the_recipients(
    brand, scheduled, what, is_analyzed
):
    """Whether PostgreSQL has counted the new rows or still plans for the old ones."""
    reads = {
        "openings": lambda: next_openings(scheduled),
        "scheduled": lambda: list(find_campaigns(brand.account, CampaignFilter(status=what))),
    }
    rows_before, pages_before = cost(reads[what])
    fill(101, 2_000)
    if is_analyzed:
        analyze()

    rows, pages = cost(reads[what])

    assert rows <= rows_before <= 3 * CAMPAIGNS
    # Three descents a campaign, into an index that is a level deeper at most.
    assert pages <= pages_before + 3 * CAMPAIGNS


MIXES = {
    "all wait": ([], "scheduled"),
    "one is with a provider": ([{"state": "sending", "reason": ""}], "sending"),
    "one is to be tried again": ([{"reason": ""}], "sending"),
    "one's time has come": ([{"due_at": timezone.now}], "sending"),
    "one is done": ([{"state": "sent", "reason": ""}], "scheduled"),
    "one is done, one is to be tried again": ([{"state": "sent"}, {"reason": ""}], "sending"),
}


@pytest.mark.parametrize(("changes", "status"), MIXES.values(), ids=MIXES)
def test_a_campaign_is_scheduled_while_all_that_is_left_of_it_waits(brand, changes, status):
    brand.send("ana", "bo", "cy", startAt=in_an_hour().isoformat())
    last = OutboundMessage.objects.order_by("pk")[2]
    for message, change in zip(OutboundMessage.objects.order_by("pk")[:2], changes, strict=False):
        given = {name: value() if callable(value) else value for name, value in change.items()}
        OutboundMessage.objects.filter(pk=message.pk).update(**given)

    campaign = Campaign.objects.get()

    expected = {campaign.pk: last.due_at} if status == "scheduled" else {}
    assert next_openings([campaign]) == expected


def test_the_next_opening_is_that_of_the_message_whose_time_comes_first(brand):
    brand.send("ana", "bo", startAt=in_an_hour().isoformat())
    sooner = timezone.now() + timedelta(minutes=5)
    OutboundMessage.objects.filter(consumer_ref="bo").update(due_at=sooner)

    assert list(next_openings(Campaign.objects.all()).values()) == [sooner]


def test_each_reason_to_wait_has_its_sentence_and_is_indexed():
    assert set(WAITING) == set(WAIT_REASONS)
