"""G2: the list of campaigns, as a campaign manager sees it."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from campaigns import export
from campaigns.models import Campaign, CampaignTally
from campaigns.receipts import record_event
from campaigns.services import cancel_campaign
from conversations.services import receive_message
from push.models import PushCredential
from tests.campaigns.conftest import deliver_all, make_brand
from tests.campaigns.web_tool import Tool
from tests.factories.accounts import SkillFactory
from tests.factories.handoffs import HandoffFactory
from tests.factories.push import BreakerFactory
from tests.plans import explain, rows_read, scans_of

MARKUP = "<script>window.__x=1</script>"
_FILL = """
INSERT INTO campaigns_outboundmessage (public_id, account_id, campaign_id, consumer_ref, lane,
    state, reason, fence, attempts, due_at, expires_at, title, text, app_name, created_at)
SELECT gen_random_uuid(), account_id, id, 'r' || n, 'lab',
    CASE WHEN start_at IS NULL THEN 'sent' ELSE 'queued' END,
    CASE WHEN start_at IS NULL THEN '' ELSE 'before_start' END, 0, 0,
    now() + interval '1 day', now() + interval '2 days', '', 't', '', now()
FROM campaigns_campaign CROSS JOIN generate_series(%s, %s) n
"""


@pytest.fixture
def tool(brand):
    return Tool(brand.account)


def later(hours):
    return (timezone.now() + timedelta(hours=hours)).isoformat()


def tally(campaign, state, n):
    CampaignTally.objects.create(
        account_id=campaign.account_id,
        campaign=campaign,
        handoff_id=campaign.handoff_id,
        skill_id=campaign.skill_id,
        day=campaign.created_at.date(),
        state=state,
        n=n,
    )


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_of_no_calendar_narrows_nothing_and_is_told(tool, brand, day):
    brand.send("ana")

    page = tool.page(f"?from={day}&to={day}")

    assert page.count("Ensure this value is") == 2
    assert len(tool.rows(f"?from={day}&to={day}")) == 1


def test_a_campaign_is_told_with_its_figures_and_each_leads_to_the_people(tool, brand):
    people = {ref: brand.consumer(ref) for ref in ("ana", "bo")}
    created = brand.send("ana", "bo", "stranger", "ana", campaignName="Renewal")
    deliver_all()
    now = timezone.now()
    ids = {entry.recipient.ref: entry.public_id for entry in created.accepted}
    for ref in people:
        record_event(account=brand.account, message_id=ids[ref], kind="opened", now=now)
    receive_message(
        account=brand.account, consumer=people["ana"], text="Yes", message_id=ids["ana"], now=now
    )

    (row,) = tool.rows()

    told = r"Completed Renewal Cards · com\.brand\.app Today \d\d:\d\d 2 / 4 2 2 1 2"
    assert re.fullmatch(told, row)
    for word in ("sent", "delivered", "opened", "replied", "not-reached"):
        assert f'href="{tool.base}{created.campaign.public_id}/?show={word}"' in tool.page()


def test_each_state_of_a_campaign_has_its_words(tool, brand):
    brand.send("ana", campaignName="nobody")
    brand.consumer("lab:gone")
    brand.send("lab:gone", campaignName="refused")
    deliver_all()
    stopped = brand.send("ana", campaignName="stopped").campaign
    cancel_campaign(campaign=stopped, by="Priya", now=timezone.now())
    brand.send("ana", campaignName="planned", startAt=later(30))
    tally(brand.send("ana", "bo", campaignName="half").campaign, "sent", 1)
    brand.send("ana", campaignName="new")

    new, half, planned, cancelled, refused, nobody = tool.rows()

    assert new.startswith("Queued new")
    assert "a moment ago" in new
    assert half.startswith("Sending half")
    assert re.match(r"Scheduled \w+ .*\d\d:\d\d planned", planned)
    assert "at its start" in planned
    assert cancelled.startswith("Cancelled by Priya stopped")
    assert re.search(r"stopped after \d+ s", cancelled)
    assert refused.startswith("Failed refused")
    assert "nothing was sent" in refused
    assert nobody.startswith("Completed nobody")
    assert "nobody could be reached" in nobody


def test_only_what_runs_has_a_bar(tool, brand):
    half = brand.send("ana", "bo", "cy", "di", campaignName="half").campaign
    brand.send("ana", campaignName="planned", startAt=later(30))
    assert tool.page().count("rowbar") == 1
    tally(half, "sent", 3)

    assert 'width="75.00%"' in tool.page()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=cancelled", ["stopped"]),
        ("status=scheduled", ["planned"]),
        ("status=sending", ["sales", "other"]),
        ("skill=sales", ["sales"]),
        ("q=OTH", ["other"]),
        ("q=autumn", ["other"]),
        ("kind=ivr", ["voice"]),
        ("range=any&skill=billing&status=sending", ["old", "other"]),
        ("range=any&from=2020-01-01&to=2020-12-31", ["old"]),
        (
            "q=%00&status=%00&handoff=nothing&range=nothing",
            ["sales", "planned", "other", "stopped"],
        ),
    ],
)
def test_filters_narrow_the_list(tool, brand, query, found):
    """The last one: what is no filter narrows nothing."""
    HandoffFactory(account=brand.account, title="Autumn", public_id="H12")
    SkillFactory(account=brand.account, name="sales")
    old = brand.send("ana", campaignName="old").campaign
    Campaign.objects.filter(pk=old.pk).update(created_at="2020-05-05T00:00Z")
    stopped = brand.send("ana", campaignName="stopped").campaign
    cancel_campaign(campaign=stopped, by="Priya", now=timezone.now())
    brand.send("ana", campaignName="other", templateId="H12")
    brand.send("ana", campaignName="planned", startAt=later(30))
    brand.send("ana", campaignName="sales", skill="sales")
    voice = brand.send("ana", campaignName="voice").campaign
    Campaign.objects.filter(pk=voice.pk).update(source="IVR")

    assert sorted(tool.names(f"?{query}")) == sorted(found)
    rows = list(csv.DictReader(io.StringIO(tool.get(f"all.csv?{query}").getvalue().decode())))
    assert sorted(row["name"] for row in rows) == sorted(found)


def test_a_filter_is_a_pill_whose_cross_leaves_the_others(tool, brand):
    brand.send("ana")
    page = tool.page("?range=30d&status=sending&skill=billing&newer=1")

    assert 'href="?range=30d&amp;skill=billing" aria-label="Remove filter: Status"' in page
    assert 'href="?range=30d&amp;status=sending" aria-label="Remove filter: Skill"' in page
    assert 'aria-current="true">Last 30 days</a>' in page
    assert 'href="?status=sending&amp;skill=billing&amp;range=7d"' in page
    assert 'href="?range=30d&amp;status=sending&amp;skill=billing&amp;kind=ivr"' in page


def test_days_that_end_before_they_begin_are_told_beside_the_field(tool, brand):
    brand.send("ana")

    page = tool.page("?from=2026-11-05&to=2026-11-01")

    assert "This day is before the first one." in page
    assert 'value="2026-11-05"' in page


def test_a_page_has_25_and_older_leads_on_and_newer_back(tool, brand):
    for n in range(27):
        brand.send("ana", campaignName=f"n{n:02}")
    newest = [f"n{n:02}" for n in range(26, 1, -1)]
    assert tool.names() == newest

    older = re.search(r'href="([^"]+)" rel="next"', tool.page())[1]
    assert tool.names(older) == ["n01", "n00"]
    newer = re.search(r'href="([^"]+)" rel="prev"', tool.page(older))[1]
    assert tool.names(newer) == newest


def test_the_figures_above_are_of_all_that_the_range_has(tool, brand):
    old = brand.send("ana").campaign
    tally(old, "sent", 1_284_310)
    tally(old, "delivered", 642_155)
    page = tool.page("?status=cancelled")

    assert "1,284,310" in page
    assert "50.0\u202f%" in page
    assert "last 7 days, UTC, before search and status" in page
    CampaignTally.objects.update(day="2020-05-05")
    assert "1,284,310" not in tool.page("?status=cancelled")
    assert "1,284,310" in tool.page("?status=cancelled&from=2020-05-05")


def test_the_page_asks_again_while_something_moves_and_then_no_more(tool, brand):
    brand.consumer("ana")
    campaign = brand.send("ana").campaign
    assert 'hx-trigger="every 2s"' in tool.page()
    deliver_all()
    moving = tool.page("?range=any", hx_request="true")
    assert 'hx-trigger="every 2s"' in moving
    assert moving.startswith('<div id="live"')

    Campaign.objects.filter(pk=campaign.pk).update(created_at=timezone.now() - timedelta(hours=1))

    assert "hx-trigger" not in tool.page("?range=any", hx_request="true")


def test_what_holds_campaigns_up_is_told_above_them(tool, brand):
    """D8"""
    credential = PushCredential.objects.get(app=brand.app, platform="ios")
    BreakerFactory(credential=credential)
    brand.send("ana")
    brand.send("bo")

    page = tool.page()

    assert page.count("com.brand.app on iOS is held up.") == 1
    assert "The provider answers that it is not available." in page
    assert "Next try" in page
    assert all("held up" in row for row in tool.rows())


@pytest.mark.parametrize("text", [MARKUP, "\u202etxet", "=1+1", "{{ 7*7 }}"])
def test_a_name_is_text_and_runs_its_own_way_only(tool, brand, text):
    """S3, P8"""
    brand.send("ana", campaignName=text)

    assert tool.names() == [text]
    assert "<script>window" not in tool.page()


def test_no_cell_of_the_file_is_a_formula(tool, brand):
    """S4"""
    brand.send("ana", campaignName="=cmd|' /C calc'!A0")

    (row,) = csv.DictReader(io.StringIO(tool.get("all.csv").getvalue().decode()))

    assert row["name"] == "'=cmd|' /C calc'!A0"
    assert (row["status"], row["requested"], row["waiting"]) == ("queued", "1", "1")


def test_a_long_file_is_read_in_pages_with_no_gap_and_no_repeat(tool, brand, monkeypatch):
    monkeypatch.setattr(export, "CHUNK", 2)
    for n in range(5):
        brand.send("ana", campaignName=f"n{n}")

    rows = csv.DictReader(io.StringIO(tool.get("all.csv").getvalue().decode()))

    assert [row["name"] for row in rows] == ["n4", "n3", "n2", "n1", "n0"]


def test_another_brands_campaigns_are_not_listed(tool, brand):
    """B4"""
    make_brand().send("ana", campaignName="theirs")
    brand.send("ana", campaignName="ours")

    assert tool.names("?range=any") == ["ours"]


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_of_three_asks_the_database_as_often_as_one_of_one(
    tool, brand, django_assert_num_queries, count
):
    """Eight of them are the list's own; the others are of every page."""
    for _ in range(count):
        brand.send("ana")
        brand.send("ana", startAt=later(1))
    tool.page()

    with django_assert_num_queries(10):
        tool.page()


def test_the_list_reads_no_recipients_however_many_there_are(tool, brand):
    """But a few index entries of each campaign that has a schedule."""
    for _ in range(4):
        brand.send("ana", startAt=later(1))
        brand.send("ana")
    fill(1, 200)
    few = recipients_read(tool)
    assert few <= 4 * 15

    fill(201, 2_000)

    assert recipients_read(tool) <= few


def fill(first, last):
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [first, last])
        cursor.execute("ANALYZE campaigns_outboundmessage")


def recipients_read(tool):
    """Rows of the ledger, or entries of its indexes, that showing the page takes."""
    with CaptureQueriesContext(connection) as captured:
        assert len(tool.names()) == 8
    plans = [explain(query["sql"]) for query in captured if "campaigns_" in query["sql"]]
    scans = [scan for plan in plans for scan in scans_of("campaigns_outboundmessage", plan)]
    return sum(map(rows_read, scans))


@pytest.mark.parametrize("role", [Role.AGENT, Role.AGENT_MANAGER])
def test_agents_cannot_open_it(brand, role):
    """B4"""
    assert Tool(brand.account, role).get().status_code == 403
