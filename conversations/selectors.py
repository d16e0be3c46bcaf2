"""Reads for the app's dialog, for agents, for delivery and for routing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import Account, Membership, Skill
from accounts.roles import ANSWER_CONVERSATIONS, MANAGE_AGENTS, PERMISSIONS
from consumers.models import Consumer, Device, LogoutType
from conversations.models import (
    CannedReply,
    Conversation,
    ConversationState,
    Message,
    MessageState,
    ReplyRoute,
    Sender,
)

# What the agent widget shows of a consumer (F1).
MAX_RECENT = 5
RECENT = timedelta(days=30)
# What one answer to an app holds at most, the newest.
MAX_PENDING = 100
MAX_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Dialog:
    """From top to bottom: the welcome message or the outbound ones, then the conversation."""

    welcome: str | None
    outbound: tuple[ReplyRoute, ...]
    conversation: Conversation | None
    messages: tuple[Message, ...]


def routes_of(account: Account, consumer_ref: str) -> QuerySet[ReplyRoute]:
    """The consumer's routes, newest first."""
    routes = ReplyRoute.objects.filter(account=account, consumer_ref=consumer_ref)
    return routes.order_by("-valid_from", "-id")


def newest_route(account: Account, consumer_ref: str, now: datetime) -> ReplyRoute | None:
    """The newest live route, else the newest of those that are over, else None."""
    routes = routes_of(account, consumer_ref).exclude(state=MessageState.CLOSED)
    routes = routes.select_related("skill", "conversation")
    return routes.filter(valid_until__gt=now).first() or routes.first()


def standing_route(account: Account, consumer_ref: str, now: datetime) -> ReplyRoute | None:
    """The newest live route that takes all conversations of its lookback."""
    routes = routes_of(account, consumer_ref).exclude(state=MessageState.CLOSED)
    standing = routes.filter(takes_all=True, valid_until__gt=now)
    return standing.select_related("skill", "conversation").first()


def default_skill(account: Account) -> Skill | None:
    """The account's default skill, else its first one: no message is lost for want of it."""
    return account.default_skill or account.skills.order_by("id").first()


def pending_messages(*, account: Account, consumer: Consumer, now: datetime) -> list[ReplyRoute]:
    """What was sent, is not answered and can still be: the app's inbox, newest first."""
    routes = routes_of(account, consumer.ref).exclude(
        state__in=[MessageState.WAITING, MessageState.CLOSED]
    )
    return list(routes.filter(valid_until__gt=now, replied_at__isnull=True)[:MAX_PENDING])


def dialog(*, account: Account, consumer: Consumer, now: datetime) -> Dialog:
    """The open conversation, or the last one until a newer message begins another."""
    pending = pending_messages(account=account, consumer=consumer, now=now)
    conversation = shown_conversation(consumer, pending)
    answered = answered_routes(conversation) if conversation else []
    outbound = tuple(sorted([*answered, *pending], key=lambda route: (route.valid_from, route.pk)))
    return Dialog(
        welcome=None if outbound else account.welcome_message or None,
        outbound=outbound,
        conversation=conversation,
        messages=last_messages(conversation) if conversation else (),
    )


def conversations_of(consumer: Consumer) -> QuerySet[Conversation]:
    """Of somebody who is not stored none: those of nobody are of people who were erased."""
    conversations = Conversation.objects.filter(account_id=consumer.account_id)
    return conversations.filter(consumer_id=consumer.pk) if consumer.pk else conversations.none()


def open_conversation(consumer: Consumer) -> Conversation | None:
    return conversations_of(consumer).filter(state=ConversationState.OPEN).first()


def shown_conversation(consumer: Consumer, pending: Sequence[ReplyRoute]) -> Conversation | None:
    """The one that the consumer's dialog shows, beside what is in the inbox."""
    newest = conversations_of(consumer).select_related("skill").order_by("-id").first()
    return None if newest is None or _is_followed(newest, pending) else newest


def last_said(conversations: Sequence[Conversation]) -> dict[int, Message]:
    """The last message of each of these, by primary key, in one query."""
    said = Message.objects.filter(conversation__in=[one.pk for one in conversations])
    newest = said.order_by("conversation_id", "-id").distinct("conversation_id")
    return {message.conversation_id: message for message in newest}


def answered_routes(conversation: Conversation) -> list[ReplyRoute]:
    """The messages that it answers, and the one that led to the conversation before it."""
    answered = list(conversation.routes.all())
    return [*answered, conversation.continues] if conversation.continues else answered


