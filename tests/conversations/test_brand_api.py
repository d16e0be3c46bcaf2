"""E5, E7: bots and agents of the brand read, accept, answer, transfer and close conversations."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent
from conversations.models import Conversation, Message
from conversations.services import receive_message
from tests.campaigns.caller import Api
from tests.campaigns.conftest import Brand, brand, deliver_all  # noqa: F401 -- a fixture
from tests.factories.accounts import ApiClientFactory, bearer
from tests.factories.webhooks import WebhookEndpointFactory
from webhooks.models import WebhookEvent

SCOPES = ["conversations:read", "conversations:write"]


@pytest.fixture
def shop(brand: Brand) -> Brand:  # noqa: F811 -- the fixture
    return brand


def bot(shop: Brand, name: str = "faq-bot", scopes: Any = SCOPES) -> Api:
    return Api(
        shop.account, bearer(ApiClientFactory(account=shop.account, name=name, scopes=scopes))
    )


@pytest.fixture
def talk(shop: Brand) -> Conversation:
    """Anna answered a campaign."""
    shop.consumer("anna", os_version="18.6", model="iPhone 15", country="GB", city="Leeds")
    shop.send("anna")
    deliver_all()
    return say(shop, "anna", "When does it come?")


def say(shop: Brand, ref: str, text: str) -> Conversation:
    consumer = shop.account.consumers.get(ref=ref)
    received = receive_message(
        account=shop.account, consumer=consumer, text=text, now=timezone.now()
    )
    return received.conversation


def test_a_bot_reads_what_was_said_after_the_last_that_it_knows(
    shop: Brand, talk: Conversation
) -> None:
    """E7"""
    api, here = bot(shop), f"conversations/{talk.public_id}/messages"
    (first,) = api.get(here).json()["messages"]
    assert api.get(f"{here}?after={first['messageId']}").json()["messages"] == []

    say(shop, "anna", "And where?")

    told = api.get(f"{here}?after={first['messageId']}").json()["messages"]
    assert [one["text"] for one in told] == ["And where?"]
    shop.consumer("bo")
    others = f"conversations/{say(shop, 'bo', 'Hello').public_id}/messages"
    assert api.get(f"{others}?after={first['messageId']}").status_code == 404
    refused = api.get(f"{others}?after=7")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "not_an_id"


def test_a_bot_reads_what_the_consumer_was_told_who_they_are_and_why_it_came(
    shop: Brand, talk: Conversation
) -> None:
    told = bot(shop).get(f"conversations/{talk.public_id}").json()

    (campaign,) = told["campaigns"]
    assert campaign["campaignName"] == "Card renewal"
    assert campaign["engagementName"] == "Card renewal · billing"
    assert (campaign["handoffTitle"], campaign["text"]) == ("Cards", "Hi anna")
    assert campaign["source"] == "API"
    assert 29 * 86_400 < campaign["lookbackSecondsLeft"] <= 30 * 86_400
    assert told["consumer"] == {
        "consumerId": "anna",
        "name": None,
        "platform": "ios",
        "osVersion": "18.6",
        "model": "iPhone 15",
        "country": "GB",
        "city": "Leeds",
        "timeZone": None,
        "earlierConversations": 0,
    }
    assert "billing" in told["explanation"]
    assert (told["state"], told["channel"], told["acceptedBy"]) == ("open", "inapp", None)


def test_a_bot_accepts_answers_and_closes(shop: Brand, talk: Conversation) -> None:
    api = bot(shop)
    here = f"conversations/{talk.public_id}"

    accepted = api.post(f"{here}/accept", {}).json()
    said = api.post(f"{here}/messages", {"text": "On Friday 📦"})
    closed = [api.post(f"{here}/close", {}).json() for _ in range(2)]

    assert accepted["acceptedBy"] == "faq-bot"
    assert (said.status_code, said.json()["author"]) == (201, "faq-bot")
    assert [one["state"] for one in closed] == ["closed", "closed"]
    assert closed[0]["closedAt"] == closed[1]["closedAt"]
    texts = [one["text"] for one in api.get(f"{here}/messages").json()["messages"]]
    assert texts == ["When does it come?", "On Friday 📦"]
    assert api.post(f"{here}/messages", {"text": "More"}).json()["errorKey"] == (
        "conversation_closed"
    )


def test_what_is_said_twice_under_one_id_is_said_once(shop: Brand, talk: Conversation) -> None:
    api, here = bot(shop), f"conversations/{talk.public_id}/messages"
    body = {"text": "On Friday", "clientMessageId": "bot-1"}

    first, second = api.post(here, body).json(), api.post(here, body).json()
    other = api.post(here, {**body, "text": "On Monday"})

    assert first == second
    assert (other.status_code, other.json()["errorKey"]) == (409, "client_id_reused")
    assert Message.objects.filter(sender="agent").count() == 1


def test_one_who_accepts_keeps_the_others_off(shop: Brand, talk: Conversation) -> None:
    here = f"conversations/{talk.public_id}/accept"
    assert bot(shop).post(here, {}).status_code == 200

    other = bot(shop, "other-bot").post(here, {})

    assert (other.status_code, other.json()["errorKey"]) == (409, "conversation_taken")
    assert "faq-bot" in other.json()["detail"]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_accept_at_once_one_has_it(shop: Brand, talk: Conversation) -> None:
    bots = [bot(shop, f"bot-{n}") for n in range(6)]
    here = f"conversations/{talk.public_id}/accept"

    def accept(one: Api) -> int:
        try:
            return int(one.post(here, {}).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(accept, bots))

    assert codes == [200, 409, 409, 409, 409, 409]


def test_a_transfer_leaves_it_to_be_accepted_there(shop: Brand, talk: Conversation) -> None:
    api, here = bot(shop), f"conversations/{talk.public_id}"
    api.post(f"{here}/accept", {})

    told = api.post(f"{here}/transfer", {"skill": shop.default_skill.name}).json()

    assert (told["skill"], told["acceptedBy"]) == ("general", None)
    assert "faq-bot" in told["explanation"]
    assert AuditEvent.objects.get(verb="conversation_transferred").actor == "faq-bot"
    unknown = api.post(f"{here}/transfer", {"skill": "nobody"})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (400, "#/skill")


def test_the_list_is_narrowed_and_paged(shop: Brand, talk: Conversation) -> None:
    for ref in ("bo", "carl"):
        shop.consumer(ref)
        say(shop, ref, "Hello")
    api = bot(shop)

    def listed(query: str) -> list[str]:
        found = api.get(f"conversations?{query}").json()["conversations"]
        return [one["consumerContent"]["inapp"] for one in found]

    assert listed("") == ["carl", "bo", "anna"]
    assert listed(f"skill={shop.skill.name}") == ["anna"]
    assert listed("consumer=bo") == ["bo"]
    api.post(f"conversations/{talk.public_id}/accept", {})
    assert listed("accepted=true") == ["anna"]
    assert listed("accepted=false&state=open") == ["carl", "bo"]
    first = api.get("conversations?limit=2").json()
    assert listed(f"limit=2&cursor={first['nextCursor']}") == ["anna"]


@pytest.mark.parametrize("others", [0, 3])
def test_one_number_of_queries_however_many(
    shop: Brand, talk: Conversation, others: int, django_assert_num_queries: Any
) -> None:
    for n in range(others):
        shop.consumer(f"c{n}")
        say(shop, f"c{n}", "Hello")
    api = bot(shop)

    with django_assert_num_queries(3):
        api.get("conversations")
    with django_assert_num_queries(5):
        api.get(f"conversations/{talk.public_id}")


def test_webhooks_are_told_that_it_was_closed(
    shop: Brand, talk: Conversation, django_capture_on_commit_callbacks: Any
) -> None:
    WebhookEndpointFactory(account=shop.account)
    bot(shop).post(f"conversations/{talk.public_id}/close", {})

    assert WebhookEvent.objects.filter(type="conversation.closed").count() == 1
