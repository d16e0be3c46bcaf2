"""The events of one open stream, from hints and from looking again."""

import logging
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from accounts.models import Account
from common.event_stream import BEAT, Beat, Event, let_go
from common.live import Following, Hint, follow, listener
from consumers.models import Consumer
from conversations.api.dialog import conversation_json, message_json, outbound_json
from conversations.changes import DialogReader, News, Point
from conversations.live import consumer_topic, person_topic, watching
from conversations.models import Sender

logger = logging.getLogger(__name__)

BEAT_INTERVAL = timedelta(seconds=15)
# A hint may be lost: so often a stream looks by itself, and so often while it gets no hints.
LOOK_AGAIN = timedelta(seconds=30)
LOOK_WHILE_DEAF = timedelta(seconds=3)
# Of one consumer in one process: devices and tabs, and streams whose phone went away unnoticed.
MOST_STREAMS = 8
CROWDED: Hint = {"kind": "crowded"}

T = TypeVar("T")

EXPIRED = Event("expired", {})
REPLACED = Event("replaced", {})


class Crowd:
    """The open streams of this process by person, stored or not: one too many ends the oldest, so
    that nobody takes the places of all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._streams: dict[str, list[Following]] = defaultdict(list)

    @contextmanager
    def joined(self, person: str, following: Following) -> Iterator[None]:
        with self._lock:
            streams = self._streams[person]
            for oldest in streams[: len(streams) - MOST_STREAMS + 1]:
                oldest.add(CROWDED)
            streams.append(following)
        try:
            yield
        finally:
            with self._lock:
                self._streams[person].remove(following)
                if not self._streams[person]:
                    del self._streams[person]


crowd = Crowd()


class EventFeed:
    """What an app is told until its token ends, or the stream is old enough to be opened anew;
    between looks no connection is held."""

    def __init__(
        self, *, account: Account, consumer_ref: str, after: Point | None, token_ends_at: datetime
    ) -> None:
        now = timezone.now()
        self._account = account
        self._ref = consumer_ref
        self._person = person_topic(account.pk, consumer_ref)
        self._after = after
        self._token_ends_at = token_ends_at
        self._ends_at = min(token_ends_at, now + timedelta(seconds=settings.LIVE_STREAM_SECONDS))
        self._look_at = now
        self._has_begun = False

    def run(self) -> Iterator[Event | Beat]:
        consumer = self._find() or (yield from self._wait_to_be_known())
        if consumer is not None:
            yield from self._follow(consumer)
        if timezone.now() >= self._token_ends_at:
            yield EXPIRED

    def _follow(self, consumer: Consumer) -> Iterator[Event | Beat]:
        # Followed before the first look, so that nothing falls between them.
        with (
            follow(consumer_topic(consumer.pk), self._person) as following,
            watching(consumer.pk) as watch,
            crowd.joined(self._person, following),
        ):
            reader, hints = DialogReader(consumer), list[Hint]()
            while timezone.now() < self._ends_at:
                news = self._news(reader, hints)
                # Before anything is written: a reader who takes nothing holds up this thread alone.
                let_go()
                yield from news or (BEAT,)
                hints = following.wait(self._patience())
                watch.renew()
                if CROWDED in hints:
                    yield REPLACED
                    return

    def _find(self) -> Consumer | None:
        consumers = Consumer.objects.select_related("account")
        return _ask(lambda: consumers.filter(account=self._account, ref=self._ref).first())

    def _wait_to_be_known(self) -> Generator[Event | Beat, None, Consumer | None]:
        """Reading creates nobody: a first reply or a device does. All of it is news then."""
        self._has_begun = True
        with follow(self._person) as following, crowd.joined(self._person, following):
            while timezone.now() < self._ends_at:
                let_go()
                yield BEAT
                if CROWDED in following.wait(LOOK_WHILE_DEAF.total_seconds()):
                    yield REPLACED
                    return None
                if (consumer := self._find()) is not None:
                    return consumer
        return None

    def _patience(self) -> float:
        now = timezone.now()
        until = min(self._ends_at, self._look_at, now + BEAT_INTERVAL)
        return max(0.0, (until - now).total_seconds())

    def _news(self, reader: DialogReader, hints: Sequence[Hint]) -> list[Event]:
        events = [
            Event("typing", {"isTyping": hint["isTyping"]})
            for hint in hints
            if hint["kind"] == "typing" and hint["sender"] == Sender.AGENT
        ]
        now = timezone.now()
        if now < self._look_at and all(hint["kind"] != "changed" for hint in hints):
            return events
        found = _ask(lambda: self._look(reader, now))
        is_heard = found is not None and listener().is_connected
        self._look_at = now + (LOOK_AGAIN if is_heard else LOOK_WHILE_DEAF)
        if found is None:
            return events
        if not found.is_whole:
            self._look_at = now
        return [*events, *_told(found)]

    def _look(self, reader: DialogReader, now: datetime) -> News:
        if not self._has_begun:
            if self._after:
                reader.skip_to(self._after, now=now)
            else:
                reader.skip(now=now)
            self._has_begun = True
        return reader.look(now=now)


def _ask(question: Callable[[], T]) -> T | None:
    """None as well while the database is away; a stream bears that, and looks again."""
    try:
        return question()
    except (OperationalError, InterfaceError) as error:
        logger.warning("A live view could not look: %s", type(error).__name__)
        return None


def _told(news: News) -> Iterator[Event]:
    for route in news.outbound:
        yield Event("outbound", outbound_json(route), id=route.message_id.hex)
    for message in news.messages:
        yield Event("message", message_json(message), id=str(message.public_id))
    if news.conversation:
        yield Event("conversation", conversation_json(news.conversation))
    if news.read:
        yield Event("read", {"messageId": news.read})
    if news.unread is not None:
        yield Event("unread", {"unread": news.unread})
