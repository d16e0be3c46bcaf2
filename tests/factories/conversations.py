from datetime import timedelta

import factory
from django.utils import timezone

from common.ids import uuid7
from conversations.models import (
    CannedReply,
    Conversation,
    Message,
    MessageState,
    NamedWidget,
    ReplyRoute,
    Sender,
    Source,
)
from tests.factories.accounts import AccountFactory, SkillFactory
from tests.factories.consumers import ConsumerFactory


class ReplyRouteFactory(factory.django.DjangoModelFactory):
    """Of a message that was sent just now and can be answered for 30 days."""

    class Meta:
        model = ReplyRoute

    account = factory.SubFactory(AccountFactory)
    skill = factory.SubFactory(SkillFactory, account=factory.SelfAttribute("..account"))
    message_id = factory.LazyFunction(uuid7)
    consumer_ref = factory.Sequence(lambda n: f"consumer-{n}")
    source = Source.API
    campaign_id = "camp00001"
    campaign_name = "Card renewal"
    engagement_name = "Card renewal · Billing"
    handoff_id = "H123456789012345"
    handoff_title = "Cards"
    app_names = factory.LazyFunction(lambda: ["com.brand.app"])
    text = "Your card runs out"
    state = MessageState.SENT
    valid_from = factory.LazyFunction(timezone.now)
    sent_at = factory.SelfAttribute("valid_from")
    valid_until = factory.LazyAttribute(lambda route: route.valid_from + timedelta(days=30))


class ConversationFactory(factory.django.DjangoModelFactory):
    """Open, and empty."""

    class Meta:
        model = Conversation

    consumer = factory.SubFactory(ConsumerFactory)
    account = factory.SelfAttribute("consumer.account")
    skill = factory.SubFactory(SkillFactory, account=factory.SelfAttribute("..account"))
    explanation = "To the team that the test names."
    opened_at = factory.LazyFunction(timezone.now)


class MessageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Message

    conversation = factory.SubFactory(ConversationFactory)
    account = factory.SelfAttribute("conversation.account")
    sender = Sender.CONSUMER
    text = "Hello"


class CannedReplyFactory(factory.django.DjangoModelFactory):
    """Of all skills."""

    class Meta:
        model = CannedReply

    account = factory.SubFactory(AccountFactory)
    shortcut = factory.Sequence(lambda n: f"reply-{n}")
    text = "One moment, please."


class NamedWidgetFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = NamedWidget

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"Widget {n}")
    url = "https://orders.brand.example/agent"
