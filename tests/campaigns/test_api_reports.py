"""A14, A18, A19: LivePerson's Outbound Reporting API, live."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from campaigns import analytics, cancelling, counting, ledger
from campaigns.models import Campaign, OutboundMessage, State
from campaigns.receipts import record_event
from conversations.models import ReplyRoute
from conversations.services import close_conversation, receive_message
from tests.campaigns.caller import shared_client
from tests.campaigns.conftest import deliver_all, make_brand
from tests.factories.accounts import ApiClientFactory, SkillFactory, bearer
from tests.factories.handoffs import HandoffFactory

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Reporting:
    """LivePerson's reporting paths, as one of the account's systems calls them."""

    account: Account
    headers: dict[str, str]

    def call(self, method: str, path: str, body: Any = b"", **query: Any) -> Any:
        url = f"/api/account/{self.account.number}/app/{path}?{urlencode(query)}"
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return shared_client().generic(
            method, url, raw, content_type="application/json", headers=self.headers
        )

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, **query)

    def analytics(self, since: datetime, until: datetime, body: Any = b"") -> list[Any]:
        response = self.call(
            "POST" if body else "GET", "prmsg/analytics/", body, **interval(since, until)
        )
        assert response.status_code == 200, response.json()
        return response.json()["analytics"]

    def transactions(self, body: Any = b"", app: str = "prmsg", **query: Any) -> dict[str, Any]:
        now = timezone.now()
        query = interval(now - timedelta(hours=12), now + timedelta(hours=12)) | query
        response = self.call("POST", f"{app}/transactions/", body, **query)
        assert response.status_code == 200, response.json()
        return response.json()


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def interval(since: datetime, until: datetime) -> dict[str, int]:
    return {"attemptedStartTime": milliseconds(since), "attemptedEndTime": milliseconds(until)}


@pytest.fixture
def reporting(brand):
    client = ApiClientFactory(account=brand.account, scopes=["reports:read"])
    return Reporting(brand.account, bearer(client))


def tell(brand, message_id, *kinds):
    for kind in kinds:
        record_event(account=brand.account, message_id=message_id, kind=kind, now=timezone.now())


def answer(brand, consumer, message_id):
    return receive_message(
        account=brand.account,
        consumer=consumer,
        text="Yes",
        message_id=message_id,
        now=timezone.now(),
    ).conversation


@pytest.fixture
def journeys(brand):
    """One campaign whose messages came to different ends; message ids by consumer."""
    people = {ref: brand.consumer(ref) for ref in ("sent", "shown", "read", "answered", "closed")}
    people["opted"] = brand.consumer("opted")
    people["opted"].opted_out_at = timezone.now()
    people["opted"].save()
    brand.consumer("lab:gone")
    created = brand.send(*people, "lab:gone", "stranger")
    ids = {entry.recipient.ref: entry.public_id for entry in created.accepted}
    deliver_all()
    tell(brand, ids["shown"], "delivered")
    tell(brand, ids["read"], "opened")
    answer(brand, people["answered"], ids["answered"])
    conversation = answer(brand, people["closed"], ids["closed"])
    close_conversation(conversation=conversation, by="anna", now=timezone.now())
    tell(brand, ids["answered"], "opened")
    tell(brand, ids["closed"], "opened")
    brand.send("waiting", campaignName="still waiting")
    waiting = OutboundMessage.objects.get(consumer_ref="waiting")
    ids["waiting"] = waiting.public_id
    return ids


STATUSES = {
    "sent": "SENT",
    "shown": "DELIVERED",
    "read": "READ",
    "answered": "RESPONDED",
    "closed": "RESPONDED",
    "opted": "SKIPPED",
    "lab:gone": "FAILED",
    "stranger": "FAILED",
    "waiting": "NOT_SENT",
}


def row_of(brand, **changes):
    row = {
        "channel": "inapp",
        "skill": "billing",
        "transactionday": f"{timezone.now():%m-%d-%Y}",
        "attempted": 0,
        "eligible": 0,
        "skipped": 0,
        "sent": 0,
        "failed": 0,
        "delivered": 0,
        "read": 0,
        "conversationscreated": 0,
        "conversationsclosed": 0,
        "csat": None,
        "error_aggregation": {},
    }
    return {**row, **changes}


def test_analytics_count_by_liveperson_s_definitions(brand, reporting, journeys):
    """A14: live, and the sum of the errors is what failed."""
    now = timezone.now()

    response = reporting.get("prmsg/analytics/", **interval(now - DAY, now + DAY))

    assert response.status_code == 200
    assert response.json() == {
        "requestMetadata": {
            "accountId": str(brand.account.number),
            "app": "prmsg",
            "attemptedStartTime": milliseconds(now - DAY),
            "attemptedEndTime": milliseconds(now + DAY),
        },
        "analytics": [
            row_of(
                brand,
                attempted=9,
                eligible=6,
                skipped=1,
                sent=5,
                failed=3,
                delivered=4,
                read=3,
                conversationscreated=2,
                conversationsclosed=1,
                error_aggregation={"proactive_1001": 1, "proactive_16": 1, "proactive_28": 1},
            )
        ],
    }


def test_analytics_are_by_skill_and_day_in_utc(brand, reporting):
    sales = SkillFactory(account=brand.account, name="sales")
    evening = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)
    brand.send("ana", now=evening)
    brand.send("ana", "bo", now=evening + timedelta(seconds=1))
    brand.send("ana", now=evening + timedelta(seconds=2), skill=sales.name)

    rows = reporting.analytics(evening, evening + DAY)

    assert [(r["transactionday"], r["skill"], r["attempted"]) for r in rows] == [
        ("11-21-2026", "billing", 1),
        ("11-22-2026", "billing", 2),
        ("11-22-2026", "sales", 1),
    ]


def test_analytics_are_exact_to_the_millisecond(brand, reporting):
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    brand.send("ana", now=noon)
    moment = timedelta(milliseconds=1)

    assert len(reporting.analytics(noon, noon)) == 1
    assert reporting.analytics(noon + moment, noon + DAY) == []
    assert reporting.analytics(noon - DAY, noon - moment) == []


@pytest.mark.parametrize("wrap", [lambda filters: filters, lambda filters: {"filters": filters}])
def test_analytics_are_filtered(brand, reporting, wrap):
    """The older form wraps the filters."""
    other = HandoffFactory(account=brand.account, title="Other", text="Hello")
    SkillFactory(account=brand.account, name="sales")
    now = timezone.now()
    brand.send("ana")
    brand.send("ana", "bo", templateId=other.public_id, skill="sales")

    def attempted(**filters):
        rows = reporting.analytics(now - DAY, now + DAY, wrap(filters))
        return [(row["skill"], row["attempted"]) for row in rows]

    assert attempted(skills=["sales"]) == [("sales", 2)]
    assert attempted(skills=["nobody"]) == []
    assert attempted(skills=[]) == [("billing", 1), ("sales", 2)]
    assert attempted(channels=["inapp"]) == [("billing", 1), ("sales", 2)]
    assert attempted(channels=["sms", "wa"]) == []
    assert attempted(handoffids=[other.public_id]) == [("sales", 2)]
    assert attempted(source=["API"]) == [("billing", 1), ("sales", 2)]
    assert attempted(source=["UI", "LPWF"]) == []


def test_a_filter_by_handoff_or_source_groups_by_it(brand, reporting):
    other = HandoffFactory(account=brand.account, title="Other", text="Hello")
    now = timezone.now()
    brand.send("ana")
    brand.send("ana", "bo", templateId=other.public_id)

    ids = [brand.handoff.public_id, other.public_id]
    rows = reporting.analytics(now - DAY, now + DAY, {"handoffids": ids, "source": ["API"]})

    assert {(row["handoffid"], row["attempted"], row["source"]) for row in rows} == {
        (brand.handoff.public_id, 1, "API"),
        (other.public_id, 2, "API"),
    }


def test_each_app_has_its_own_messages(brand, reporting):
    created = brand.send("ana")
    Campaign.objects.update(source="IVR")
    now, campaign = timezone.now(), created.campaign.public_id

    assert reporting.analytics(now - DAY, now + DAY) == []
    theirs = reporting.get("c2m/analytics/", **interval(now - DAY, now + DAY)).json()
    assert [row["attempted"] for row in theirs["analytics"]] == [1]
    assert theirs["requestMetadata"]["app"] == "c2m"
    assert reporting.transactions()["transactions"] == []
    assert len(reporting.transactions(app="c2m")["transactions"]) == 1
    assert reporting.get(f"prmsg/campaigns/{campaign}/").status_code == 404
    assert reporting.get(f"c2m/campaigns/{campaign}/").status_code == 200


def test_cancelled_and_expired_messages_failed(brand, reporting):
    created = brand.send("ana", "bo", "cy")
    OutboundMessage.objects.filter(consumer_ref="ana").update(expires_at=timezone.now() - DAY)
    ledger.claim(lane="none", limit=0, lease=timedelta(seconds=1))
    cancelling.cancel_queued(campaign_id=created.campaign.pk, now=timezone.now())
    now = timezone.now()

    (row,) = reporting.analytics(now - DAY, now + DAY)

    assert (row["attempted"], row["eligible"], row["failed"]) == (3, 0, 3)
    assert row["error_aggregation"] == {"proactive_1001": 3}


def test_folding_the_tallies_changes_no_figure(brand, reporting, journeys):
    now = timezone.now()
    before = reporting.analytics(now - DAY, now + DAY)

    assert counting.fold_tallies(keep=0) > 0

    assert reporting.analytics(now - DAY, now + DAY) == before


def test_analytics_never_read_the_recipients(brand, journeys):
    """Counted from tallies and routes, by index: no table grows into it."""
    now = timezone.now()
    scope = analytics.Scope(source="API", since=now - DAY, until=now + DAY)
    with CaptureQueriesContext(connection) as queries:
        assert analytics.count(brand.account.pk, scope)
    (query,) = queries.captured_queries

    plan = explain(query["sql"])

    assert "campaigns_outboundmessage" not in query["sql"]
    assert "Seq Scan" not in plan
    assert "tally_by_" in plan, plan
    assert "reply_route_answered" in plan, plan


def explain(sql):
    """The plan that large tables get: small ones are quicker to scan, so that is forbidden here."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"), [])
        return "\n".join(line for (line,) in cursor.fetchall())


