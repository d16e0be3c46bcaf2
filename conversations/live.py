"""Who looks at conversations now, and how they are told that something changed."""

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import transaction
from redis import Redis

from common.live import tell
from common.shared import shared_redis
from conversations.models import Conversation, Sender

# Seconds for which an app counts as there after it was last seen; its stream tells more often.
WATCHED_FOR = 30
WATCHING = "live-consumer:{}"


def consumer_topic(consumer_id: int) -> str:
    """What the apps of a consumer (primary key) follow."""
    return f"consumer:{consumer_id}"


def person_topic(account_id: int, consumer_ref: str) -> str:
    """What they follow for what is sent to them, which names a consumer by the brand's own id."""
    return f"person:{account_id}:{consumer_ref}"


def account_topic(account_id: int) -> str:
    """What the agents of an account (primary key) follow."""
    return f"account:{account_id}"


def tell_changed(conversation: Conversation) -> None:
    """Have both sides look again, once the change is committed."""
    transaction.on_commit(partial(_tell, conversation, kind="changed"))


def tell_consumer(consumer_id: int) -> None:
    """Have the apps of a consumer look again, once the change is committed."""
    topics = [consumer_topic(consumer_id)]
    transaction.on_commit(partial(tell, topics, kind="changed"))


def tell_people(people: Iterable[tuple[int, str]]) -> None:
    """Have the apps of these look again, by account (primary key) and the brand's own id, once the
    change is committed."""
    topics = [person_topic(account_id, ref) for account_id, ref in people]
    if topics:
        transaction.on_commit(partial(tell, topics, kind="changed"))


def tell_typing(conversation: Conversation, *, sender: Sender, is_typing: bool) -> None:
    """One side is writing, or has stopped; nothing of it is stored."""
    _tell(conversation, kind="typing", sender=str(sender), isTyping=is_typing)


def _tell(conversation: Conversation, **what: Any) -> None:
    topics = [account_topic(conversation.account_id)]
    if conversation.consumer_id is not None:
        topics.append(consumer_topic(conversation.consumer_id))
    tell(
        topics,
        conversation=str(conversation.public_id),
        skill=conversation.skill_id,
        **what,
    )


class Watch:
    """An app of a consumer that is there until it says otherwise, or is silent for WATCHED_FOR."""

    def __init__(self, consumer_id: int) -> None:
        self._key = WATCHING.format(consumer_id)
        self._name = uuid4().hex

    def renew(self) -> None:
        """Still there; to be called more often than each WATCHED_FOR seconds."""
        until = time.time() + WATCHED_FOR

        def note(redis: Redis) -> None:
            with redis.pipeline() as pipeline:
                pipeline.zadd(self._key, {self._name: until})
                pipeline.expire(self._key, WATCHED_FOR)
                pipeline.execute()

        shared_redis().ask(note, otherwise=None)

    def end(self) -> None:
        shared_redis().ask(lambda redis: redis.zrem(self._key, self._name), otherwise=None)


@contextmanager
def watching(consumer_id: int) -> Iterator[Watch]:
    """An app of the consumer has its dialog before it; renew the watch while it does."""
    watch = Watch(consumer_id)
    watch.renew()
    try:
        yield watch
    finally:
        watch.end()


def is_watching(consumer_id: int) -> bool:
    """Whether an app of the consumer has its dialog before it; not known is no."""
    return bool(watching_of([consumer_id]))


def watching_of(consumer_ids: Collection[int]) -> set[int]:
    """Of which of these consumers an app has its dialog before it: asked all at once."""
    now = time.time()

    def count(redis: Redis) -> list[int]:
        with redis.pipeline(transaction=False) as pipeline:
            for pk in consumer_ids:
                pipeline.zcount(WATCHING.format(pk), now, "+inf")
            return list(pipeline.execute())

    counts: list[int] = shared_redis().ask(count, otherwise=[])
    return {pk for pk, n in zip(consumer_ids, counts, strict=False) if n}
