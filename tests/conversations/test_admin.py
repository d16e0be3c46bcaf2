"""J3, B4: what operators and brands' administrators mend, each within their accounts."""

import pytest
from django.urls import reverse

from accounts.models import Role
from conversations.models import Conversation, Message, ReplyRoute
from tests.conversations.reply_phones import make_talk, work
from tests.factories.accounts import AccountFactory, SkillFactory, UserFactory, member
from tests.factories.consumers import ConsumerFactory
from tests.factories.conversations import (
    ConversationFactory,
    MessageFactory,
    ReplyRouteFactory,
)


@pytest.fixture
def admin(client, account):
    """A browser in which the brand's administrator is signed in."""
    user = member(Role.ADMINISTRATOR, account, email="boss@brand.example")
    client.force_login(user)
    return client


def page(conversation):
    return reverse("admin:conversations_conversation_change", args=[conversation.pk])


LIST = "admin:conversations_conversation_changelist"


def inline_form(**fields):
    return {"messages-TOTAL_FORMS": "0", "messages-INITIAL_FORMS": "0", **fields}


def test_a_conversation_is_shown_with_what_was_said_and_why_it_came_here(admin, anna):
    conversation = ConversationFactory(consumer=anna, explanation="To Billing, because.")
    MessageFactory(conversation=conversation, text="<b>Hello</b>")

    html = admin.get(page(conversation)).content.decode()

    assert "To Billing, because." in html
    assert "&lt;b&gt;Hello&lt;/b&gt;" in html
    assert "<b>Hello</b>" not in html


def test_history_cannot_be_rewritten(admin, anna):
    conversation = ConversationFactory(consumer=anna, explanation="To Billing, because.")
    message = MessageFactory(conversation=conversation, text="Hello")

    admin.post(
        page(conversation),
        {
            "skill": conversation.skill_id,
            "explanation": "Other",
            "state": "closed",
            "messages-TOTAL_FORMS": "1",
            "messages-INITIAL_FORMS": "1",
            "messages-0-id": message.pk,
            "messages-0-conversation": conversation.pk,
            "messages-0-text": "Other",
            "messages-0-DELETE": "on",
        },
    )

    stored = Conversation.objects.get()
    assert (stored.explanation, stored.state) == ("To Billing, because.", "open")
    assert Message.objects.get().text == "Hello"


def test_closing_is_an_action(admin, anna):
    conversation = ConversationFactory(consumer=anna)

    admin.post(reverse(LIST), {"action": "close", "_selected_action": [conversation.pk]})

    stored = Conversation.objects.get()
    assert (stored.state, stored.closed_by) == ("closed", "boss@brand.example")


def test_another_skill_is_a_transfer(admin, anna, billing):
    conversation = ConversationFactory(consumer=anna)

    response = admin.post(page(conversation), inline_form(skill=billing.pk))

    assert response.status_code == 302
    stored = Conversation.objects.get()
    assert stored.skill == billing
    assert stored.explanation.startswith("To Billing, because boss@brand.example transferred it")


def test_a_conversation_goes_to_no_skill_of_another_account(client, anna):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    conversation = ConversationFactory(consumer=anna)
    theirs = SkillFactory(account=AccountFactory())

    response = client.post(page(conversation), inline_form(skill=theirs.pk))

    assert "Select a valid choice" in response.content.decode()
    assert Conversation.objects.get().skill == conversation.skill


def test_a_closed_conversation_offers_no_skill_to_choose(admin, anna, billing, now):
    conversation = ConversationFactory(consumer=anna, state="closed", closed_at=now)

    assert 'name="skill"' not in admin.get(page(conversation)).content.decode()
    admin.post(page(conversation), inline_form(skill=billing.pk))
    assert Conversation.objects.get().skill == conversation.skill


def test_conversations_are_neither_made_nor_deleted_by_hand(admin, anna):
    conversation = ConversationFactory(consumer=anna)

    assert admin.get(reverse("admin:conversations_conversation_add")).status_code == 403
    url = reverse("admin:conversations_conversation_delete", args=[conversation.pk])
    assert admin.post(url, {"post": "yes"}).status_code == 403
    admin.post(
        reverse(LIST),
        {"action": "delete_selected", "_selected_action": [conversation.pk], "post": "yes"},
    )
    assert Conversation.objects.count() == 1


def test_reply_routes_are_read_only(admin, account):
    route = ReplyRouteFactory(account=account, text="Your card")
    url = reverse("admin:conversations_replyroute_change", args=[route.pk])

    assert "Your card" in admin.get(url).content.decode()
    assert admin.post(url, {"text": "Other"}).status_code == 403
    assert ReplyRoute.objects.get().text == "Your card"


def test_an_administrator_sees_no_other_brands_conversations(admin, account, anna):
    mine = ConversationFactory(consumer=anna)
    theirs = ConversationFactory()
    route = ReplyRouteFactory(campaign_name="Their campaign")

    html = admin.get(reverse(LIST)).content.decode()
    assert str(mine.public_id) in html
    assert str(theirs.public_id) not in html
    assert admin.get(page(theirs)).status_code == 302
    admin.post(reverse(LIST), {"action": "close", "_selected_action": [theirs.pk]})
    assert Conversation.objects.get(pk=theirs.pk).state == "open"
    routes = admin.get(reverse("admin:conversations_replyroute_changelist")).content.decode()
    assert route.campaign_name not in routes


def test_pushes_of_what_agents_said_are_listed_with_what_became_of_them(admin, anna):
    ours, theirs = make_talk(anna), make_talk(ConsumerFactory())
    said = []
    for talk in (ours, theirs):
        talk.phone("lab:too-big")
        said.append(talk.say())
    work()

    html = admin.get(reverse("admin:conversations_replypush_changelist")).content.decode()

    assert str(said[0].public_id) in html
    assert "payload_too_big" in html
    assert str(said[1].public_id) not in html
