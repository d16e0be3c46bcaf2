"""B1, B3, B5: what a handoff is, and what happens to it."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEvent
from common.errors import InvalidRequest
from handoffs.models import Handoff
from handoffs.rules import (
    AppCount,
    ChannelsDontMix,
    LookbackOutOfRange,
    TextNotAllowed,
    UnknownApp,
)
from handoffs.services import (
    HandoffArchived,
    HandoffIdTaken,
    TitleTaken,
    archive_handoff,
    create_handoff,
    edit_handoff,
)
from tests.factories.accounts import AccountFactory, AppFactory
from tests.factories.handoffs import HandoffFactory
from tests.threads import at_once

NOW = datetime(2026, 11, 20, 13, 22, tzinfo=UTC)
BY = "manager@brand.example"


@pytest.fixture
def account(db):
    return AppFactory(bundle_id="com.brand.app").account


def create(account, **changes):
    given = {"title": "Cards", "app_names": ["com.brand.app"], "text": "Hello ${{1}} 👋"}
    return create_handoff(**{"account": account, "by": BY, "now": NOW, **given, **changes})


def test_a_new_handoff_has_an_id_of_h_and_15_digits_and_a_lookback_of_30_days(account):
    handoff = create(account)

    stored = Handoff.objects.get()
    assert stored == handoff
    assert stored.public_id[0] == "H"
    assert stored.public_id[1:].isdigit()
    assert len(stored.public_id) == 16
    assert stored.lookback == timedelta(days=30)
    assert stored.channels == ["inapp"]
    assert stored.text == "Hello ${{1}} 👋"
    assert stored.created_at == NOW


def test_a_brand_that_moves_keeps_its_handoff_ids(account):
    assert create(account, public_id="H484592").public_id == "H484592"


@pytest.mark.parametrize("public_id", ["", "H", "h1", "H1234567890123456", "H12 ", "H1\n", "H١"])
def test_a_handoff_id_is_h_and_1_to_15_digits(account, public_id):
    with pytest.raises(InvalidRequest) as refusal:
        create(account, public_id=public_id)

    assert [error.pointer for error in refusal.value.errors] == ["/public_id"]


def test_a_handoff_id_is_given_once_in_an_account(account):
    create(account, public_id="H1")

    with pytest.raises(HandoffIdTaken):
        create(account, public_id="H1", title="Other")


def test_a_title_is_unique_in_its_account_whatever_its_case(account):
    create(account, title="Cards")

    with pytest.raises(TitleTaken) as refusal:
        create(account, title="CARDS")

    assert refusal.value.pointer == "/title"
    assert Handoff.objects.count() == 1


def test_another_brand_may_use_the_same_title_and_id(account):
    other = AppFactory(bundle_id="com.brand.app", account=AccountFactory()).account
    create(account, public_id="H1")

    assert create(other, public_id="H1").account == other


def test_the_title_of_an_archived_handoff_is_free_again(account):
    archive_handoff(handoff=create(account), by=BY, now=NOW)

    assert create(account).archived_at is None


@pytest.mark.parametrize("title", ["a <b", "a> b", "", "x" * 256])
def test_a_title_has_1_to_255_characters_and_no_angle_brackets(account, title):
    with pytest.raises(InvalidRequest) as refusal:
        create(account, title=title)

    assert [error.pointer for error in refusal.value.errors] == ["/title"]


@pytest.mark.parametrize("title", ["two\nlines", "a\ttab", "bell\x07", "nul\0", "\u200b \ufeff"])
def test_a_title_is_one_line_that_can_be_read(account, title):
    with pytest.raises(TextNotAllowed):
        create(account, title=title)


@pytest.mark.parametrize("count", [0, 5])
def test_a_handoff_names_1_to_4_apps(account, count):
    names = [AppFactory(account=account).bundle_id for _ in range(count)]

    with pytest.raises(AppCount):
        create(account, app_names=names)


@pytest.mark.parametrize(("kind", "most"), [("proactive", 4), ("ivr", 3)])
def test_the_greatest_number_of_apps_is_4_and_3_for_ivr(account, kind, most):
    names = [AppFactory(account=account).bundle_id for _ in range(most + 1)]

    assert create(account, kind=kind, app_names=names[:most]).app_names == names[:most]
    with pytest.raises(AppCount):
        create(account, kind=kind, app_names=names, title="Other")


def test_an_app_named_twice_counts_once(account):
    handoff = create(account, app_names=["com.brand.app", "com.brand.app"])

    assert handoff.app_names == ["com.brand.app"]


@pytest.mark.parametrize("name", ["com.brand.other", "COM.BRAND.APP", "", "nul\0"])
def test_an_app_that_the_account_does_not_have_is_refused(account, name):
    AppFactory(account=AccountFactory(), bundle_id="com.brand.other")

    with pytest.raises(UnknownApp) as refusal:
        create(account, app_names=["com.brand.app", name])

    assert refusal.value.pointer == "/app_names/1"


@pytest.mark.parametrize("kind", ["proactive", "ivr"])
@pytest.mark.parametrize("other", ["sms", "wa"])
def test_in_app_goes_with_no_other_channel(account, kind, other):
    with pytest.raises(ChannelsDontMix):
        create(account, kind=kind, channels=["inapp", other])


def test_sms_and_whatsapp_go_together(account):
    assert create(account, channels=["wa", "sms"], app_names=[]).channels == ["wa", "sms"]


@pytest.mark.parametrize(
    "lookback",
    [
        timedelta(minutes=59),
        timedelta(days=30, hours=1),
        timedelta(hours=1, minutes=30),
        timedelta(0),
        timedelta(days=-1),
    ],
)
def test_a_lookback_is_1_hour_to_30_days_in_whole_hours(account, lookback):
    with pytest.raises(LookbackOutOfRange):
        create(account, lookback=lookback)


@pytest.mark.parametrize("lookback", [timedelta(hours=1), timedelta(days=29, hours=23)])
def test_a_lookback_is_read_as_days_and_hours(account, lookback):
    days, hours = create(account, lookback=lookback).lookback_days_hours

    assert timedelta(days=days, hours=hours) == lookback


@pytest.mark.parametrize(
    "text", ["\u200b", " \n\t", "nul\0", "bell\x07", "half \ud83d", "x" * 4001]
)
def test_a_text_can_be_read_and_fits(account, text):
    with pytest.raises(TextNotAllowed) as refusal:
        create(account, text=text)

    assert refusal.value.pointer == "/text"


def test_line_breaks_of_browsers_are_stored_as_one_character(account):
    assert create(account, text="one\r\ntwo\tthree").text == "one\ntwo\tthree"


def test_creating_is_audited_without_the_text(account):
    handoff = create(account, text="Your secret offer")

    event = AuditEvent.objects.get(verb="handoff_created")
    assert (event.actor, event.account_number) == (BY, account.number)
    assert event.target_id == str(handoff.pk)
    assert event.changes["text"] == ["0 characters", "17 characters"]
    assert "secret offer" not in str(event.changes)


def test_editing_changes_the_named_fields_and_says_who_did_it(account):
    handoff = create(account)
    later = NOW + timedelta(days=1)

    edit_handoff(
        handoff=handoff,
        changes={"title": "Card renewal", "lookback": timedelta(hours=2)},
        by="other@brand.example",
        now=later,
    )

    stored = Handoff.objects.get()
    assert (stored.title, stored.lookback) == ("Card renewal", timedelta(hours=2))
    assert (stored.text, stored.created_at, stored.updated_at) == ("Hello ${{1}} 👋", NOW, later)
    event = AuditEvent.objects.get(verb="handoff_edited")
    assert event.actor == "other@brand.example"
    assert event.changes == {
        "title": ["Cards", "Card renewal"],
        "lookback": ["30 days, 0:00:00", "2:00:00"],
    }


def test_editing_keeps_to_the_same_rules(account):
    handoff = create(account)

    with pytest.raises(ChannelsDontMix):
        edit_handoff(handoff=handoff, changes={"channels": ["inapp", "wa"]}, by=BY, now=NOW)
    assert Handoff.objects.get().channels == ["inapp"]


@pytest.mark.parametrize("field", ["account", "kind", "public_id", "archived_at"])
def test_what_a_handoff_is_known_by_is_never_edited(account, field):
    with pytest.raises(ValueError, match=field):
        edit_handoff(handoff=create(account), changes={field: None}, by=BY, now=NOW)


def test_editing_with_nothing_new_leaves_no_line_in_the_audit_log(account):
    edit_handoff(handoff=create(account), changes={"title": "Cards"}, by=BY, now=NOW)

    assert not AuditEvent.objects.filter(verb="handoff_edited").exists()


def test_a_snapshot_stays_as_it_was_when_the_handoff_is_edited(account):
    handoff = create(account)
    snapshot = handoff.snapshot()

    edit_handoff(handoff=handoff, changes={"text": "New", "title": "New"}, by=BY, now=NOW)

    assert (snapshot["text"], snapshot["title"]) == ("Hello ${{1}} 👋", "Cards")


def test_archiving_keeps_the_row_and_says_who_did_it(account):
    handoff = create(account)

    archive_handoff(handoff=handoff, by=BY, now=NOW)

    stored = Handoff.objects.get()
    assert (stored.archived_at, stored.archived_by) == (NOW, BY)
    assert AuditEvent.objects.filter(verb="handoff_archived", actor=BY).count() == 1


def test_an_archived_handoff_is_neither_edited_nor_archived_again(account):
    handoff = create(account)
    archive_handoff(handoff=handoff, by=BY, now=NOW)

    with pytest.raises(HandoffArchived):
        edit_handoff(handoff=handoff, changes={"title": "New"}, by=BY, now=NOW)
    with pytest.raises(HandoffArchived):
        archive_handoff(handoff=handoff, by="other@brand.example", now=NOW)
    assert Handoff.objects.get().archived_by == BY


def test_another_brands_handoff_does_not_exist(account):
    theirs = HandoffFactory(account=AccountFactory(), public_id="H7")

    assert not account.handoffs.filter(public_id="H7").exists()
    assert theirs.account.handoffs.get(public_id="H7") == theirs


@pytest.mark.django_db(transaction=True)
def test_two_people_who_edit_at_once_lose_nothing():
    account = AppFactory(bundle_id="com.brand.app").account
    handoff = create(account)

    at_once(
        lambda: edit_handoff(handoff=handoff, changes={"title": "New"}, by="a", now=NOW),
        lambda: edit_handoff(handoff=handoff, changes={"text": "New"}, by="b", now=NOW),
    )

    stored = Handoff.objects.get()
    assert (stored.title, stored.text) == ("New", "New")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_choose_a_title_at_once_one_gets_it():
    account = AppFactory(bundle_id="com.brand.app").account

    outcomes = at_once(lambda: create(account), lambda: create(account))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Handoff", "TitleTaken"]
    assert Handoff.objects.count() == 1
