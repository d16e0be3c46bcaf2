"""Canned replies: kept by who manages agents, offered in conversations of their skill."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import AuditEvent, Role
from conversations.models import CannedReply
from conversations.selectors import canned_for
from conversations.services import (
    MOST_CANNED,
    ShortcutInvalid,
    ShortcutTaken,
    SkillOfAnotherAccount,
    TextNotAllowed,
    TooManyCanned,
    add_canned,
    change_canned,
)
from tests.factories.accounts import SkillFactory, member
from tests.factories.conversations import CannedReplyFactory, ConversationFactory

pytestmark = pytest.mark.django_db


def add(account, shortcut="hours", text="We are here 8 to 20.", skill=None):
    return add_canned(account=account, shortcut=shortcut, text=text, skill=skill, by="tests")


def test_it_is_added_changed_and_removed_on_a_page_of_the_workspace(client, account, billing):
    client.force_login(member(Role.AGENT_MANAGER, account))
    page = reverse("workspace_canned", args=[account.number])

    answer = client.post(page, {"shortcut": "/hours", "text": "8 to 20", "skill": billing.pk})
    assertRedirects(answer, page)
    canned = CannedReply.objects.get()
    one = reverse("workspace_canned_edit", args=[account.number, canned.pk])
    client.post(one, {"shortcut": "open", "text": "9 to 20"})
    canned.refresh_from_db()
    assert (canned.shortcut, canned.text, canned.skill) == ("open", "9 to 20", None)
    client.post(f"{one}remove/")

    assert not CannedReply.objects.exists()
    verbs = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
    assert [*verbs][-3:] == ["canned_reply_added", "canned_reply_changed", "canned_reply_removed"]


def test_what_is_refused_stands_beside_its_field(client, account):
    add(account)
    client.force_login(member(Role.AGENT_MANAGER, account))

    page = client.post(
        reverse("workspace_canned", args=[account.number]), {"shortcut": "Hours", "text": "Again"}
    )

    assertContains(page, "There is a canned reply /Hours.")
    assertContains(page, "Again")


def test_it_is_offered_in_conversations_of_its_skill_or_of_all(account, billing):
    everywhere = CannedReplyFactory(account=account, shortcut="b")
    here = CannedReplyFactory(account=account, shortcut="a", skill=billing)
    CannedReplyFactory(account=account, skill=SkillFactory(account=account))
    CannedReplyFactory()

    talk = ConversationFactory(account=account, skill=billing, consumer__account=account)

    assert canned_for(talk) == [here, everywhere]


@pytest.mark.parametrize("shortcut", ["", "two words", "a/b", "-x", "x" * 31, "<b>", "a\nb"])
def test_a_shortcut_is_one_word(account, shortcut):
    with pytest.raises(ShortcutInvalid):
        add(account, shortcut)


def test_a_shortcut_is_taken_once_in_an_account(account):
    add(account)

    with pytest.raises(ShortcutTaken):
        add(account, "HOURS")
    other = add(account, "x")
    with pytest.raises(ShortcutTaken):
        change_canned(canned=other, shortcut="hours", text="x", skill=None, by="tests")


def test_its_text_is_one_that_may_be_said_and_its_skill_the_accounts_own(account):
    with pytest.raises(TextNotAllowed):
        add(account, text=" ")
    with pytest.raises(SkillOfAnotherAccount):
        add(account, skill=SkillFactory())


def test_there_is_a_most_of_them(account):
    CannedReply.objects.bulk_create(
        CannedReply(account=account, shortcut=f"s{n}", text="x") for n in range(MOST_CANNED)
    )

    with pytest.raises(TooManyCanned):
        add(account)


def test_the_audit_log_keeps_the_length_of_a_text_only(account):
    canned = add(account, text="Secret words")

    change_canned(canned=canned, shortcut="hours", text="Other", skill=None, by="tests")

    (event,) = AuditEvent.objects.filter(verb="canned_reply_changed")
    assert event.changes == {"text": ["12 characters", "5 characters"]}