def test_transactions_are_found_through_their_campaigns(brand, reporting, journeys):
    with CaptureQueriesContext(connection) as queries:
        reporting.transactions()
    reads = [
        query["sql"]
        for query in queries.captured_queries
        if 'FROM "campaigns_outboundmessage"' in query["sql"]
    ]

    assert len(reads) == 2
    for sql in reads:
        plan = explain(sql)
        assert "Seq Scan" not in plan
        assert "message_once" in plan, plan


@pytest.mark.parametrize("count", [1, 3])
def test_a_report_asks_the_database_as_often_for_one_as_for_three(
    brand, reporting, django_assert_num_queries, count
):
    for n in range(count):
        created = brand.send(*[f"c{n}" for n in range(count)], campaignName=f"n{n}")
    deliver_all()
    now, path = timezone.now(), f"prmsg/campaigns/{created.campaign.public_id}/"
    reporting.get(path)

    with django_assert_num_queries(4):
        reporting.get(path)
    with django_assert_num_queries(3):
        reporting.get(f"{path}analytics/")
    with django_assert_num_queries(2):
        reporting.analytics(now - DAY, now + DAY)
    with django_assert_num_queries(4):
        reporting.transactions()


def test_a_campaign_s_report_tells_each_recipient_s_end(brand, reporting, journeys):
    """A18"""
    campaign = OutboundMessage.objects.get(public_id=journeys["sent"]).campaign

    body = reporting.get(f"prmsg/campaigns/{campaign.public_id}/").json()

    assert body["requestMetadata"] == {
        "accountId": str(brand.account.number),
        "app": "prmsg",
        "proactiveCampaignId": campaign.public_id,
    }
    assert body["page"] == {
        "count": 8,
        "previousOffset": -1,
        "currentOffset": 0,
        "nextOffset": -1,
    }
    rows = {row["consumerId"]: row for row in body["consumersReport"]}
    assert {ref: row["status"] for ref, row in rows.items()} == {
        ref: status for ref, status in STATUSES.items() if ref != "waiting"
    }
    route = ReplyRoute.objects.get(message_id=journeys["closed"])
    assert rows["closed"] == {
        "id": str(journeys["closed"]),
        "errorCode": None,
        "errorMessage": None,
        "errorSource": None,
        "status": "RESPONDED",
        "consumerId": "closed",
        "conversationId": str(route.conversation.public_id),
    }
    assert rows["stranger"] == {
        "id": str(journeys["stranger"]),
        "errorCode": 28,
        "errorMessage": "InApp - Consumer is not authenticated",
        "errorSource": "proactive",
        "status": "FAILED",
        "consumerId": "stranger",
        "conversationId": None,
    }


