"""D8: single dead letters, page by page, without reading what else the table holds."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import OutboundMessage
from tests.campaigns.conftest import make_brand
from tests.campaigns.test_dead_letters import fail, ids
from tests.plans import explain, rows_read, scans_of

_FILL = """
INSERT INTO campaigns_outboundmessage (public_id, account_id, campaign_id, consumer_ref, lane,
    state, reason, fence, attempts, due_at, expires_at, title, text, app_name, created_at,
    finished_at)
SELECT gen_random_uuid(), account_id, id, state || age || '-' || n, 'lab',
    state, 'token_gone', 0, 0, now(), now() + interval '9 days', '', 't', '', now(),
    now() - n * interval '1 minute' * age
FROM campaigns_campaign CROSS JOIN generate_series(1, 1000) n
CROSS JOIN (VALUES ('failed', 1), ('failed', 100), ('sent', 1)) s (state, age)
"""


def refs(answer):
    return [one["consumerContent"]["inapp"] for one in answer["deadLetters"]]


def test_dead_letters_are_listed_with_their_causes_the_last_first(api, brand):
    fail(brand, "ana")
    fail(brand, "bo")
    fail(make_brand(), "of another brand")

    answer = api.get("deadletters/messages").json()

    assert refs(answer) == ["bo", "ana"]
    letter, row = answer["deadLetters"][0], OutboundMessage.objects.get(consumer_ref="bo")
    assert (letter["id"], letter["campaignId"]) == (str(row.public_id), row.campaign.public_id)
    told = (letter["appName"], letter["provider"], letter["reason"], letter["notReplayable"])
    assert told == ("com.brand.app", "lab", "payload_too_big", None)


def test_pages_follow_each_other_though_all_failed_at_the_same_moment(api, brand):
    fail(brand, *"abcde")
    OutboundMessage.objects.update(finished_at=timezone.now() - timedelta(minutes=1))

    seen, path = [], "deadletters/messages?limit=2"
    while path:
        page = api.get(path).json()
        seen.append(refs(page))
        cursor = page["nextCursor"]
        path = cursor and f"deadletters/messages?limit=2&cursor={cursor}"

    assert seen == [["e", "d"], ["c", "b"], ["a"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("reason=payload_too_big&provider=lab&appName=com.brand.app", ["ana"]),
        ("reason=token_gone", []),
        ("provider=fcm", []),
        ("appName=com.brand.other", []),
        ("campaign=aaaaaaaaa", []),
        ("from=2099-01-01", []),
    ],
)
def test_the_list_is_narrowed_as_a_replay_is(api, brand, query, found):
    fail(brand, "ana")

    assert refs(api.get(f"deadletters/messages?{query}").json()) == found


def test_what_cannot_be_replayed_is_told_with_the_reason_and_what_is_replayed_is_gone(api, brand):
    late, again = fail(brand, "ana"), fail(brand, "bo")
    OutboundMessage.objects.filter(public_id__in=ids(late)).update(expires_at=timezone.now())
    selection = {"ids": [str(one) for one in ids(again)]}
    assert api.post("deadletters/replay", selection).json()["replayed"] == 1

    [letter] = api.get("deadletters/messages").json()["deadLetters"]

    assert letter["notReplayable"] == "lookback_over"


@pytest.mark.parametrize("cursor", ["", "1", "1-", "-1", "1-x", "1" * 18 + "-1", "AAAAAAAAAAA"])
def test_a_cursor_is_one_that_was_given(api, cursor):
    response = api.get(f"deadletters/messages?cursor={cursor}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "#/cursor"


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_as_many_queries_for_any_length(
    api, brand, django_assert_num_queries, count
):
    fail(brand, *[f"c{n}" for n in range(count)])

    with django_assert_num_queries(3):
        assert len(api.get("deadletters/messages").json()["deadLetters"]) == count


def test_a_page_reads_no_other_messages_than_its_own(api, brand):
    """Not those of other accounts or states, not older ones, and on the next page no earlier ones.

    Of messages that failed at one moment all are read.
    """
    for one in (brand, make_brand()):
        one.send("ana")
    with connection.cursor() as cursor:
        cursor.execute(_FILL)
        cursor.execute("ANALYZE campaigns_outboundmessage")
        # In a table of this size a plan that reads more may look as cheap.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    path = "deadletters/messages?limit=10"
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            answer = api.get(path).json()
        path = f"deadletters/messages?limit=10&cursor={answer['nextCursor']}"

        [scan] = scans_of("campaigns_outboundmessage", explain(captured[-1]["sql"]))
        assert scan["Index Name"] == "message_failed"
        assert rows_read(scan) <= 10 + 3
        assert len(refs(answer)) == 10
