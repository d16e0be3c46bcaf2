"""Erasing one person (C8): what says who they are and what was said goes, the figures stay."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from accounts.audit import record
from accounts.models import Account, User
from campaigns.announcements import announce_settled
from campaigns.ledger import Kept
from campaigns.models import RejectedRecipient, State
from campaigns.people import Person, messages_to
from common.errors import Conflict
from consumers import services as consumers
from consumers.models import Consumer, Device
from conversations.models import Conversation
from conversations.services import close_routes, erase_conversations, erase_routes
from push.services import forget_lab_pushes


class BeingSent(Conflict):
    """A message is with a push provider this very moment."""

    key = "being_sent"


@dataclass(frozen=True, slots=True)
class Extent:
    """What there is of a person. ``waiting`` messages have not gone out yet."""

    messages: int
    waiting: int
    conversations: int
    devices: int


def extent_of(person: Person) -> Extent:
    messages = messages_to(person.account, person.ref)
    of_consumer = {"consumer": person.consumer}
    return Extent(
        messages=messages.count(),
        waiting=messages.filter(state=State.QUEUED).count(),
        conversations=Conversation.objects.filter(**of_consumer).count() if person.consumer else 0,
        devices=Device.objects.filter(**of_consumer).count() if person.consumer else 0,
    )


@transaction.atomic
def erase_person(*, person: Person, by: User | str, now: datetime) -> Extent:
    """Erase one person. What waits for them does not go out.

    Messages keep their state, reason and times under an id that tells nothing, conversations
    theirs without a consumer and without what was said; devices and the consumer go.

    :raises BeingSent: in a moment it can be done.
    """
    account, ref = person.account, person.ref
    # Delivery and replies lock the same row first, so that neither adds anything meanwhile.
    locked = Consumer.objects.select_for_update(no_key=True).filter(account=account, ref=ref)
    consumer = locked.first()
    extent = extent_of(person)
    _stop_waiting(account, ref, now)
    if consumer is not None:
        erase_conversations(consumer=consumer, by=by, now=now)
    erase_routes(account=account, consumer_ref=ref)
    _empty_messages(account, ref)
    rejected = RejectedRecipient.objects.filter(campaign__account=account, consumer_ref=ref)
    rejected.update(consumer_ref="")
    record(
        by=by,
        account=account,
        verb="consumer_erased",
        target=consumer or account,
        label="",
        changes={
            "messages": (extent.messages, 0),
            "conversations": (extent.conversations, 0),
            "devices": (extent.devices, 0),
        },
    )
    if consumer is not None:
        forget_lab_pushes(Device.objects.filter(consumer=consumer).values_list("pk", flat=True))
        consumers.erase(consumer=consumer)
    return extent


# As delivery settles a message that a rule keeps back: the row, its line, and the count.
_STOP = """
WITH gone AS (
    UPDATE campaigns_outboundmessage
    SET state = 'suppressed', reason = 'consumer_erased', finished_at = %(now)s
    WHERE account_id = %(account)s AND consumer_ref = %(ref)s AND state = 'queued'
    RETURNING id, public_id, state, account_id, campaign_id, fence, created_at
),
told AS (
    INSERT INTO campaigns_messageevent
        (account_id, message_id, at, kind, fence, device_id, provider, outcome, reason, detail,
         provider_id)
    SELECT account_id, id, %(now)s, 'decided', fence, NULL, '', '', 'consumer_erased', '', ''
    FROM gone
),
counted AS (
    INSERT INTO campaigns_campaigntally
        (account_id, campaign_id, app_name, handoff_id, skill_id, day, state, reason, n)
    SELECT c.account_id, c.id, '', c.handoff_id, c.skill_id,
           (g.created_at AT TIME ZONE 'UTC')::date, 'suppressed', 'consumer_erased', 1
    FROM gone g JOIN campaigns_campaign c ON c.id = g.campaign_id
)
SELECT id, public_id, state, account_id, campaign_id FROM gone ORDER BY id
"""


def _stop_waiting(account: Account, ref: str, now: datetime) -> None:
    """:raises BeingSent: a worker has one of the messages in hand."""
    # Locked, so that no worker takes one of them while we look.
    rows = messages_to(account, ref).filter(state__in=(State.QUEUED, State.SENDING))
    held = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("state", flat=True))
    if State.SENDING in held:
        raise BeingSent("A message to this person is being sent right now. Try again in a moment.")
    with connection.cursor() as cursor:
        cursor.execute(_STOP, {"account": account.pk, "ref": ref, "now": now})
        kept = [Kept(*row) for row in cursor.fetchall()]
    close_routes(message_ids=[row.public_id for row in kept])
    announce_settled(kept, now=now)


# The id differs from message to message, so that nothing tells which were one person's. Campaign
# and id are unique together, and stay so.
_EMPTY = """
WITH emptied AS (
    UPDATE campaigns_outboundmessage
    SET consumer_ref = 'erased ' || public_id, title = '', text = ''
    WHERE account_id = %(account)s AND consumer_ref = %(ref)s
    RETURNING id
)
UPDATE campaigns_messageevent SET detail = '', provider_id = ''
WHERE message_id IN (SELECT id FROM emptied) AND (detail <> '' OR provider_id <> '')
"""


def _empty_messages(account: Account, ref: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY, {"account": account.pk, "ref": ref})