def test_a_campaign_s_analytics_are_its_row(brand, reporting, journeys):
    campaign = OutboundMessage.objects.get(public_id=journeys["sent"]).campaign

    body = reporting.get(f"prmsg/campaigns/{campaign.public_id}/analytics/").json()

    assert body["requestMetadata"]["proactiveCampaignId"] == campaign.public_id
    (row,) = body["analytics"]
    assert (row["channel"], row["attempted"], row["failed"]) == ("inapp", 8, 3)
    assert (row["conversationscreated"], row["conversationsclosed"]) == (2, 1)


def test_a_campaign_that_nobody_was_accepted_for_has_no_row(brand, reporting):
    campaign = brand.send(consumers=[{"consumerContent": {}}]).campaign

    for path, name in (("", "consumersReport"), ("analytics/", "analytics")):
        body = reporting.get(f"prmsg/campaigns/{campaign.public_id}/{path}").json()
        assert body[name] == []


def test_a_transaction_tells_every_time(brand, reporting, journeys):
    body = reporting.transactions({"offset": 0, "limit": 1000, "filters": {}}, v="2.0")

    assert body["page"] == {"count": 9, "offset": 0, "limit": 1000}
    rows = {row["consumerId"]: row for row in body["transactions"]}
    message = OutboundMessage.objects.select_related("campaign").get(public_id=journeys["closed"])
    route = ReplyRoute.objects.select_related("conversation").get(message_id=journeys["closed"])
    assert rows["closed"] == {
        "channel": "inapp",
        "skill": "billing",
        "transactionId": str(message.public_id),
        "attemptedTime": written(message.created_at),
        "cancelledTime": None,
        "conversationId": str(route.conversation.public_id),
        "conversationsClosedTime": written(route.conversation.closed_at),
        "conversationsCreatedTime": written(route.conversation.opened_at),
        "consumerId": "closed",
        "deliveredTime": written(message.delivered_at),
        "eligibleTime": None,
        "errorCode": None,
        "errorMessage": None,
        "errorSource": None,
        "failedTime": None,
        "inviteTime": written(message.finished_at),
        "optInsTime": None,
        "optOutsTime": None,
        "proactiveCampaignId": message.campaign.public_id,
        "readTime": written(message.opened_at),
        "sentTime": written(message.finished_at),
        "initialSkill": "billing",
        "initialChannel": "inapp",
        "handOffId": brand.handoff.public_id,
        "skippedTime": None,
        "ivrNumber": "",
        "messageStatus": "RESPONDED",
    }
    stranger = rows["stranger"]
    assert stranger["failedTime"]
    assert stranger["sentTime"] is stranger["skippedTime"] is None
    assert (stranger["errorSource"], stranger["errorCode"]) == ("proactive", 28)
    assert rows["opted"]["skippedTime"]
    assert rows["opted"]["failedTime"] is None
    assert rows["waiting"]["failedTime"] is rows["waiting"]["sentTime"] is None


