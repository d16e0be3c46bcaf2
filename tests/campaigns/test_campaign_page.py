"""G2: one campaign's page: its funnel, why some were not reached, its recipients, one of them."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, CampaignTally, OutboundMessage, State
from campaigns.receipts import record_event
from campaigns.services import cancel_campaign
from conversations.services import close_conversation, receive_message
from push.models import PushCredential
from tests.campaigns.conftest import deliver_all, make_brand
from tests.campaigns.web_tool import Tool, words
from tests.factories.push import BreakerFactory
from tests.factories.webhooks import WebhookEndpointFactory
from tests.plans import explain, rows_read, scans_of
from webhooks.models import WebhookDelivery

MARKUP = "<script>window.__x=1</script>"
STEPS = ("Requested", "Eligible", "Sent", "Delivered", "Opened", "Replied", "Closed")


@pytest.fixture
def tool(brand):
    return Tool(brand.account)


def path_of(created, query=""):
    return f"{created.campaign.public_id}/{query}"


def id_of(created, ref):
    return next(e.public_id for e in created.accepted if e.recipient.ref == ref)


def receipt(brand, created, ref, kind):
    message_id = id_of(created, ref)
    record_event(account=brand.account, message_id=message_id, kind=kind, now=timezone.now())


def answer(brand, created, consumer, text="Yes"):
    return receive_message(
        account=brand.account,
        consumer=consumer,
        text=text,
        message_id=id_of(created, consumer.ref),
        now=timezone.now(),
    )


@pytest.fixture
def mixed(brand):
    """One at each step, three that never went out, and one that the call refused."""
    refs = ["silent", "shown", "opened", "replied", "closed"]
    people = {ref: brand.consumer(ref) for ref in refs}
    brand.consumer("lab:gone")
    created = brand.send(*refs, "lab:gone", "stranger-1", "stranger-2", "silent")
    deliver_all()
    receipt(brand, created, "shown", "delivered")
    for ref in ("opened", "replied", "closed"):
        receipt(brand, created, ref, "opened")
    answer(brand, created, people["replied"], "Can I pick it up? 🙏")
    received = answer(brand, created, people["closed"])
    close_conversation(conversation=received.conversation, by="anna", now=timezone.now())
    return created


def test_the_funnel_narrows_from_requested_to_closed_with_the_ways_out(tool, mixed):
    page = tool.page(path_of(mixed))
    counts = re.findall(r'step__l">(\w+)</span>.*?<a href="[^"]*">(\d+)</a>', page, re.DOTALL)

    assert dict(counts) == dict(zip(STEPS, "9654321", strict=True))
    exits = [words(one) for one in re.findall(r'<div class="exit.*?</div>', page, re.DOTALL)]
    assert exits == ["1 refused in the call", "2 suppressed", "1 failed"]
    heights = re.findall(r'class="col" x="\d+" y="[\d.]+" width="64" height="([\d.]+)"', page)
    assert [float(height) for height in heights] == pytest.approx(
        [120 * n / 9 for n in range(9, 0, -1) if n not in {8, 7}], abs=0.1
    )
    assert "1 conversation open now" in words(page)


def test_why_not_tells_each_reason_with_what_helps_and_leads_to_the_people(tool, mixed):
    page = tool.page(path_of(mixed))

    assert "Why not: 4 people" in page
    told = [words(one) for one in re.findall(r"<li><div title.*?</li>", page, re.DOTALL)]
    assert told[0].startswith("The person has never signed in to the app. They can be reached")
    assert len(told) == 3
    assert tool.names(path_of(mixed, "?reason=never_logged_in")) == ["stranger-1", "stranger-2"]
    table = words(tool.page(path_of(mixed, "?why=table")))
    assert "never_logged_in The person has never signed in to the app." in table
    assert "2 22.2 %" in table


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("show=sent", ["closed", "opened", "replied", "shown", "silent"]),
        ("show=eligible", ["closed", "lab:gone", "opened", "replied", "shown", "silent"]),
        ("show=delivered", ["closed", "opened", "replied", "shown"]),
        ("show=opened", ["closed", "opened", "replied"]),
        ("show=replied", ["closed", "replied"]),
        ("show=closed", ["closed"]),
        ("show=not-reached", ["lab:gone", "stranger-1", "stranger-2"]),
        ("show=suppressed&q=ER-2", ["stranger-2"]),
        ("show=waiting", []),
        ("show=failed", ["lab:gone"]),
        ("reason=%00", []),
        ("q=%25", []),
        ("q=%00sil", ["silent"]),
    ],
)
def test_recipients_are_narrowed_to_those_behind_a_number(tool, mixed, query, found):
    assert tool.names(path_of(mixed, f"?{query}")) == found
    file = tool.get(path_of(mixed, f"recipients.csv?{query}")).getvalue().decode()
    assert sorted(row["consumer"] for row in csv.DictReader(io.StringIO(file))) == found


def test_each_recipient_is_told_how_far_the_message_came(tool, mixed):
    rows = tool.rows(path_of(mixed))
    told = {row.split()[0]: row for row in rows}

    assert [row.split()[1] for row in rows] == [
        "Closed",
        "Failed",
        "Opened",
        "Replied",
        "Delivered",
        "Sent",
        "Suppressed",
        "Suppressed",
    ]
    assert "The provider says that the app was removed." in told["lab:gone"]
    assert re.search(r"iOS .*Today \d\d:\d\d$", told["silent"])


def test_the_table_is_paged_by_consumer_id(tool, brand):
    refs = [f"p{n:02}" for n in range(27)]
    created = brand.send(*reversed(refs))
    path = path_of(created)
    assert tool.names(path) == refs[:25]

    older = re.search(r'href="([^"]+)" rel="next"', tool.page(path))[1]
    assert tool.names(path + older) == refs[25:]
    newer = re.search(r'href="([^"]+)" rel="prev"', tool.page(path + older))[1]
    assert tool.names(path + newer) == refs[:25]


def test_one_recipients_timeline_goes_from_the_call_to_the_answer(tool, mixed):
    page = tool.page(path_of(mixed, f"?recipient={id_of(mixed, 'replied')}"))
    steps = re.findall(r"<b>(\w+)</b>", page[page.index('id="steps"') :])[:4]

    assert steps == ["Requested", "Sent", "Opened", "Replied"]
    panel = words(page[page.index('id="one"') :])
    assert "Accepted in the call of tests." in panel
    assert "Push lab: The provider took the push." in panel
    assert panel.count("Can I pick it up? 🙏") == 2
    assert "Hi replied" in panel
    assert "Lookback left 29 d 23 h" in panel
    assert f'data-text="{id_of(mixed, "replied")}"' in page


@pytest.mark.parametrize(
    ("ref", "title", "why", "helps"),
    [
        ("stranger-1", "Suppressed", "never_logged_in", "once they have signed in"),
        ("lab:gone", "Failed", "token_gone", "once they have opened the app again"),
    ],
)
def test_who_was_not_reached_has_the_rule_and_what_would_change_it(
    tool, mixed, ref, title, why, helps
):
    page = tool.page(path_of(mixed, f"?recipient={id_of(mixed, ref)}"))
    panel = words(page[page.index('id="one"') :])

    assert title in panel
    assert f"Rule {why} What helps They can be reached {helps}" in panel


def test_a_message_that_is_put_off_says_for_what_it_waits(tool, brand):
    BreakerFactory(
        credential=PushCredential.objects.get(app=brand.app, platform="ios"),
        probe_at=timezone.now() + timedelta(hours=1),
    )
    brand.consumer("ana")
    created = brand.send("ana")
    deliver_all("none", "lab")
    page = tool.page(path_of(created, f"?recipient={id_of(created, 'ana')}"))

    assert "com.brand.app on iOS is held up." in page
    panel = words(page[page.index('id="one"') :])
    assert "Put off" in panel
    assert "Its push provider does not work for now; the message waits." in panel


def test_what_the_call_itself_refused_is_told_in_words(tool, brand):
    created = brand.send(
        consumers=[
            {"consumerContent": {"inapp": "ana"}},
            {"consumerContent": {"inapp": "ana"}},
            {"consumerContent": {}},
            {"consumerContent": {"inapp": "bo"}, "variables": {"1": 7}},
        ]
    )
    page = words(tool.page(path_of(created)))

    assert "1 ana The same id stands further up in the call" in page
    assert "2 – The entry has no consumer id. MISSING_CONSUMER_INFORMATION==INAPP" in page
    assert "3 bo A variable is not a text. VARIABLE_NOT_STRING=1" in page


def test_the_request_is_shown_as_far_as_it_is_kept(tool, brand):
    """A17: nothing of a person is in it."""
    start_at = (timezone.now() + timedelta(days=1)).isoformat()
    created = brand.send("ana", "bo", startAt=start_at)
    page = words(tool.page(path_of(created)))

    assert f'"templateId": "{brand.handoff.public_id}"' in page
    assert '"startAt": "' in page
    assert "… and 1 more" in page
    assert str(created.campaign.trace_id) in page
    assert "personalInfo and customerInfo" in page
    assert "Hi ana" not in page


def test_what_began_on_the_telephone_says_so_and_has_no_body_of_a_campaign(tool, brand):
    created = brand.send("ana")
    Campaign.objects.update(source="IVR")
    page = tool.page(path_of(created))

    assert "IVR deflection" in words(page)
    assert "templateId" not in page
    assert str(created.campaign.trace_id) in page


def test_markup_in_every_text_stays_text(tool, brand):
    """S3, P8"""
    consumer = brand.consumer(MARKUP, model=MARKUP)
    created = brand.send(
        campaignName=MARKUP,
        consumers=[{"consumerContent": {"inapp": MARKUP}, "variables": {"1": MARKUP}}],
    )
    deliver_all()
    answer(brand, created, consumer, MARKUP)
    page = tool.page(path_of(created, f"?recipient={id_of(created, MARKUP)}"))

    assert "<script>window" not in page
    assert page.count("&lt;script&gt;window") > 8
    assert tool.names(path_of(created)) == [MARKUP]


def test_no_cell_of_the_file_is_a_formula(tool, brand):
    """S4"""
    created = brand.send("=1+1", "＝1")
    file = tool.get(path_of(created, "recipients.csv")).getvalue().decode()

    assert [row["consumer"] for row in csv.DictReader(io.StringIO(file))] == ["'=1+1", "'＝1"]


def test_the_page_asks_again_while_it_moves_for_all_that_does(tool, brand):
    brand.consumer("ana")
    created = brand.send("ana")
    query = f"?recipient={id_of(created, 'ana')}"
    assert f'hx-get="{tool.base}{path_of(created, query)}"' in tool.page(path_of(created, query))
    deliver_all()
    part = tool.page(path_of(created, query), hx_request="true")

    assert part.strip().startswith('<div id="live" hx-get')
    assert re.findall(r'id="([a-z-]+)" hx-swap-oob="true"', part) == ["recipients-table", "steps"]
    Campaign.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert "hx-trigger" not in tool.page(path_of(created, query), hx_request="true")


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_of_three_recipients_asks_the_database_as_often_as_one_of_one(
    tool, brand, django_assert_num_queries, count
):
    for n in range(count):
        brand.consumer(f"p{n}")
    created = brand.send(*[f"p{n}" for n in range(count)])
    deliver_all()
    tool.page(path_of(created))

    with django_assert_num_queries(10):
        tool.page(path_of(created))


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_the_table_reads_no_recipient_of_another_campaign(tool, brand, is_analyzed):
    """In their order by key, those of the table's oldest campaigns would all be read first."""
    brand.send(*[f"other-{n}" for n in range(3_000)])
    created = brand.send(*[f"p{n:03}" for n in range(500)])
    if is_analyzed:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE campaigns_outboundmessage")

    with CaptureQueriesContext(connection) as captured:
        assert len(tool.names(path_of(created))) == 25

    [sql] = [one["sql"] for one in captured if 'ORDER BY "campaigns_outboundmessage"' in one["sql"]]
    scans = list(scans_of("campaigns_outboundmessage", explain(sql)))
    assert sum(map(rows_read, scans)) <= 500


