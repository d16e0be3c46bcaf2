"""The list of API handoffs: who finds what, and the half-made ones on top."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent
from campaigns.models import Campaign
from handoffs.models import Kind
from handoffs.selectors import last_changes
from handoffs.services import archive_handoff, edit_handoff
from tests.factories.accounts import AccountFactory
from tests.factories.handoffs import HandoffDraftFactory, HandoffFactory
from tests.plans import explain, rows_read, scans_of


@pytest.fixture
def titles(client, url):
    """Titles in their order, as the list with this query shows them."""

    def ask(**query):
        return [row.handoff.title for row in client.get(url("handoff_list"), query).context["rows"]]

    return ask


@pytest.fixture
def cards(brand):
    brand.handoff.title = "Cards"
    brand.handoff.save()
    return brand.handoff


def test_handoffs_stand_with_the_one_changed_last_on_top(brand, cards, carl, titles):
    loans = HandoffFactory(account=brand.account, title="Loans")
    assert titles() == ["Loans", "Cards"]

    edit_handoff(handoff=cards, changes={"text": "New"}, by=carl, now=timezone.now())

    assert titles() == ["Cards", "Loans"]
    assert titles(order="title") == ["Cards", "Loans"]
    assert loans.title in titles()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Loans", "Cards"]),
        ({"q": "card"}, ["Cards"]),
        ({"q": "h77"}, ["Loans"]),
        ({"q": "nothing\0"}, []),
        ({"kind": "ivr"}, ["Loans"]),
        ({"kind": "proactive"}, ["Cards"]),
        ({"channel": "inapp"}, ["Loans", "Cards"]),
        ({"channel": "sms"}, []),
        ({"state": "off"}, ["Loans"]),
        ({"state": "active"}, ["Cards"]),
        ({"state": "archived"}, ["Old"]),
        ({"state": "nonsense", "page": "0"}, ["Loans", "Cards"]),
    ],
    ids=str,
)
def test_the_list_is_narrowed_down_by_words_kind_channel_and_state(
    brand, cards, carl, titles, query, found
):
    HandoffFactory(
        account=brand.account, title="Loans", kind=Kind.IVR, is_active=False, public_id="H77"
    )
    old = HandoffFactory(account=brand.account, title="Old")
    archive_handoff(handoff=old, by=carl, now=timezone.now())
    HandoffFactory(account=AccountFactory(), title="Cards of another brand")

    assert titles(**query) == found


def test_a_row_says_who_changed_it_last_and_how_many_campaigns_used_it(
    brand, cards, carl, client, url
):
    brand.send({"ana": "Hi"})
    brand.send({"ana": "Hi"})
    brand.send({"ana": "Hi"})
    oldest = Campaign.objects.order_by("pk").first()
    oldest.created_at -= timedelta(days=31)
    oldest.save()
    edit_handoff(handoff=cards, changes={"text": "New"}, by=carl, now=timezone.now())

    page = client.get(url("handoff_list"))

    [row] = page.context["rows"]
    assert (row.campaigns, row.changed.actor) == (2, "carl@larkfield.example")
    assert "carl@larkfield.example" in page.content.decode()


def test_half_made_handoffs_stand_on_top_with_the_way_to_go_on(brand, client, url):
    draft = HandoffDraftFactory(account=brand.account)
    HandoffDraftFactory(account=AccountFactory())

    page = client.get(url("handoff_list"))

    assert page.context["drafts"] == [draft]
    assert url("handoff_draft", draft.pk) in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_number_of_queries_for_one_and_three_handoffs(
    brand, cards, client, url, django_assert_num_queries, count
):
    for _ in range(count - 1):
        HandoffFactory(account=brand.account)

    with django_assert_num_queries(7):
        assert len(client.get(url("handoff_list")).context["rows"]) == count


def test_more_than_fifty_handoffs_have_a_second_page(brand, cards, titles, client, url):
    for number in range(50):
        HandoffFactory(account=brand.account, title=f"No. {number}")

    assert len(titles()) == 50
    assert titles(page=2) == ["Cards"]
    assert client.get(url("handoff_list")).context["older"] == "?page=2"


def test_who_changed_a_handoff_is_found_among_all_that_the_brand_did(brand, cards, carl):
    edit_handoff(handoff=cards, changes={"text": "New"}, by=carl, now=timezone.now())
    done = {"account_number": brand.account.number, "target_type": "conversation"}
    AuditEvent.objects.bulk_create(
        AuditEvent(verb="conversation_transferred", actor="ann", target_id=str(n), **done)
        for n in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_auditevent")
    with CaptureQueriesContext(connection) as asked:
        changed = last_changes(brand.account, [cards])

    assert changed[cards.pk].actor == str(carl)
    plan = explain(asked[0]["sql"])
    assert sum(map(rows_read, scans_of("accounts_auditevent", plan))) < 50