def written(moment):
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def test_a_transaction_names_the_skill_that_has_the_conversation(brand, reporting, journeys):
    conversation = ReplyRoute.objects.get(message_id=journeys["closed"]).conversation
    conversation.skill = brand.default_skill
    conversation.save()

    rows = {row["consumerId"]: row for row in reporting.transactions()["transactions"]}

    assert (rows["closed"]["skill"], rows["closed"]["initialSkill"]) == ("general", "billing")


def test_transactions_are_paged_with_no_gap_and_no_repeat(brand, reporting):
    refs = [f"c{n}" for n in range(5)]
    brand.send(*refs[:3])
    brand.send(*refs[3:])

    pages = [reporting.transactions({"offset": offset, "limit": 2}) for offset in (0, 2, 4, 6)]

    assert [[r["consumerId"] for r in page["transactions"]] for page in pages] == [
        refs[:2],
        refs[2:4],
        refs[4:],
        [],
    ]
    assert [page["page"]["count"] for page in pages] == [5, 5, 5, 5]
    assert reporting.transactions()["page"] == {"count": 5, "offset": 0, "limit": 100}


def test_transactions_are_filtered(brand, reporting, journeys):
    SkillFactory(account=brand.account, name="sales")
    brand.send("ana", skill="sales")

    def refs(**filters):
        rows = reporting.transactions({"filters": filters})["transactions"]
        return [row["consumerId"] for row in rows]

    assert refs(skills=["sales"]) == ["ana"]
    assert refs(channels=["sms"]) == []
    assert len(refs(channels=["inapp"])) == 10
    assert refs(transactionids=[str(journeys["read"]), str(uuid4()), "nonsense"]) == ["read"]
    assert refs(transactionids=["nonsense"]) == []
    assert refs(messagestatus=["READ", "SKIPPED"]) == ["read", "opted"]
    assert refs(messagestatus=["SENT"], skills=["billing"]) == ["sent"]