@pytest.mark.parametrize("given", ["x", "01a216d9-4390-7ac4-a7c4-000000000000"])
def test_a_recipient_that_is_none_of_the_campaigns_is_not_found(tool, mixed, given):
    assert tool.get(path_of(mixed, f"?recipient={given}")).status_code == 404


def test_another_campaigns_recipient_is_not_found(tool, brand, mixed):
    """B4"""
    other = brand.send("ana")
    theirs = make_brand().send("ana")

    for created in (other, theirs):
        query = f"?recipient={created.accepted[0].public_id}"
        assert tool.get(path_of(mixed, query)).status_code == 404
    assert tool.get(path_of(theirs)).status_code == 404


def test_cancelling_first_tells_in_numbers_who_is_left_out(tool, brand):
    """A12"""
    created = brand.send("ana", "bo", "cy")
    OutboundMessage.objects.filter(consumer_ref="cy").update(state=State.SENDING)
    page = words(tool.page(path_of(created, "cancel/")))

    assert "Wait, and never get it 2" in page
    assert "With a provider now 1 , which end" in page
    assert "Cancel for 2 people" in page
    assert OutboundMessage.objects.filter(state=State.CANCELLED).count() == 0


def test_cancelling_stops_what_waits_and_says_who_did_it(tool, brand):
    """A12"""
    created = brand.send("ana", "bo")
    answered = tool.client.post(tool.base + path_of(created, "cancel/"), follow=True)
    page = words(answered.content.decode())

    assert "The campaign was cancelled: 2 messages never go out." in page
    assert f"Cancelled by {tool.user.email}" in page
    assert "Cancel the rest" not in page
    assert set(OutboundMessage.objects.values_list("state", flat=True)) == {State.CANCELLED}


