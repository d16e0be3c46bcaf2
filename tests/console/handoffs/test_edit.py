"""Editing a handoff, alone and by two at once (B1, B5)."""

import re

import pytest
from django.test import Client

from accounts.models import AuditEvent, Role
from campaigns.models import Campaign
from tests.factories.accounts import AppFactory, member

FIELDS = {
    "title": "Cards",
    "app_names": ["com.larkfield.mobile"],
    "notification_title": "Your new card",
    "text": "It is on its way.",
    "language": "en",
    "days": "30",
    "hours": "0",
    "push_when_logged_in": "on",
    "push_when_logged_out": "on",
    "device_choice": "newest",
    "is_active": "on",
}


@pytest.fixture
def cards(brand):
    handoff = brand.handoff
    handoff.title, handoff.text = FIELDS["title"], FIELDS["text"]
    handoff.save()
    return handoff


@pytest.fixture
def where(cards, url):
    return url("handoff_edit", cards.public_id)


@pytest.fixture
def astrid(brand):
    client = Client()
    client.force_login(member(Role.ADMINISTRATOR, brand.account, email="astrid@larkfield.example"))
    return client


def seen(page):
    return page.context["seen"]


def test_an_edit_changes_what_was_changed_and_nothing_that_was_sent(brand, cards, client, where):
    """B5"""
    brand.phone("ana")
    brand.send({"ana": "Hi"})
    opened = client.get(where)

    client.post(where, {**FIELDS, "text": "New words", "is_active": "", "seen": seen(opened)})

    cards.refresh_from_db()
    assert (cards.text, cards.is_active, cards.title) == ("New words", False, "Cards")
    assert Campaign.objects.get().handoff_snapshot["text"] == FIELDS["text"]
    event = AuditEvent.objects.get(verb="handoff_edited")
    assert sorted(event.changes) == ["is_active", "text"]


def test_saving_without_a_change_leaves_no_version(cards, client, where):
    client.post(where, {**FIELDS, "seen": seen(client.get(where))})

    assert not AuditEvent.objects.filter(verb="handoff_edited").exists()


def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(cards, client, where):
    opened = client.get(where)

    page = client.post(where, {**FIELDS, "title": "", "text": "Kept", "seen": seen(opened)})

    assert list(page.context["form"].errors) == ["title"]
    assert page.context["form"]["text"].value() == "Kept"
    assert page.context["phones"].likeness.text == "Kept"


def test_without_a_script_the_phones_are_drawn_anew_and_nothing_is_stored(cards, client, where):
    opened = client.get(where)
    given = {**FIELDS, "title": "", "text": "Hi ${{1}}", "sample_1": "Ana", "go": "look"}

    page = client.post(where, {**given, "seen": seen(opened)})

    assert page.context["phones"].likeness.text == "Hi Ana"
    assert page.context["form"]["title"].value() == ""
    assert not page.context["form"].errors
    assert seen(page) == seen(opened)
    cards.refresh_from_db()
    assert cards.text == FIELDS["text"]


def test_the_later_of_two_is_told_what_changed_meanwhile_and_neither_loses_anything(
    cards, client, astrid, where
):
    mine = client.get(where)
    hers = {**FIELDS, "text": "Hers", "hours": "1", "days": "2"}
    astrid.post(where, {**hers, "seen": seen(astrid.get(where))})

    told = client.post(where, {**FIELDS, "title": "Mine", "text": "Mine", "seen": seen(mine)})

    assert told.status_code == 409
    assert told.context["changed_by"] == "astrid@larkfield.example"
    assert [(one.field, one.theirs, one.yours) for one in told.context["meanwhile"]] == [
        ("Message", "Hers", "Mine"),
        ("Lookback", "2 d 1 h", ""),
    ]
    cards.refresh_from_db()
    assert (cards.title, cards.text) == ("Cards", "Hers")

    form = told.context["form"]
    again = {name: form[name].value() for name in FIELDS}
    client.post(where, {**again, "seen": seen(told)})

    cards.refresh_from_db()
    assert (cards.title, cards.text) == ("Mine", "Mine")
    assert cards.lookback_days_hours == (2, 1)


def test_a_forged_memory_of_an_older_handoff_is_told_what_changed(cards, client, where):
    forged = '{"at": "2026-01-01T00:00:00Z", "typed": {"app_names": [1, null], "text": 5, "x": 1}}'

    page = client.post(where, {**FIELDS, "title": "New", "seen": forged})

    assert page.status_code == 409
    cards.refresh_from_db()
    assert cards.title == "Cards"


def test_what_a_browser_makes_of_lines_and_apps_is_no_change_of_ones_own(
    brand, cards, client, astrid, where
):
    """Line breaks come as CRLF, apps in the order of the page."""
    other = AppFactory(account=brand.account, bundle_id="com.larkfield.other").bundle_id
    cards.app_names, cards.text = [other, brand.app.bundle_id], "One\ntwo"
    cards.save()
    mine = client.get(where)
    given = {**FIELDS, "app_names": [brand.app.bundle_id, other], "text": "One\r\ntwo"}
    hers = {**given, "text": "Hers"}
    astrid.post(where, {**hers, "seen": seen(astrid.get(where))})

    told = client.post(where, {**given, "title": "Mine", "seen": seen(mine)})

    form = told.context["form"]
    assert (form["title"].value(), form["text"].value()) == ("Mine", "Hers")
    assert [(one.field, one.yours) for one in told.context["meanwhile"]] == [("Message", "")]


def test_an_edit_of_what_was_archived_meanwhile_is_refused_in_words(cards, client, astrid, url):
    where = url("handoff_edit", cards.public_id)
    opened = client.get(where)
    astrid.post(url("handoff_archive", cards.public_id))

    page = client.post(where, {**FIELDS, "title": "Late", "seen": seen(opened)}, follow=True)

    assert "This handoff was archived" in page.content.decode()
    cards.refresh_from_db()
    assert cards.title == "Cards"


@pytest.mark.parametrize("forged", ["", "{}", "[1]", '{"at": "2026-01-01", "typed": {}}', "\x00"])
def test_a_form_without_its_memory_is_read_as_one_just_opened(cards, client, where, forged):
    client.post(where, {**FIELDS, "title": "New", "seen": forged})

    cards.refresh_from_db()
    assert cards.title == "New"


def test_an_app_that_the_account_lost_stays_visible_until_it_is_taken_away(
    brand, cards, client, where
):
    cards.app_names = ["com.gone", *cards.app_names]
    cards.save()

    opened = client.get(where)
    page = client.post(where, {**FIELDS, "app_names": cards.app_names, "seen": seen(opened)})

    assert "No longer an app of this account" in opened.content.decode()
    assert re.search("has no app .*com.gone", page.context["form"].errors["app_names"][0])