def test_each_status_finds_exactly_the_rows_that_tell_it(brand, reporting):
    """A18: what is asked for and what is told come from one table."""
    reasons = ("", "opted_out", "no_device", "outside_window", "before_start")
    ends = list(product(State.values, reasons, (False, True), (False, True), (False, True)))
    created = brand.send(*[f"c{n}" for n in range(len(ends))])
    now = timezone.now()
    for entry, (state, reason, is_shown, is_opened, is_answered) in zip(
        created.accepted, ends, strict=True
    ):
        OutboundMessage.objects.filter(public_id=entry.public_id).update(
            state=state,
            reason=reason,
            delivered_at=now if is_shown else None,
            opened_at=now if is_opened else None,
        )
        if is_answered:
            route_of(brand, entry, now)

    def rows(**filters):
        return reporting.transactions({"limit": 5000, "filters": filters})["transactions"]

    told = {row["transactionId"]: row["messageStatus"] for row in rows()}
    assert len(told) == len(ends)
    for status in {*STATUSES.values(), "SCHEDULED"}:
        found = {row["transactionId"] for row in rows(messagestatus=[status])}
        assert found == {one for one, word in told.items() if word == status}
        assert found


def route_of(brand, entry, now):
    ReplyRoute.objects.create(
        account=brand.account,
        message_id=entry.public_id,
        consumer_ref=entry.recipient.ref,
        skill=brand.skill,
        source="API",
        campaign_id="camp00001",
        text="Hi",
        replied_at=now,
        valid_from=now,
        valid_until=now + DAY,
    )


PATHS = [
    ("GET", "prmsg/analytics"),
    ("POST", "prmsg/analytics"),
    ("POST", "prmsg/transactions"),
    ("GET", "prmsg/campaigns/{campaign}"),
    ("GET", "prmsg/campaigns/{campaign}/analytics"),
]


def call_all(reporting, campaign, slash=""):
    now = timezone.now()
    return {
        reporting.call(
            method,
            path.format(campaign=campaign.public_id) + slash,
            **interval(now - timedelta(hours=1), now),
        ).status_code
        for method, path in PATHS
    }


def test_each_report_answers_with_and_without_the_last_slash(brand, reporting):
    """A19"""
    campaign = brand.send("ana").campaign

    assert call_all(reporting, campaign) == {200}
    assert call_all(reporting, campaign, "/") == {200}


@pytest.mark.parametrize("scopes", [[], ["campaigns:read", "handoffs:read"]])
def test_reports_ask_for_their_scope(brand, scopes):
    campaign = brand.send("ana").campaign
    client = ApiClientFactory(account=brand.account, scopes=scopes)

    assert call_all(Reporting(brand.account, bearer(client)), campaign) == {403}
    assert call_all(Reporting(brand.account, {}), campaign) == {401}


