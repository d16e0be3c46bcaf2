"""Earlier campaigns in the tables; without them PostgreSQL plans for empty ones, and goes on so."""

from datetime import timedelta

from django.db import connection

from bench.ledger_rows import new_campaign
from bench.naive.models import Campaign as NaiveCampaign
from bench.world import World

# Campaigns, and all that hangs on them.
TABLES = (
    "campaigns_campaign",
    "campaigns_outboundmessage",
    "campaigns_messageevent",
    "campaigns_campaigntally",
    "conversations_replyroute",
    "naive_campaign",
    "naive_recipient",
)
ROWS = 20_000
# Recipients of each campaign.
CALL = 100

_FILL = """
INSERT INTO campaigns_outboundmessage
    (public_id, account_id, campaign_id, consumer_ref, lane, state, reason, fence, attempts,
     due_at, expires_at, title, text, app_name, created_at, finished_at)
SELECT gen_random_uuid(), %(account)s, %(campaign)s, 'earlier-' || n, 'proxy', 'sent', '', 1, 1,
       %(at)s, %(at)s + interval '30 days', '', repeat('An earlier message. ', 5), 'com.brand.app',
       %(at)s, %(at)s
FROM generate_series(1, %(count)s) n
"""
_FILL_NAIVE = """
INSERT INTO naive_recipient
    (public_id, campaign_id, consumer_ref, text, status, created_at, sent_at)
SELECT gen_random_uuid(), %(campaign)s, 'earlier-' || n, repeat('An earlier message. ', 5), 'sent',
       %(at)s, %(at)s
FROM generate_series(1, %(count)s) n
"""


def start_over(world: World) -> None:
    """The same tables before each measurement, with nothing to do in them."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
    fill(world, ROWS)
    for _ in range(0, ROWS, CALL):
        campaign = NaiveCampaign.objects.create(
            account=world.account, name="Earlier", skill="billing", handoff_id="H1"
        )
        _execute(_FILL_NAIVE, campaign=campaign.pk, at=campaign.created_at, count=CALL)
    analyze()


def fill(world: World, rows: int, *, of: int = CALL) -> None:
    """Messages that were sent earlier, ``of`` to a campaign."""
    for start in range(0, rows, of):
        count = min(of, rows - start)
        campaign = new_campaign(world, count)
        at = campaign.created_at - timedelta(days=20) + timedelta(seconds=start)
        _execute(_FILL, account=world.account.pk, campaign=campaign.pk, at=at, count=count)


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _execute(statement: str, **values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
