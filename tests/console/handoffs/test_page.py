"""B4, B5, B6: one handoff's page, its versions, its copy, and its end."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role
from campaigns.models import Campaign
from handoffs.models import Handoff, HandoffDraft, Kind
from handoffs.services import create_handoff, edit_handoff
from tests.factories.accounts import ApiClientFactory, member
from tests.factories.handoffs import HandoffFactory
from tests.factories.lab import deliver_all

NOW = timezone.now()


@pytest.fixture
def cards(brand, carl):
    return create_handoff(
        account=brand.account,
        title="Cards",
        app_names=[brand.app.bundle_id],
        text="A secret offer for ${{1}}",
        by=carl,
        now=NOW,
    )


def words(page):
    """The page's text on one line."""
    return " ".join(re.sub("<[^>]+>", " ", page.content.decode()).split())


@pytest.mark.parametrize("role", [Role.AGENT_MANAGER, Role.AGENT])
def test_who_is_neither_campaign_manager_nor_administrator_makes_and_changes_nothing(
    brand, cards, url, role
):
    """B4"""
    client = Client()
    client.force_login(member(role, brand.account))

    for view in ("handoff_edit", "handoff_archive", "handoff_duplicate"):
        assert client.post(url(view, cards.public_id), {"title": "Mine"}).status_code == 403
    assert (
        client.post(url("handoff_new"), {"channels": ["inapp"], "kind": "ivr"}).status_code == 403
    )

    cards.refresh_from_db()
    assert (cards.title, cards.archived_at) == ("Cards", None)
    assert not HandoffDraft.objects.exists()


def test_versions_say_who_changed_what_and_when_without_the_texts(cards, client, url):
    """B6"""
    edit_handoff(
        handoff=cards,
        changes={
            "text": "Short",
            "lookback": timedelta(hours=26),
            "push_when_logged_out": False,
            "device_choice": "all",
            "route_all_within_lookback": True,
        },
        by="astrid@larkfield.example",
        now=NOW,
    )

    page = client.get(url("handoff_page", cards.public_id))

    second, first = page.context["versions"]
    assert (first.number, first.verb, first.by, first.changes) == (
        1,
        "Made",
        "carl@larkfield.example",
        [],
    )
    assert (second.number, second.by) == (2, "astrid@larkfield.example")
    assert {(one.field, one.before, one.after) for one in second.changes} == {
        ("Message", "25 characters", "5 characters"),
        ("Lookback", "30 d", "1 d 2 h"),
        ("Push when signed out", "yes", "no"),
        ("Devices", "The device used last", "Every device"),
        ("All conversations within the lookback", "no", "yes"),
    }
    assert "secret offer" not in words(page)


def test_duplicating_opens_a_draft_that_says_the_same_under_another_title(cards, client, url):
    """B6"""
    answer = client.post(url("handoff_duplicate", cards.public_id))

    draft = HandoffDraft.objects.get()
    assert answer.headers["Location"] == url("handoff_step", draft.pk, "message")
    client.post(url("handoff_step", draft.pk, "review"))
    copied = Handoff.objects.get(title="Copy of Cards")
    same = ("app_names", "text", "notification_title", "lookback", "channels", "device_choice")
    assert [getattr(copied, name) for name in same] == [getattr(cards, name) for name in same]
    assert copied.public_id != cards.public_id


def test_archiving_is_confirmed_with_numbers_and_keeps_everything(brand, client, url):
    """B5"""
    brand.phone("ana")
    brand.send({"ana": "Hi"})
    where = url("handoff_archive", brand.handoff.public_id)
    assert "Its 1 campaign and their figures stay as they are." in words(client.get(where))

    page = client.post(where, follow=True)

    assert "No call can use it." in words(page)
    archived = Handoff.objects.get()
    assert archived.archived_by == "carl@larkfield.example"
    assert Campaign.objects.get().handoff_snapshot["title"] == archived.title
    assert client.get(url("handoff_edit", archived.public_id)).status_code == 302


def test_archiving_is_refused_in_words_while_campaigns_go_out(brand, client, url, monkeypatch):
    """B5"""
    brand.phone("ana")
    monkeypatch.setattr("tests.factories.lab.deliver_all", lambda: None)
    brand.send({"ana": "Hi"})
    where = url("handoff_archive", brand.handoff.public_id)
    assert "1 message of its campaigns is still going out." in words(client.get(where))

    page = client.post(where)

    assert page.status_code == 409
    assert "Archive it when they are done" in words(page)
    assert Handoff.objects.get().archived_at is None
    deliver_all()
    assert client.post(where).status_code == 302


def test_the_page_shows_the_call_and_says_that_nothing_is_sent_from_here(brand, cards, client, url):
    """G3"""
    ApiClientFactory(account=brand.account, name="cards-core")

    for view in ("handoff_page", "handoff_done"):
        page = words(client.get(url(view, cards.public_id)))
        assert "In-App campaigns are sent by this call only, not from the web tool." in page
        assert f"/api/v2/account/{brand.account.number}/campaign" in page
        assert brand.account.api_clients.get().client_id in page
        assert "THE_CLIENT_SECRET" in page


def test_an_ivr_handoff_shows_the_calls_of_an_ivr(brand, client, url):
    ivr = HandoffFactory(account=brand.account, kind=Kind.IVR, app_names=[brand.app.bundle_id])

    page = words(client.get(url("handoff_page", ivr.public_id)))

    assert f"/api/account/{brand.account.number}/eligibility?v=2.0" in page
    assert "No campaign can use this handoff." in page


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_asks_the_same_number_of_queries_for_one_and_three_versions(
    cards, client, url, django_assert_num_queries, count
):
    for number in range(count - 1):
        edit_handoff(handoff=cards, changes={"title": f"No. {number}"}, by="x", now=NOW)

    with django_assert_num_queries(9):
        assert len(client.get(url("handoff_page", cards.public_id)).context["versions"]) == count