def test_another_account_s_figures_do_not_exist(brand, reporting):
    """B4"""
    theirs = make_brand()
    campaign = theirs.send("ana").campaign
    now = timezone.now()

    assert call_all(Reporting(theirs.account, reporting.headers), campaign) == {404}
    assert reporting.get(f"prmsg/campaigns/{campaign.public_id}/").status_code == 404
    assert reporting.get(f"prmsg/campaigns/{campaign.public_id}/analytics/").status_code == 404
    assert reporting.analytics(now - DAY, now + DAY) == []
    assert reporting.transactions()["transactions"] == []


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({}, ["#/attemptedStartTime", "#/attemptedEndTime"]),
        ({"attemptedStartTime": "now"}, ["#/attemptedStartTime", "#/attemptedEndTime"]),
        ({"attemptedStartTime": 2, "attemptedEndTime": 1}, ["#/attemptedEndTime"]),
        ({"attemptedStartTime": 0, "attemptedEndTime": "9" * 400}, ["#/attemptedEndTime"]),
        ({"attemptedStartTime": -1, "attemptedEndTime": 1}, ["#/attemptedStartTime"]),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "prmsg/analytics/"), ("POST", "c2m/analytics"), ("POST", "prmsg/transactions/")],
)
def test_an_interval_that_is_none_is_400(reporting, method, path, query, pointers):
    """A9"""
    response = reporting.call(method, path, **query)

    assert response.status_code == 400
    body = response.json()
    assert {"code", "message", "requestTraceId"} <= body.keys()
    assert [error["pointer"] for error in body["errors"]] == pointers


def test_sixty_days_of_analytics_and_a_day_of_transactions_can_be_asked_for(reporting):
    start = datetime(2026, 9, 1, tzinfo=UTC)
    moment = timedelta(milliseconds=1)

    def status(method, path, length):
        return reporting.call(method, path, **interval(start, start + length)).status_code

    assert status("GET", "prmsg/analytics/", 60 * DAY) == 200
    assert status("GET", "prmsg/analytics/", 60 * DAY + moment) == 400
    assert status("POST", "prmsg/transactions/", DAY) == 200
    assert status("POST", "prmsg/transactions/", DAY + moment) == 400


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("analytics", {"skills": "billing"}, ["#/skills"]),
        ("analytics", {"skills": ["a", 1], "source": ["WEB"]}, ["#/source/0", "#/skills/1"]),
        ("analytics", {"filters": []}, ["#/filters"]),
        ("analytics", {"filters": {"channels": [None]}}, ["#/filters/channels/0"]),
        ("analytics", {"handoffids": ["H1"] * 1001}, ["#/handoffids"]),
        ("transactions", {"limit": 0}, ["#/limit"]),
        ("transactions", {"limit": 5001, "offset": -1}, ["#/offset", "#/limit"]),
        ("transactions", {"limit": True}, ["#/limit"]),
        ("transactions", {"filters": "x"}, ["#/filters"]),
        (
            "transactions",
            {"filters": {"messagestatus": ["READ", "EATEN"]}},
            ["#/filters/messagestatus/1"],
        ),
        ("transactions", {"filters": {"transactionids": [7]}}, ["#/filters/transactionids/0"]),
    ],
)
def test_bad_filters_are_400_and_each_is_named(reporting, path, body, pointers):
    """A9"""
    now = timezone.now()
    query = interval(now - timedelta(hours=1), now)

    response = reporting.call("POST", f"prmsg/{path}", body, **query)

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == pointers


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{", b"null", b'{"skills":["\\u0000"]}', b"\xff"])
@pytest.mark.parametrize("path", ["prmsg/analytics/", "prmsg/transactions/"])
def test_a_body_that_is_no_object_is_400(reporting, path, body):
    now = timezone.now()

    response = reporting.call("POST", path, body, **interval(now - timedelta(hours=1), now))

    assert (response.status_code, response.json()["errorKey"]) == (400, "malformed_body")


def test_an_old_version_of_transactions_is_400(reporting):
    now = timezone.now()

    response = reporting.call("POST", "prmsg/transactions/", v="1.0", **interval(now - DAY, now))

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == ["#/v"]


@pytest.mark.parametrize(
    "path", ["x/analytics", "PRMSG/analytics", "prmsg/analytics/x", "prmsg/campaigns", "prmsg"]
)
def test_other_paths_are_404(reporting, path):
    assert reporting.get(path).status_code == 404


def test_methods_that_are_not_offered_are_405(brand, reporting):
    campaign = brand.send("ana").campaign.public_id

    for method, path in [
        ("PUT", "prmsg/analytics/"),
        ("GET", "prmsg/transactions/"),
        ("POST", f"prmsg/campaigns/{campaign}/"),
        ("DELETE", f"prmsg/campaigns/{campaign}/analytics/"),
    ]:
        assert reporting.call(method, path).status_code == 405
