"""Who has seen what was said."""

from django.db import transaction
from django.db.models import Max

from conversations.live import tell_changed
from conversations.models import Conversation, Sender

_COLUMNS = {Sender.CONSUMER: "consumer_read_to", Sender.AGENT: "agent_read_to"}


@transaction.atomic
def mark_read(*, conversation: Conversation, reader: Sender, up_to: int | None = None) -> bool:
    """One side has seen everything up to a message (primary key), by default all of it.

    Forward only; whether it is news. A message that is not the conversation's counts as the last
    one before it that is.
    """
    messages = conversation.messages.all()
    if up_to is not None:
        messages = messages.filter(pk__lte=up_to)
    last = messages.aggregate(last=Max("pk"))["last"] or 0
    column = _COLUMNS[reader]
    is_news = Conversation.objects.filter(pk=conversation.pk, **{f"{column}__lt": last}).update(
        **{column: last}
    )
    if is_news:
        setattr(conversation, column, last)
        tell_changed(conversation)
    return bool(is_news)
