"""What the pages of campaigns take with many recipients in the table against few."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from bench.growth import FEW, MANY, copies, use
from bench.history import analyze
from bench.ledger_rows import new_campaign, timed
from bench.processes import BenchFailure
from bench.report import Finding, Goal, Round, Side
from bench.size import Size
from bench.world import World
from campaigns.models import Campaign
from proactive_site.embedded.ports import HOST

LIST = Goal("campaign-list", 1.25, is_most=True)
PAGE = Goal("campaign-page", 1.25, is_most=True)
# A page of the list. Every fifth of them waits for its start, as all of its recipients do.
CAMPAIGNS, SCHEDULED = 25, 5
# The campaign that is opened has as many in both databases.
OPENED = 1_000
TIMES = 5

_RECIPIENTS = """
INSERT INTO campaigns_outboundmessage
    (public_id, account_id, campaign_id, consumer_ref, lane, state, reason, fence, attempts,
     due_at, expires_at, title, text, app_name, created_at, finished_at)
SELECT gen_random_uuid(), c.account_id, c.id, 'person-' || n, 'proxy', %(state)s, %(reason)s, 1, 1,
       now() + interval '1 day', now() + interval '30 days', '', 'An earlier message.',
       'com.brand.app', c.created_at, CASE WHEN %(state)s = 'sent' THEN c.created_at END
FROM campaigns_campaign c CROSS JOIN generate_series(1, %(count)s) n WHERE c.id = ANY(%(ids)s)
"""
_TALLIES = """
INSERT INTO campaigns_campaigntally
    (account_id, campaign_id, app_name, handoff_id, skill_id, day, state, reason, n)
SELECT c.account_id, c.id, '', c.handoff_id, c.skill_id, c.created_at::date, told.state, '',
       c.accepted
FROM campaigns_campaign c CROSS JOIN unnest(%(states)s::text[]) told(state)
WHERE c.id = ANY(%(ids)s)
"""


def measure_pages(world: World, size: Size) -> list[Finding]:
    with copies():
        for name, rows in ((FEW, size.few_rows), (MANY, size.many_rows)):
            use(name)
            _fill(world, rows // CAMPAIGNS)
            analyze()
            _both(world)
        rounds = [_in_turn(world) for _ in range(size.growth_rounds)]
    against = f"{size.many_rows:,} recipients of {CAMPAIGNS} campaigns against {size.few_rows:,}"
    return [
        Finding(LIST, [Round(many[0], few[0]) for many, few in rounds], against),
        Finding(PAGE, [Round(many[1], few[1]) for many, few in rounds], against),
    ]


def _fill(world: World, recipients: int) -> None:
    sent = [new_campaign(world, recipients) for _ in range(CAMPAIGNS - SCHEDULED)]
    opened = new_campaign(world, OPENED)
    waiting = [new_campaign(world, recipients) for _ in range(SCHEDULED)]
    start_at = timezone.now() + timedelta(days=1)
    Campaign.objects.filter(pk__in=[one.pk for one in waiting]).update(start_at=start_at)
    states = {"state": "sent", "reason": ""}
    _execute(_RECIPIENTS, ids=[one.pk for one in sent], count=recipients, **states)
    _execute(_RECIPIENTS, ids=[opened.pk], count=OPENED, **states)
    states = {"state": "queued", "reason": "before_start"}
    _execute(_RECIPIENTS, ids=[one.pk for one in waiting], count=recipients, **states)
    _execute(_TALLIES, ids=[one.pk for one in [*sent, opened]], states=["accepted", "sent"])
    _execute(_TALLIES, ids=[one.pk for one in waiting], states=["accepted"])


def _in_turn(world: World) -> tuple[tuple[Side, Side], tuple[Side, Side]]:
    use(MANY)
    many = _both(world)
    use(FEW)
    return many, _both(world)


def _both(world: World) -> tuple[Side, Side]:
    """The list, and the page of one campaign, as the brand's administrator gets them."""
    client = Client(headers={"host": HOST})
    client.force_login(User.objects.get(memberships__account=world.account))
    opened = Campaign.objects.get(account=world.account, requested=OPENED, start_at=None)
    named = {"account_number": world.account.number}
    paths = (
        reverse("campaign_list", kwargs=named),
        reverse("campaign_page", kwargs={**named, "campaign_id": opened.public_id}),
    )
    the_list, page = (_seconds(client, path) for path in paths)
    return the_list, page


def _seconds(client: Client, path: str) -> Side:
    _get(client, path)
    _, cost = timed(lambda: [_get(client, path) for _ in range(TIMES)])
    return cost.cost(TIMES)


def _get(client: Client, path: str) -> None:
    status = client.get(path).status_code
    if status != 200:
        raise BenchFailure(f"{path} answered {status}.")


def _execute(statement: str, **values: Any) -> None:
    given: Mapping[str, Any] = values
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
