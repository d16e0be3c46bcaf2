"""J3, D8: the operator's window on messages; what failed for good is sent again from there."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Role
from campaigns.models import OutboundMessage, State
from tests.campaigns.conftest import deliver_all, make_brand
from tests.campaigns.test_dead_letters import fail, ids, mend
from tests.factories.accounts import UserFactory, member

MESSAGES = "/admin/campaigns/outboundmessage/"


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator(db):
    return signed_in(UserFactory(email="ops@example.com", is_staff=True, is_superuser=True))


def replay(client, *created):
    rows = OutboundMessage.objects.filter(public_id__in=[one for c in created for one in ids(c)])
    chosen = {"action": "replay", "_selected_action": [row.pk for row in rows]}
    page = client.post(MESSAGES, chosen, follow=True)
    return [str(message) for message in page.context["messages"]]


def state_of(created):
    return OutboundMessage.objects.get(public_id=ids(created)[0]).state


def listed(client, query):
    return set(client.get(f"{MESSAGES}?{query}").context["cl"].queryset)


def test_an_operator_sends_dead_letters_of_several_brands_again(operator, brand):
    ours, theirs = fail(brand, "ana"), fail(make_brand(), "bo")
    mend()

    told = replay(operator, ours, theirs)
    deliver_all()

    assert told == ["Sent again: 2."]
    assert (state_of(ours), state_of(theirs)) == (State.SENT, State.SENT)
    actors = AuditEvent.objects.filter(verb="messages_replayed").values_list("actor", flat=True)
    assert list(actors) == ["ops@example.com"] * 2


def test_why_others_are_not_sent_again_is_told(operator, brand):
    late, again = fail(brand, "ana"), fail(brand, "bo")
    OutboundMessage.objects.filter(public_id__in=ids(late)).update(expires_at=timezone.now())
    brand.consumer("cy")
    sent = brand.send("cy")
    deliver_all()

    assert replay(operator, late, again, sent) == [
        "Sent again: 1.",
        "Not sent again: 1, because they arrived, or may have.",
        "Not sent again: 1, because they are past their lookback.",
    ]
    assert replay(operator, again)[0] == "Sent again: 0."
    assert state_of(late) == State.FAILED


def test_a_brand_s_administrator_sees_and_sends_again_their_own_messages_only(brand):
    boss = signed_in(member(Role.ADMINISTRATOR, brand.account))
    ours, theirs = fail(brand, "ana"), fail(make_brand(), "bo")

    assert replay(boss, ours, theirs) == ["Sent again: 1."]

    assert {row.account for row in listed(boss, "")} == {brand.account}
    assert (state_of(ours), state_of(theirs)) == (State.QUEUED, State.FAILED)


@pytest.mark.parametrize("role", [Role.CAMPAIGN_MANAGER, Role.AGENT_MANAGER, Role.AGENT])
def test_no_other_role_sends_anything_again(brand, role):
    created = fail(brand, "ana")
    chosen = {"action": "replay", "_selected_action": [OutboundMessage.objects.get().pk]}

    page = signed_in(member(role, brand.account)).post(MESSAGES, chosen)

    assert "/admin/login/" in page["Location"]
    assert state_of(created) == State.FAILED


def test_messages_are_listed_by_what_they_failed_of(operator, brand):
    fail(brand, "ana")
    brand.send("stranger")
    deliver_all()

    assert {row.consumer_ref for row in listed(operator, "failed_of=payload_too_big")} == {"ana"}
    assert listed(operator, "failed_of=never_logged_in") == set()
    assert len(listed(operator, "")) == 2


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_messages_takes_the_same_queries_for_any_length(
    operator, brand, django_assert_num_queries, count
):
    fail(brand, *[f"c{n}" for n in range(count)])

    with django_assert_num_queries(6):
        operator.get(MESSAGES)
