"""Where answers go: opened before a message is pushed, told of what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db import connection

from conversations.live import tell_people
from conversations.models import MessageState, ReplyRoute

# An outbound message's state moves only to a later one; a closed route stays
# closed, unless its message is sent again by hand.
_EARLIER: Mapping[MessageState, tuple[MessageState, ...]] = {
    MessageState.SENT: (MessageState.WAITING,),
    MessageState.DELIVERED: (MessageState.WAITING, MessageState.SENT),
    MessageState.OPENED: (MessageState.WAITING, MessageState.SENT, MessageState.DELIVERED),
}


@dataclass(frozen=True, slots=True)
class NewRoute:
    """Where an answer to one outbound message goes, with copies of what an agent needs to know."""

    account_id: int
    message_id: UUID
    consumer_ref: str
    skill_id: int
    source: str
    campaign_id: str
    campaign_name: str
    engagement_name: str
    handoff_id: str
    handoff_title: str
    app_names: Sequence[str]
    title: str
    text: str
    valid_from: datetime
    valid_until: datetime
    takes_all: bool = False


# One statement for a slice of the delivery; a retry finds its route there already, and was checked
# again.
_OPEN_ROUTES = """
INSERT INTO conversations_replyroute (
    account_id, message_id, consumer_ref, skill_id, source, campaign_id, campaign_name,
    engagement_name, handoff_id, handoff_title, app_names, title, text, state,
    valid_from, valid_until, takes_all)
SELECT account_id, message_id, consumer_ref, skill_id, source, campaign_id, campaign_name,
    engagement_name, handoff_id, handoff_title, app_names, title, text, 'waiting',
    valid_from, valid_until, takes_all
FROM jsonb_to_recordset(%s::jsonb) AS route(
    account_id bigint, message_id uuid, consumer_ref text, skill_id bigint, source text,
    campaign_id text, campaign_name text, engagement_name text, handoff_id text,
    handoff_title text, app_names jsonb, title text, text text,
    valid_from timestamptz, valid_until timestamptz, takes_all boolean)
ON CONFLICT (message_id) DO UPDATE SET checked_at = DEFAULT
"""

_SET_STATES = """
UPDATE conversations_replyroute
SET state = %s, sent_at = coalesce(sent_at, %s), opened_at = coalesce(opened_at, %s)
WHERE message_id = ANY(%s) AND state = ANY(%s)
RETURNING account_id, consumer_ref
"""


def open_reply_routes(*, routes: Sequence[NewRoute]) -> None:
    """Open a route for each message before it is pushed; of one that is there only the time of the
    check changes."""
    if not routes:
        return
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_ROUTES, [orjson.dumps(routes).decode()])


def set_route_states(*, message_ids: Sequence[UUID], state: MessageState, now: datetime) -> None:
    """Tell the routes that their messages are sent, delivered or opened: forward only."""
    opened_at = now if state == MessageState.OPENED else None
    with connection.cursor() as cursor:
        cursor.execute(
            _SET_STATES, [state, now, opened_at, list(message_ids), list(_EARLIER[state])]
        )
        tell_people(cursor.fetchall())


def reopen_routes(*, message_ids: Sequence[UUID]) -> None:
    """These messages failed, and are to be sent again: they can be answered once they are."""
    ReplyRoute.objects.filter(message_id__in=message_ids, state=MessageState.CLOSED).update(
        state=MessageState.WAITING
    )


def close_routes(*, message_ids: Sequence[UUID]) -> None:
    """These messages were not sent after all, so nobody answers them.

    What a phone has shown stays open, whatever its provider said.
    """
    ReplyRoute.objects.filter(
        message_id__in=message_ids, state__in=[MessageState.WAITING, MessageState.SENT]
    ).update(state=MessageState.CLOSED)


_MARK_COUNTED = """
UPDATE conversations_replyroute SET is_counted = true WHERE id = ANY(ARRAY(
    SELECT id FROM conversations_replyroute WHERE replied_at IS NOT NULL AND NOT is_counted
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING campaign_id, message_id
"""


def mark_answers_counted(*, limit: int) -> list[tuple[str, UUID]]:
    """Mark so many answered routes as counted, for who counts them in the same transaction.

    Returns the public ids of their campaigns and messages.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARK_COUNTED, {"limit": limit})
        return list(cursor.fetchall())