def last_messages(conversation: Conversation) -> tuple[Message, ...]:
    """In the order in which they were said."""
    newest = conversation.messages.order_by("-id")[:MAX_SHOWN]
    return tuple(list(newest)[::-1])


def _is_followed(conversation: Conversation, pending: Sequence[ReplyRoute]) -> bool:
    closed_at = conversation.closed_at
    return closed_at is not None and any(
        route.sent_at is not None and route.sent_at > closed_at for route in pending
    )


def reply_devices(consumer_ids: Iterable[int]) -> QuerySet[Device]:
    """Registered devices that may get what agents say: logged in, or logged out with NONE (C4)."""
    may = Q(logged_out_at__isnull=True) | Q(logout_type=LogoutType.NONE)
    return Device.objects.registered().filter(may, consumer__in=consumer_ids)


def consumers_in_conversation(consumer_ids: Sequence[int]) -> set[int]:
    """Which of these consumers (primary keys) have an open conversation, in any channel."""
    open_ones = Conversation.objects.filter(
        consumer_id__in=consumer_ids, state=ConversationState.OPEN
    )
    return set(open_ones.values_list("consumer_id", flat=True))


def who_sees(conversation: Conversation) -> QuerySet[Membership]:
    """The agents of its skill, and who manages agents: one of a skill without any is seen too."""
    answering = Q(role__in=_roles_with(ANSWER_CONVERSATIONS), skills=conversation.skill_id)
    managing = Q(role__in=_roles_with(MANAGE_AGENTS))
    members = Membership.objects.filter(
        answering | managing, account=conversation.account_id, user__is_active=True
    )
    return members.select_related("user").order_by("user__email").distinct()


def _roles_with(permission: str) -> list[str]:
    return [role for role, permissions in PERMISSIONS.items() if permission in permissions]


def conversation_ids(message_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The public id of the conversation that answers each of these messages, where there is one."""
    answered = ReplyRoute.objects.filter(
        message_id__in=message_ids, conversation__isnull=False
    ).values_list("message_id", "conversation__public_id")
    return dict(answered)


@dataclass(frozen=True, slots=True)
class Answer:
    """That a message was answered; no conversation is named where it was erased since."""

    replied_at: datetime | None
    conversation_id: UUID | None
    skill: str | None
    opened_at: datetime | None
    closed_at: datetime | None


def answers_to(message_ids: Sequence[UUID]) -> dict[UUID, Answer]:
    """The answers to these messages, by message."""
    answered = ReplyRoute.objects.filter(message_id__in=message_ids, replied_at__isnull=False)
    rows = answered.values_list(
        "message_id",
        "replied_at",
        "conversation__public_id",
        "conversation__skill__name",
        "conversation__opened_at",
        "conversation__closed_at",
    )
    return {row[0]: Answer(row[1], row[2], row[3], row[4], row[5]) for row in rows}


def count_answers(account: Account, campaign_ids: Sequence[str]) -> dict[str, int]:
    """How many messages of each of these campaigns (public ids) were answered, in one query."""
    answered = ReplyRoute.objects.filter(
        account=account, campaign_id__in=campaign_ids, replied_at__isnull=False
    )
    return dict(answered.values_list("campaign_id").annotate(n=Count("pk")))


def first_answer(route: ReplyRoute) -> str:
    """What the consumer wrote in answer to the route's message; empty where nothing was."""
    if route.conversation is None or route.replied_at is None:
        return ""
    written = route.conversation.messages.filter(
        sender=Sender.CONSUMER, sent_at__gte=route.replied_at
    )
    first = written.order_by("id").first()
    return first.text if first else ""


def recent_outbound(*, account: Account, consumer_ref: str, now: datetime) -> list[ReplyRoute]:
    """What the consumer was told lately, newest first: at most five, of the last 30 days."""
    routes = routes_of(account, consumer_ref).exclude(state=MessageState.CLOSED)
    return list(routes.filter(valid_from__gt=now - RECENT).select_related("skill")[:MAX_RECENT])


def canned_for(conversation: Conversation) -> list[CannedReply]:
    """What may be put into a reply there: those of its skill, and those of all."""
    canned = CannedReply.objects.filter(account=conversation.account_id)
    fitting = canned.filter(Q(skill=None) | Q(skill=conversation.skill_id))
    return list(fitting.order_by("shortcut", "pk"))


def canned_of(account: Account) -> QuerySet[CannedReply]:
    canned = CannedReply.objects.filter(account=account).select_related("skill")
    return canned.order_by("shortcut", "pk")
