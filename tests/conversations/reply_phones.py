"""A brand's agent, a consumer with phones, and what a worker does when it is woken."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.utils import timezone

from accounts.models import Account, App
from consumers.models import Consumer, Device
from conversations.delivery import deliver
from conversations.models import Conversation, Message, ReplyPush
from conversations.services import add_agent_message
from push.models import LabPush
from tests.factories.accounts import AppFactory
from tests.factories.consumers import DeviceFactory
from tests.factories.conversations import ConversationFactory
from tests.factories.push import PushCredentialFactory


@dataclass
class Talk:
    """An open conversation of a consumer whose phones the push lab reaches."""

    account: Account
    app: App
    consumer: Consumer
    conversation: Conversation

    def phone(self, token: str = "phone-1", **facts: Any) -> Device:
        device: Device = DeviceFactory(consumer=self.consumer, app=self.app, token=token, **facts)
        return device

    def say(self, text: str = "Hello", **said: Any) -> Message:
        facts = {"by": "bot", "now": timezone.now(), **said}
        return add_agent_message(conversation=self.conversation, text=text, **facts)

    def row(self) -> ReplyPush:
        return ReplyPush.objects.get()


def make_talk(consumer: Consumer, **credential: Any) -> Talk:
    account = consumer.account
    app = AppFactory(account=account, bundle_id="com.brand.app", name="Brand")
    PushCredentialFactory(app=app, platform="ios", **credential)
    return Talk(account, app, consumer, ConversationFactory(consumer=consumer))


def work(*, with_slow: bool = False) -> None:
    while deliver(with_slow=with_slow):
        pass


def pass_time(seconds: float) -> None:
    """What waits, waits so much less."""
    for push in ReplyPush.objects.all():
        push.due_at -= timedelta(seconds=seconds)
        push.save(update_fields=["due_at"])


def shown() -> list[str]:
    """What phones show, from the first to the last."""
    pushes = LabPush.objects.filter(is_shown=True).order_by("id")
    return list(pushes.values_list("body", flat=True))


def asked(push: LabPush) -> dict[str, Any]:
    """What the lab was asked to show."""
    body: dict[str, Any] = orjson.loads(push.request_body)
    return body


def left_for(push: ReplyPush) -> float:
    """Seconds until it is looked at again."""
    return (push.due_at - timezone.now()).total_seconds()
