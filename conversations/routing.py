"""Where a conversation goes, and why, in one sentence; and why one was closed by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Account, Skill
from common.errors import Conflict
from conversations.models import Conversation, ReplyRoute


class NoSkill(Conflict):
    """The account has nobody to route to."""

    key = "no_skill"


@dataclass(frozen=True, slots=True)
class Route:
    """``route`` is the reply route that the consumer answers, if the message answers one;
    ``continues`` one that was answered before and takes this conversation too."""

    skill: Skill
    route: ReplyRoute | None
    explanation: str
    continues: ReplyRoute | None = None


def decide(
    *,
    account: Account,
    named_route: ReplyRoute | None,
    newest_route: ReplyRoute | None,
    standing_route: ReplyRoute | None,
    default_skill: Skill | None,
    now: datetime,
) -> Route:
    """Within the lookback the skill of the call, after it the default skill.

    A live named route wins over the newest one. A route that was answered in a conversation that
    has since been closed is used up, and the next message is an ordinary one: but where a handoff
    has all conversations go to the skill of its call, they do until the lookback ends. Of several
    such routes the named one takes the message, else the newest, which is ``standing_route``.

    :raises NoSkill: the default skill is asked for and there is none.
    """
    route = next(
        (found for found in (named_route, newest_route) if found and found.is_live(now)), None
    )
    if route is not None and route.replied_at is None:
        return Route(route.skill, route, _answers(route, account, now))
    standing = route if route is not None and route.takes_all else standing_route
    if standing is not None:
        return _stand(standing, account, now)
    if default_skill is None:
        raise NoSkill("The account has no skill to route to. Add one in Settings, Skills.")
    why_not = _why_not(route or named_route or newest_route, account, now)
    explanation = f"To {default_skill.name}, the default skill, because {why_not}."
    return Route(default_skill, None, explanation)


def explain_return(conversation: Conversation, *, now: datetime) -> str:
    account, since = conversation.account, conversation.waiting_since or now
    return (
        f"To {conversation.skill.name} again, because {conversation.accepted_by}, who had "
        f"accepted it, is not there and the consumer waits for an answer since "
        f"{_at(since, account, now)} ({account.time_zone})."
    )


def explain_closing(conversation: Conversation, *, now: datetime) -> str:
    """Why the system closes it: after so long the consumer will not answer any more."""
    account, said_at = conversation.account, conversation.last_said_at or now
    return (
        f"Closed by the system, because the consumer was silent for {_span(now - said_at)} after "
        f"the agent’s last word on {_at(said_at, account, now)} ({account.time_zone})."
    )


def _stand(route: ReplyRoute, account: Account, now: datetime) -> Route:
    """What is written for the first time answers the message, whatever was answered since."""
    if route.replied_at is None:
        return Route(route.skill, route, _answers(route, account, now))
    until = _at(route.valid_until, account, now)
    explanation = (
        f"To {route.skill.name}, because “{route.campaign_name}” has all conversations go there "
        f"until {until} ({account.time_zone})."
    )
    return Route(route.skill, None, explanation, continues=route)


def explain_transfer(
    *, account: Account, before: Skill, after: Skill, by: str, now: datetime
) -> str:
    return (
        f"To {after.name}, because {by} transferred it from {before.name} on "
        f"{_at(now, account, now)} ({account.time_zone})."
    )


def _answers(route: ReplyRoute, account: Account, now: datetime) -> str:
    sent = f"sent on {_at(route.sent_at, account, now)} and " if route.sent_at else ""
    return (
        f"To {route.skill.name}, because this answers “{route.campaign_name}”, {sent}open for "
        f"replies until {_at(route.valid_until, account, now)} ({account.time_zone})."
    )


def _why_not(route: ReplyRoute | None, account: Account, now: datetime) -> str:
    if route is None:
        return "there was no message to answer"
    name, zone = f"the message “{route.campaign_name}”", account.time_zone
    if route.replied_at is not None:
        return f"{name} had already been answered{_closed(route, account, now)}"
    if now < route.valid_until:
        return f"{name} was not sent"
    return f"{name} could be answered until {_at(route.valid_until, account, now)} ({zone})"


def _closed(route: ReplyRoute, account: Account, now: datetime) -> str:
    if route.conversation is None or route.conversation.closed_at is None:
        return ""
    closed_at = _at(route.conversation.closed_at, account, now)
    return f" and that conversation was closed on {closed_at} ({account.time_zone})"


def _span(span: timedelta) -> str:
    """In whole days, or in hours where it is no day."""
    hours = int(span.total_seconds()) // 3600
    number, unit = (hours // 24, "day") if hours >= 24 else (hours, "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _at(moment: datetime, account: Account, now: datetime) -> str:
    """Day and time in the account's zone; the year only where it is not the present one."""
    zone = ZoneInfo(account.time_zone)
    local = moment.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return f"{local.day} {local:%b}{year} at {local:%H:%M}"
