"""An agent's message is put on its way to the consumer's phones."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from conversations.eligibility import GRACE
from conversations.live import is_watching
from conversations.models import Conversation, Message, ReplyPush
from conversations.selectors import reply_devices
from conversations.tasks import wake

# For so long a phone that is away, or a provider, may keep the push waiting.
EXPIRES_AFTER = timedelta(hours=24)
BOT = "0"


def queue_push(
    *, message: Message, conversation: Conversation, by: User | str, now: datetime
) -> None:
    """Queue it in the caller's transaction, where the consumer has a phone that may get it; an app
    that has the dialog open gets a moment to show the message itself."""
    consumer_id = conversation.consumer_id
    if consumer_id is None or not reply_devices([consumer_id]).exists():
        return
    is_watched = is_watching(consumer_id)
    ReplyPush.objects.create(
        account_id=conversation.account_id,
        message=message,
        agent_id=str(by.pk) if isinstance(by, User) else BOT,
        due_at=Now() + (GRACE if is_watched else timedelta()),
        expires_at=now + EXPIRES_AFTER,
    )
    if not is_watched:
        transaction.on_commit(wake)
