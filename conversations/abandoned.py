"""What happens to conversations that nobody tends (E6).

- Nobody has accepted it: it stays in the queue of its skill, and is never closed by itself.
- Who accepted it is not there while the consumer waits: it goes back to the queue. Who has a
  workspace open is there, unless they say that they are away; who acts by the API never is.
- The consumer is silent after the agent's last word: it is closed, for nothing is sent to who is in
  a conversation (E2). Who waits for an answer is never closed on.

After how long is told by the account. A conversation that somebody has in hand is left for the next
time, and so two who do this at once do nothing twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.audit import record
from conversations.announcements import announce_closed, announce_returned
from conversations.live import tell_changed
from conversations.models import Conversation, ConversationState
from conversations.routing import explain_closing, explain_return

# Who did it, as agents and the audit log name it.
SYSTEM = "the system"

_UNANSWERED = """
SELECT c.id FROM conversations_conversation c JOIN accounts_account a ON a.id = c.account_id
WHERE c.state = 'open' AND c.accepted_by <> '' AND a.return_after_minutes > 0
  AND greatest(c.waiting_since, c.accepted_at)
      <= %(now)s::timestamptz - a.return_after_minutes * interval '1 minute'
  AND c.waiting_since IS NOT NULL
  AND NOT EXISTS (
      SELECT 1 FROM conversations_agentpresence p JOIN accounts_user u ON u.id = p.user_id
      WHERE p.account_id = c.account_id AND u.email = c.accepted_by AND p.state = 'available'
        AND p.seen_at > %(now)s::timestamptz - a.return_after_minutes * interval '1 minute')
ORDER BY c.waiting_since LIMIT %(limit)s FOR NO KEY UPDATE OF c SKIP LOCKED
"""

_SILENT = """
SELECT c.id FROM conversations_conversation c JOIN accounts_account a ON a.id = c.account_id
WHERE c.state = 'open' AND c.waiting_since IS NULL AND a.close_after_hours > 0
  AND c.last_said_at <= %(now)s::timestamptz - a.close_after_hours * interval '1 hour'
ORDER BY c.last_said_at LIMIT %(limit)s FOR NO KEY UPDATE OF c SKIP LOCKED
"""


@transaction.atomic
def return_unanswered(*, now: datetime, limit: int) -> int:
    """Give one batch back to their queues; says how many."""
    found = _find(_UNANSWERED, now=now, limit=limit)
    for conversation in found:
        _return(conversation, now)
    return len(found)


@transaction.atomic
def close_silent(*, now: datetime, limit: int) -> int:
    """Close one batch; says how many."""
    found = _find(_SILENT, now=now, limit=limit)
    for conversation in found:
        _close(conversation, now)
    return len(found)


def _find(query: str, **given: Any) -> Sequence[Conversation]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        ids = [row[0] for row in cursor.fetchall()]
    rows = Conversation.objects.filter(pk__in=ids).order_by("pk")
    return list(rows.select_related("account", "skill", "consumer", "continues"))


def _return(conversation: Conversation, now: datetime) -> None:
    before, explanation = conversation.accepted_by, conversation.explanation
    conversation.explanation = explain_return(conversation, now=now)
    conversation.accepted_at, conversation.accepted_by = None, ""
    conversation.save(update_fields=["explanation", "accepted_at", "accepted_by"])
    record(
        by=SYSTEM,
        account=conversation.account,
        verb="conversation_returned",
        target=conversation,
        changes={
            "accepted_by": [before, ""],
            "explanation": [explanation, conversation.explanation],
        },
    )
    announce_returned(conversation, returned_from=before, now=now)
    tell_changed(conversation)


def _close(conversation: Conversation, now: datetime) -> None:
    conversation.state = ConversationState.CLOSED
    conversation.closed_at, conversation.closed_by = now, SYSTEM
    conversation.closed_because = explain_closing(conversation, now=now)
    conversation.save(update_fields=["state", "closed_at", "closed_by", "closed_because"])
    announce_closed(conversation, now=now)
    tell_changed(conversation)