def test_what_has_its_end_cannot_be_cancelled(tool, brand):
    created = brand.send("ana")
    deliver_all()

    assert "Cancel the rest" not in tool.page(path_of(created))
    assert "Nothing is left to cancel" in tool.page(path_of(created, "cancel/"))
    answered = tool.client.post(tool.base + path_of(created, "cancel/"), follow=True)
    assert "Nothing was left to cancel" in answered.content.decode()
    created.campaign.refresh_from_db()
    assert created.campaign.cancelled_at is None


def test_cancelling_takes_nothing_from_what_is_sent_along(tool, brand):
    """S11"""
    created, other = brand.send("ana"), brand.send("bo")
    given = {"campaign": other.campaign.pk, "cancelled_by": "nobody", "name": "x", "account": 1}
    tool.client.post(tool.base + path_of(created, "cancel/"), given)

    created.campaign.refresh_from_db()
    other.campaign.refresh_from_db()
    assert created.campaign.cancelled_by == tool.user.email
    assert (created.campaign.name, other.campaign.cancelled_at) == ("Card renewal", None)


def test_a_campaign_that_goes_on_later_says_when(tool, brand):
    created = brand.send("ana", startAt=(timezone.now() + timedelta(hours=30)).isoformat())

    page = words(tool.page(path_of(created, f"?recipient={id_of(created, 'ana')}")))

    assert re.search(r"Scheduled goes on .*\d\d:\d\d", page)
    assert re.search(r"\d\d:\d\d:\d\d Waiting It waits for the campaign's start\.", page)
    assert "hx-trigger" not in tool.page(path_of(created))


