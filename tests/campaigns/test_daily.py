"""G2: the figures by day are exact at any moment, rolled up or not, and read no recipient."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import counting, daily, tasks
from campaigns.daily import Span
from campaigns.models import CampaignTally, DailyFigure
from campaigns.receipts import record_event
from conversations.services import receive_message
from tests.campaigns.conftest import Brand, deliver_all
from tests.plans import explain, rows_read, scans_of

TODAY = timezone.now().date()
SPAN = Span(first=TODAY - timedelta(days=1), last=TODAY + timedelta(days=1), kind="proactive")


def states(brand: Brand, span: Span = SPAN) -> dict[str, int]:
    found = daily.figures(brand.account.pk, span, by=daily.DAY)
    return dict(sum((one.states for one in found.values()), start=type(found[TODAY].states)()))


def answer(brand: Brand, ref: str, message: Any) -> None:
    """Shown, tapped and answered by the person."""
    record_event(account=brand.account, message_id=message, kind="opened", now=timezone.now())
    consumer = brand.account.consumers.get(ref=ref)
    receive_message(
        account=brand.account,
        consumer=consumer,
        text="Yes",
        message_id=message,
        now=timezone.now(),
    )


@pytest.fixture
def answered(brand: Brand) -> Brand:
    """Three were named: anna answered, bo has it, and nobody knows carl."""
    for ref in ("anna", "bo"):
        brand.consumer(ref)
    created = brand.send("anna", "bo", "carl")
    deliver_all()
    first = next(one for one in created.accepted if one.recipient.ref == "anna")
    answer(brand, "anna", first.public_id)
    return brand


EXPECTED = {"accepted": 3, "sent": 2, "suppressed": 1, "delivered": 1, "opened": 1, "replied": 1}


def test_figures_are_there_before_any_roll_up(answered: Brand) -> None:
    assert not DailyFigure.objects.exists()
    assert states(answered) == EXPECTED


@pytest.mark.parametrize("limit", [1, 5000])
def test_a_roll_up_changes_no_figure_whenever_it_stops(answered: Brand, limit: int) -> None:
    while daily.roll_up(limit=limit):
        assert states(answered) == EXPECTED

    assert DailyFigure.objects.exists()
    assert not CampaignTally.objects.filter(is_rolled=False).exists()
    assert states(answered) == EXPECTED


def test_what_comes_after_a_roll_up_is_added(answered: Brand) -> None:
    tasks.roll_up_figures()
    second = answered.send("bo")
    deliver_all()
    answer(answered, "bo", second.accepted[0].public_id)
    now = {**EXPECTED, "accepted": 4, "sent": 3, "delivered": 2, "opened": 2, "replied": 2}

    assert states(answered) == now
    tasks.roll_up_figures()
    assert states(answered) == now


def test_folded_tallies_are_rolled_once(answered: Brand) -> None:
    daily.roll_up(limit=2)

    counting.fold_tallies(keep=0)

    assert states(answered) == EXPECTED
    tasks.roll_up_figures()
    assert states(answered) == EXPECTED


def test_other_brands_days_kinds_and_skills_are_left_out(answered: Brand) -> None:
    tasks.roll_up_figures()
    other = {"first": TODAY, "last": TODAY, "kind": "proactive"}

    assert states(answered, Span(**other, skill_id=answered.skill.pk)) == EXPECTED
    assert daily.figures(answered.account.pk, Span(**{**other, "kind": "ivr"}), by=daily.DAY) == {}
    past = {**other, "first": TODAY - timedelta(days=9), "last": TODAY - timedelta(days=2)}
    assert daily.figures(answered.account.pk, Span(**past), by=daily.DAY) == {}
    narrow = Span(**other, skill_id=answered.default_skill.pk)
    assert daily.figures(answered.account.pk, narrow, by=daily.DAY) == {}
    assert daily.figures(answered.account.pk + 1, Span(**other), by=daily.DAY) == {}


def test_an_app_has_the_figures_of_what_went_to_it(answered: Brand) -> None:
    for _ in range(2):
        app = Span(first=TODAY, last=TODAY, kind="proactive", app_name=answered.app.bundle_id)
        assert states(answered, app) == {"sent": 2, "delivered": 1, "opened": 1, "replied": 1}
        tasks.roll_up_figures()


def test_reasons_are_told_with_their_states(answered: Brand) -> None:
    found = daily.figures(answered.account.pk, SPAN, by=daily.DAY)[TODAY]

    assert dict(found.reasons) == {("suppressed", "never_logged_in"): 1}


@pytest.mark.django_db(transaction=True)
def test_processes_that_roll_up_at_once_count_each_row_once(answered: Brand) -> None:
    for _ in range(20):
        answered.send("bo")
    deliver_all()
    expected = states(answered)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(_roll_in_thread, range(4)))

    assert states(answered) == expected
    assert not CampaignTally.objects.filter(is_rolled=False).exists()


def _roll_in_thread(_: int) -> None:
    try:
        while daily.roll_up(limit=3):
            pass
    finally:
        connection.close()


def test_figures_read_no_recipient_and_no_tally_that_is_rolled(answered: Brand) -> None:
    tasks.roll_up_figures()
    for _ in range(30):
        CampaignTally.objects.bulk_create(
            CampaignTally(
                account_id=answered.account.pk,
                campaign_id=answered.account.campaigns.get().pk,
                handoff_id=answered.handoff.pk,
                skill_id=answered.skill.pk,
                day=TODAY,
                state="sent",
                n=1,
                is_rolled=True,
            )
            for _ in range(100)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_campaigntally")
        query = daily._FIGURES.format(by=daily.DAY)
        plan = explain(query, daily._parameters(answered.account.pk, SPAN))

    read = sum(rows_read(scan) for scan in scans_of("campaigns_campaigntally", plan))
    assert read <= 20
    assert list(scans_of("campaigns_outboundmessage", plan)) == []
