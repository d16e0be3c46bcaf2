"""A push carries the number that the app's badge is to show (D6)."""

import orjson
from django.utils import timezone

from conversations.services import add_agent_message, close_conversation
from push.models import LabPush
from tests.campaigns.conftest import deliver_all
from tests.factories.conversations import ConversationFactory


def badges():
    bodies = LabPush.objects.order_by("id").values_list("request_body", flat=True)
    return [orjson.loads(body)["aps"]["badge"] for body in bodies]


def test_each_message_that_waits_unopened_adds_to_the_badge(brand):
    brand.consumer("anna")
    for _ in range(3):
        brand.send("anna")
        deliver_all()

    assert badges() == [1, 2, 3]


def test_what_an_agent_said_before_it_is_not_on_the_badge(brand):
    """E4: the message begins the dialog anew."""
    talk = ConversationFactory(consumer=brand.consumer("anna"))
    add_agent_message(conversation=talk, text="Goodbye", by="bot", now=timezone.now())
    close_conversation(conversation=talk, by="bot", now=timezone.now())
    brand.send("anna")
    deliver_all()

    assert badges() == [1]


def test_a_try_that_is_repeated_does_not_count_itself(brand):
    brand.consumer("anna", token="lab:busy")
    created = brand.send("anna")
    deliver_all()
    created.campaign.messages.update(due_at=timezone.now())
    deliver_all()

    assert badges() == [1, 1]
