"""E6: agents see, accept, answer, transfer and close the conversations of their skills."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import Role
from accounts.roles import ANSWER_CONVERSATIONS
from conversations import queue
from conversations.figures import people_now
from conversations.models import ConversationState, PushState, ReplyPush, Sender
from conversations.queue import queue_of
from conversations.seats import seat_of
from conversations.services import (
    accept_conversation,
    add_agent_message,
    close_conversation,
    mark_read,
    receive_message,
)
from tests.factories.accounts import SkillFactory, member
from tests.factories.consumers import ConsumerFactory, DeviceFactory
from tests.factories.conversations import CannedReplyFactory, NamedWidgetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(account, billing):
    agent = member(Role.AGENT, account, email="amir@brand.example", name="Amir Nouri")
    agent.memberships.get().skills.add(billing)
    return agent


@pytest.fixture
def talk(account, billing, anna):
    return talk_of(account, billing, anna)


def talk_of(account, skill, consumer, *, minutes=0, text="Hello?"):
    account.default_skill = skill
    account.save()
    at = timezone.now() - timedelta(minutes=minutes)
    return receive_message(account=account, consumer=consumer, text=text, now=at).conversation


def browser_of(user):
    client = Client()
    client.force_login(user)
    return client


def url(talk, what="conversation"):
    return reverse(f"workspace_{what}", args=[talk.account.number, talk.public_id])


def desk(account):
    return reverse("workspace", args=[account.number])


def test_an_agent_comes_home_to_the_workspace(agent, account):
    browser = browser_of(agent)

    for start in ("/", f"/account/{account.number}/", "/workspace/"):
        answer = browser.get(start, follow=True)
        assert answer.redirect_chain[-1][0] == desk(account), start


def test_who_answers_nothing_has_no_workspace(account):
    answer = browser_of(member(Role.CAMPAIGN_MANAGER, account)).get("/workspace/")

    assert answer.status_code == 403


def test_an_agent_sees_the_conversations_of_own_skills_only(agent, account, talk):
    other = talk_of(account, SkillFactory(account=account), ConsumerFactory(account=account))
    browser = browser_of(agent)

    page = browser.get(desk(account))
    assertContains(page, url(talk))
    assertNotContains(page, url(other))
    assert browser.get(url(other)).status_code == 404
    assert browser.post(url(other, "reply"), {"text": "Hi"}).status_code == 404


def test_who_manages_agents_sees_all_skills(account, talk):
    manager = member(Role.AGENT_MANAGER, account)

    assertContains(browser_of(manager).get(url(talk)), "Hello?")


def test_an_agent_without_skills_is_told_who_can_give_one(account, talk):
    member(Role.ADMINISTRATOR, account, name="Astrid Lind")

    page = browser_of(member(Role.AGENT, account)).get(desk(account))

    assertContains(page, "Astrid Lind can give you one")
    assertNotContains(page, url(talk))


def test_who_waits_longest_is_first_and_late_beyond_the_skills_target(agent, account, billing):
    for ref, minutes in (("early", 2), ("late", 9)):
        consumer = ConsumerFactory(account=account, ref=ref)
        talk_of(account, billing, consumer, minutes=minutes, text=f"I am {ref}")

    page = browser_of(agent).get(desk(account)).content.decode()

    assert page.index("I am late") < page.index("I am early")
    assert page.count('class="late"') == 1
    assert "waits 9 min" in page
    assert "<title>(2) Workspace" in page


def test_the_navigation_counts_who_waits_in_own_skills(agent, account, talk):
    talk_of(account, SkillFactory(account=account), ConsumerFactory(account=account))

    page = browser_of(agent).get(desk(account))

    assertContains(page, '<span class="count">1<span class="vh"> waiting</span></span>')


def test_accepted_it_stands_under_mine_and_can_be_answered(agent, account, talk):
    DeviceFactory(consumer=talk.consumer)
    browser = browser_of(agent)
    page = browser.get(url(talk))
    assertContains(page, "Nobody answers this conversation yet.")

    assertRedirects(browser.post(url(talk, "accept")), url(talk))
    answer = browser.post(url(talk, "reply"), {"text": "Hi Anna", "client_id": "x1"}, follow=True)

    assertContains(answer, "Hi Anna")
    assertContains(answer, "The app is closed: your reply goes out as a push")
    talk.refresh_from_db()
    assert (talk.accepted_by, talk.waiting_since) == ("amir@brand.example", None)


def test_headings_count_all_conversations_and_not_only_the_rows_below_them(
    agent, account, billing, monkeypatch
):
    monkeypatch.setattr(queue, "MOST_MINE", 1)
    monkeypatch.setattr(queue, "MOST_OTHERS", 1)
    for by in [str(agent)] * 2 + ["priya@brand.example"] * 3:
        talk = talk_of(account, billing, ConsumerFactory(account=account))
        accept_conversation(conversation=talk, by=by, now=timezone.now())

    page = browser_of(agent).get(desk(account))

    assertContains(page, "<span>Mine</span><span>2</span>")
    assertContains(page, "<span>With colleagues</span><span>3</span>")


def test_a_reply_that_is_sent_twice_is_said_once(agent, talk):
    browser = browser_of(agent)

    for _ in range(2):
        browser.post(url(talk, "reply"), {"text": "Hi", "client_id": "x1"})

    assert talk.messages.filter(sender=Sender.AGENT).count() == 1


def test_who_sends_another_text_because_an_answer_was_lost_is_told_that_the_first_arrived(
    agent, talk
):
    browser = browser_of(agent)
    browser.post(url(talk, "reply"), {"text": "Hi", "client_id": "x1"})

    page = browser.post(url(talk, "reply"), {"text": "Hi Anna", "client_id": "x1"})

    assertContains(page, "What you sent before has arrived after all")
    assertContains(page, ">Hi Anna</textarea>")
    assertNotContains(page, 'value="x1"')


def test_a_long_line_of_one_skill_hides_no_short_one(agent, account, billing, monkeypatch):
    monkeypatch.setattr("conversations.queue.MOST_WAITING", 2)
    loans = SkillFactory(account=account, name="Loans")
    agent.memberships.get().skills.add(loans)
    for minutes, skill, ref in ((9, billing, "b-1"), (8, billing, "b-2"), (1, loans, "l-1")):
        person = ConsumerFactory(account=account, ref=ref)
        talk_of(account, skill, person, minutes=minutes)

    queue = queue_of(seat_of(account, agent, {ANSWER_CONVERSATIONS}), now=timezone.now())

    assert [(line.waiting, [row.who for row in line.rows]) for line in queue.lines] == [
        (2, ["b-1"]),
        (1, ["l-1"]),
    ]


def test_of_two_who_answer_one_is_told_who_was_first_and_keeps_what_was_typed(agent, account, talk):
    accept_conversation(conversation=talk, by="priya@brand.example", now=timezone.now())

    page = browser_of(agent).post(url(talk, "reply"), {"text": "My long answer"})

    assertContains(page, "priya@brand.example answers this conversation.")
    assertContains(page, "My long answer")
    assert not talk.messages.filter(sender=Sender.AGENT).exists()


@pytest.mark.parametrize("text", ["", "x" * 5001, "a\x07b"])
def test_a_reply_that_cannot_be_sent_stays_in_its_field(agent, talk, text):
    accept_conversation(conversation=talk, by=agent, now=timezone.now())

    page = browser_of(agent).post(url(talk, "reply"), {"text": text})

    assertContains(page, "It was not sent.")
    assertContains(page, text[:5000])


def test_who_has_no_phone_reads_the_reply_in_the_app_later(agent, talk):
    accept_conversation(conversation=talk, by=agent, now=timezone.now())

    page = browser_of(agent).get(url(talk))

    assertContains(page, "No phone to push to: your reply waits in the app")


def test_what_the_consumer_has_read_says_so(agent, talk):
    now = timezone.now()
    add_agent_message(conversation=talk, text="Hi", by=agent, now=now)
    assertNotContains(browser_of(agent).get(url(talk)), "· read")

    mark_read(conversation=talk, reader=Sender.CONSUMER)

    assertContains(browser_of(agent).get(url(talk)), "· read")


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        (PushState.SENT, "", "pushed"),
        (PushState.FAILED, "token_gone", "could not be pushed"),
        (PushState.SKIPPED, "no_device", "no phone to push to"),
        (PushState.SKIPPED, "shown_live", "shown"),
    ],
)
def test_what_is_not_read_says_what_became_of_its_push(agent, talk, state, reason, words):
    DeviceFactory(consumer=talk.consumer)
    add_agent_message(conversation=talk, text="Hi", by=agent, now=timezone.now())
    ReplyPush.objects.update(state=state, reason=reason)

    assertContains(browser_of(agent).get(url(talk)), f"</time> · {words}</span>")


def test_only_who_answers_has_read_what_the_page_shows(agent, account, talk):
    browser_of(agent).get(url(talk))
    talk.refresh_from_db()
    assert talk.agent_read_to == 0
    accept_conversation(conversation=talk, by=agent, now=timezone.now())

    browser_of(agent).get(url(talk))

    talk.refresh_from_db()
    assert talk.agent_read_to == talk.messages.get().pk


def test_a_transferred_conversation_waits_for_the_other_skill(agent, account, talk):
    accept_conversation(conversation=talk, by=agent, now=timezone.now())
    loans = SkillFactory(account=account, name="Loans")
    browser = browser_of(agent)

    answer = browser.post(url(talk, "transfer"), {"skill": loans.pk}, follow=True)

    assertContains(answer, "The conversation waits for Loans now.")
    talk.refresh_from_db()
    assert (talk.skill, talk.accepted_by) == (loans, "")
    assert browser.get(url(talk)).status_code == 404


def test_another_accounts_skill_cannot_be_transferred_to(agent, talk):
    page = browser_of(agent).post(url(talk, "transfer"), {"skill": SkillFactory().pk})

    assertContains(page, "Select a valid choice")


def test_closing_asks_first_and_then_the_conversation_is_only_read(agent, talk):
    browser = browser_of(agent)
    assertContains(browser.get(url(talk, "close")), "The last word is theirs.")

    page = browser.post(url(talk, "close"), follow=True)

    assertContains(page, "This conversation is closed.")
    assertNotContains(page, 'name="text"')
    talk.refresh_from_db()
    assert (talk.state, talk.closed_by) == (ConversationState.CLOSED, "amir@brand.example")


def test_a_conversation_that_closed_by_itself_says_why_at_its_end(agent, talk):
    close_conversation(conversation=talk, by="the system", now=timezone.now())
    talk.closed_because = "Closed by the system, because nobody said a word."
    talk.save()

    page = browser_of(agent).get(url(talk))

    assertContains(page, "Closed by the system, because nobody said a word.")


def test_e5_the_page_tells_of_consumer_campaign_and_earlier_conversations(agent, account, talk):
    browser = browser_of(agent)
    browser.post(url(talk, "close"))
    DeviceFactory(consumer=talk.consumer, model="iPhone 15", city="Växjö", country="SE")
    later = talk_of(account, talk.skill, talk.consumer)

    page = browser.get(url(later))

    for words in ("iPhone 15", "Växjö, SE", "anna", str(later.public_id), url(talk)):
        assertContains(page, words)
    assertContains(page, "because there was no message to answer")


def test_f4_widgets_stand_beside_and_only_they_may_be_framed_and_only_here(
    agent, account, talk, settings
):
    settings.PUBLIC_URL = "https://proactive.example"
    NamedWidgetFactory(account=account, url="https://orders.brand.example:8443/agent?tab=1")
    browser = browser_of(agent)

    page = browser.get(url(talk))

    assertContains(page, "https://orders.brand.example:8443/agent?tab=1&amp;accountId=")
    assertContains(page, "consumerId=anna")
    policy = page["Content-Security-Policy"]
    assert "frame-src https://orders.brand.example:8443 https://proactive.example;" in policy + ";"
    assert "frame-src" not in browser.get(url(talk, "close"))["Content-Security-Policy"]


def test_without_script_a_canned_reply_is_put_behind_what_is_typed(agent, account, talk):
    accept_conversation(conversation=talk, by=agent, now=timezone.now())
    canned = CannedReplyFactory(account=account, text="We are here 8 to 20.")

    page = browser_of(agent).post(url(talk, "reply"), {"text": "Hello!", "insert": canned.pk})

    assertContains(page, "Hello!\nWe are here 8 to 20.</textarea>")
    assert talk.messages.count() == 1


def test_an_agent_without_script_is_there_with_each_page(agent, account):
    browser_of(agent).get(desk(account))

    (person,) = people_now(account, now=timezone.now())

    assert (person.membership.user, person.words) == (agent, "Available")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_workspace_costs_the_same_however_many_wait(
    agent, account, billing, talk, rows, django_assert_num_queries
):
    for n in range(rows):
        one = talk_of(account, billing, ConsumerFactory(account=account))
        if n:
            accept_conversation(conversation=one, by=agent, now=timezone.now())
    browser = browser_of(agent)

    with django_assert_num_queries(13):
        browser.get(desk(account))
    with django_assert_num_queries(23):
        browser.get(url(talk))
