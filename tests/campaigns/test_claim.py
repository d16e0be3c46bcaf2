"""Taking rows: by many at once, in equal shares, without reading what is not due."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import ledger
from campaigns.delivery import deliver
from campaigns.models import PENDING, OutboundMessage
from tests.crowd import make_crowd
from tests.live import stub_proxy
from tests.plans import explain, rows_read, scans_of
from tests.threads import at_once

LEASE = timedelta(seconds=30)


@pytest.mark.django_db(transaction=True)
def test_eight_claimers_of_the_same_500_rows_push_each_of_them_once(
    settings, tmp_path, loopback_egress
):
    settings.DELIVERY_CLAIM = 40
    with stub_proxy(tmp_path) as proxy:
        brand = make_crowd(500, proxy_url=proxy.url)
        created = brand.send(*[f"c{n}" for n in range(1, 501)])

        def claim_all() -> None:
            # On a busy machine a request may find no place, and its row is due again in a second.
            deadline = time.monotonic() + 60
            while OutboundMessage.objects.filter(state__in=PENDING).exists():
                assert time.monotonic() < deadline
                if not deliver("proxy").claimed:
                    time.sleep(0.05)

        assert at_once(*[claim_all] * 8) == [None] * 8
        pushed = [entry["message"] for entry in proxy.entries()]
    assert len(pushed) == len(set(pushed)) == 500
    assert created.campaign.tallies.all().totals() == {"accepted": 500, "sent": 500}


# 300 accounts that have 10 due rows each and 40 that are due tomorrow; 100 accounts with nothing
# due; one account with 5,000 due rows.
_QUEUE = """
INSERT INTO accounts_account (number, name, time_zone, region, welcome_message, max_recipients,
    requests_per_second, created_at)
SELECT 10000000 + n, 'brand', 'UTC', 'NA', '', 100, 10, now() FROM generate_series(1, 401) n;
INSERT INTO handoffs_handoff (account_id, public_id, kind, channels, title, app_names, text,
    notification_title, lookback, push_when_logged_in, push_when_logged_out, device_choice,
    language, is_active, created_at, updated_at, archived_by)
SELECT id, 'H1', 'proactive', '{inapp}', 'h', '{com.a}', 't', '', '1 day', true, true, 'newest',
    'en', true, now(), now(), '' FROM accounts_account;
INSERT INTO accounts_skill (account_id, name, target_minutes)
SELECT id, 's', 5 FROM accounts_account;
INSERT INTO campaigns_campaign (account_id, public_id, le_campaign_id, le_engagement_id, trace_id,
    source, channel, name, handoff_id, skill_id, skill_name, handoff_snapshot, client_id,
    requested, accepted, created_at, cancelled_by)
SELECT a.id, lpad(a.id::text, 9, 'c'), 1, 1, gen_random_uuid(), 'API', 'inapp', 'c', h.id, s.id,
    's', '{}', '', 1, 1, now(), ''
FROM accounts_account a JOIN handoffs_handoff h ON h.account_id = a.id
JOIN accounts_skill s ON s.account_id = a.id;
INSERT INTO campaigns_outboundmessage (public_id, account_id, campaign_id, consumer_ref, lane,
    state, reason, fence, attempts, due_at, expires_at, title, text, app_name, created_at)
SELECT gen_random_uuid(), c.account_id, c.id, 'r' || n, 'lab', 'queued', '', 0, 0,
    CASE WHEN n <= due THEN now() - interval '1 minute' * n ELSE now() + interval '1 day' END,
    now() + interval '2 days', '', 't', '', now()
FROM (SELECT *, row_number() OVER (ORDER BY id) AS r FROM campaigns_campaign) c
CROSS JOIN LATERAL (SELECT CASE WHEN r = 401 THEN 5000 WHEN r <= 300 THEN 10 ELSE 0 END AS due) d
CROSS JOIN LATERAL generate_series(1, due + CASE WHEN r = 401 THEN 0 ELSE 40 END) n;
ANALYZE campaigns_outboundmessage;
"""


@pytest.fixture
def queue(db):
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE)


def rows_by_account(claimed):
    counts: dict[int, int] = {}
    for row in claimed:
        counts[row.account_id] = counts.get(row.account_id, 0) + 1
    return counts


def test_a_claim_takes_equal_shares_from_all_accounts_that_are_due(queue):
    shares = rows_by_account(ledger.claim(lane="lab", limit=1000, lease=LEASE))

    assert len(shares) == 301
    assert set(shares.values()) == {1000 // 301}


def test_the_rest_of_a_large_account_is_taken_when_the_others_are_done(queue):
    OutboundMessage.objects.filter(account__number__lte=10000400).update(state="sent")

    shares = rows_by_account(ledger.claim(lane="lab", limit=1000, lease=LEASE))

    assert list(shares.values()) == [1000]


def test_a_claim_reads_no_row_that_is_not_due_beyond_one_an_account(queue):
    """16,000 rows are due tomorrow; the plan's index scans touch at most the first of each."""
    plan = explain(ledger.CLAIM, {"lane": "lab", "limit": 1000, "lease": 30.0, "quotas": "{}"})
    scans = list(scans_of("campaigns_outboundmessage", plan))

    assert {scan["Node Type"] for scan in scans} <= {"Index Scan", "Index Only Scan"}
    # The first entries of 401 accounts, 903 claimed rows, and the same rows for the update.
    assert sum(rows_read(scan) for scan in scans) <= 401 + 2 * 1000 + 10


def test_a_claim_leaves_rows_that_are_leased_and_takes_them_when_the_lease_is_over(brand):
    brand.send("ana")
    first = ledger.claim(lane="none", limit=10, lease=LEASE)

    assert len(first) == 1
    assert ledger.claim(lane="none", limit=10, lease=LEASE) == []
    OutboundMessage.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    (again,) = ledger.claim(lane="none", limit=10, lease=LEASE)
    assert (again.fence, again.was) == (2, "sending")