def test_a_campaign_under_way_says_how_far_it_is_and_how_long_it_goes_on(tool, brand):
    created = brand.send("ana", "bo", "cy", "di")
    began = timezone.now() - timedelta(minutes=3)
    Campaign.objects.update(created_at=began)
    CampaignTally.objects.create(
        account_id=brand.account.pk,
        campaign=created.campaign,
        handoff_id=brand.handoff.pk,
        skill_id=brand.skill.pk,
        day=began.date(),
        state="sent",
        n=3,
    )

    page = words(tool.page(path_of(created)))

    assert re.search(r"Sending 75\.0 % · about 1 min( \d+ s)? left", page)
    assert "1 still waiting" in page


def test_a_campaign_that_stopped_half_way_adds_up(tool, brand):
    brand.consumer("ana")
    created = brand.send("ana")
    deliver_all()
    later = brand.send("ana", "bo", startAt=(timezone.now() + timedelta(hours=1)).isoformat())
    cancel_campaign(campaign=later.campaign, by="Priya", now=timezone.now())

    assert re.search(r"Completed took \d+ s", words(tool.page(path_of(created))))
    assert "Why not: 2 people" in tool.page(path_of(later))
    assert "2 cancelled" in words(tool.page(path_of(later)))


def test_what_webhooks_were_told_of_it_is_counted_by_event(tool, brand):
    """A15: the URL itself may hold a secret, and is not shown."""
    WebhookEndpointFactory(account=brand.account, url="https://hooks.brand.example/in?key=secret")
    brand.consumer("ana")
    created = brand.send("ana", "bo", "cy")
    brand.send("di")
    deliver_all()
    WebhookDelivery.objects.filter(event__type="recipient.sent").update(state="dead")

    page = tool.page(path_of(created))

    told = words(page[page.index('id="webhooks"') : page.index('id="request"')])
    assert "hooks.brand.example campaign.completed 0 1 0" in told
    assert "hooks.brand.example recipient.sent 0 0 1" in told
    assert "hooks.brand.example recipient.suppressed 0 2 0" in told
    assert "key=secret" not in page
