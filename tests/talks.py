"""A queue as agents know it: somebody waits, somebody is answered, somebody was."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts.models import Account, Skill, User
from conversations.models import Conversation, MessageState, Sender
from conversations.services import answer, close_conversation, mark_read, receive_message
from tests.factories.consumers import ConsumerFactory, DeviceFactory
from tests.factories.conversations import ReplyRouteFactory
from tests.factories.lab import LabBrand

MESSAGE = (
    "Hi Ingrid, your new Larkfield card is on its way 💳 Choose your PIN before Friday "
    "27 November. Reply here if the address has changed."
)


@dataclass(frozen=True)
class Talks:
    """``waiting`` nobody has accepted; ``answered`` is the agent's; ``closed`` came before it."""

    waiting: Conversation
    answered: Conversation
    closed: Conversation


def make_talks(brand: LabBrand, agent: User) -> Talks:
    closed = _talk(brand, "astrid.l", 3000, "Where is my card?")
    answer(conversation=closed, text="On its way.", by=agent, now=_ago(2999))
    close_conversation(conversation=closed, by=agent, now=_ago(2990))
    answered = _talk(brand, "astrid.l", 9, "Can I pick it up at the branch in Växjö instead? 🙏")
    _say(brand.account, answered, 8, "I am away until Thursday and my mailbox is tiny 📬")
    answer(
        conversation=answered,
        text="Hello Astrid! Yes, the card can be sent to the branch at Storgatan 12. It is there "
        "from Thursday 10:00. Please bring your ID.",
        by=agent,
        now=_ago(7),
    )
    mark_read(conversation=answered, reader=Sender.CONSUMER)
    _say(brand.account, answered, 1, "Perfect, thank you 🙏")
    waiting = _talk(brand, "leila.haddad", 6, "هل يمكنني استلامها من الفرع؟")
    _talk(brand, "tuan.nguyen.84", 2, "Is this really from you?")
    _talk(brand, "sub_0f3a9e77-51c4-4b02-9d11-000000000001", 0, "PIN does not work")
    other = brand.account.default_skill
    _talk(brand, "a.bergström", 4, "Hej! Jag undrar över avgiften på mitt konto", skill=other)
    for talk in (waiting, answered, closed):
        talk.refresh_from_db()
    return Talks(waiting, answered, closed)


def _talk(
    brand: LabBrand, ref: str, minutes: float, text: str, *, skill: Skill | None = None
) -> Conversation:
    """Somebody answers a campaign’s message, so many minutes ago."""
    account = brand.account
    consumer = account.consumers.filter(ref=ref).first()
    if consumer is None:
        consumer = ConsumerFactory(account=account, ref=ref)
        DeviceFactory(
            consumer=consumer, app=brand.app, platform="ios", model="iPhone 15",
            os_version="19.1", city="Växjö", country="SE", locale="sv-SE",
        )  # fmt: skip
    route = ReplyRouteFactory(
        account=account,
        skill=skill or brand.billing,
        consumer_ref=ref,
        text=MESSAGE,
        state=MessageState.OPENED,
        valid_from=_ago(minutes + 4),
        opened_at=_ago(minutes + 1),
    )
    message_id: UUID = route.message_id
    return receive_message(
        account=account, consumer=consumer, text=text, message_id=message_id, now=_ago(minutes)
    ).conversation


def _say(account: Account, talk: Conversation, minutes: float, text: str) -> None:
    assert talk.consumer is not None
    receive_message(account=account, consumer=talk.consumer, text=text, now=_ago(minutes))


def _ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)
