"""Rows of the list of campaigns, in the words that people read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from accounts.models import Account, Platform
from campaigns.held_up import HeldUp
from campaigns.models import Campaign
from campaigns.overviews import Overview
from common.template_words import duration
from push.reasons import sentence

_MOMENT = 60
# Most of what apps tell comes soon after a call; a page is watched for it that long.
_WATCHED = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Row:
    overview: Overview
    url: str
    words: str

    @property
    def campaign(self) -> Campaign:
        return self.overview.campaign

    @property
    def state(self) -> str:
        return self.overview.state

    @property
    def apps(self) -> str:
        names = self.overview.app_names
        return names[0] if len(names) == 1 else f"{len(names)} apps"


@dataclass(frozen=True, slots=True)
class Notice:
    """That pushes of an app wait, and why."""

    fact: str
    text: str
    next_try_at: datetime | None


def rows_of(account: Account, overviews: Sequence[Overview], now: datetime) -> list[Row]:
    return [
        Row(
            one,
            reverse("campaign_page", args=[account.number, one.campaign.public_id]),
            time_words(one, now),
        )
        for one in overviews
    ]


def time_words(one: Overview, now: datetime) -> str:
    """The line below the time when a campaign began; empty where there is nothing to add."""
    state, age = one.state, one.age(now)
    if one.stopped_after is not None:
        return f"stopped after {duration(one.stopped_after)}"
    if state in {"queued", "sending"}:
        is_new = age.total_seconds() < _MOMENT
        return "a moment ago" if is_new else f"{duration(age)} so far"
    if state == "scheduled":
        return "at its start" if one.campaign.start_at else "in its window"
    if one.counts.sent:
        return ""
    return "nothing was sent" if state == "failed" else "nobody could be reached"


def is_moving(one: Overview, now: datetime) -> bool:
    """Whether figures change by themselves: it goes out, or has gone so lately that apps tell."""
    return one.is_running or (one.counts.sent > 0 and one.age(now) < _WATCHED)


def notices_of(overviews: Iterable[Overview]) -> list[Notice]:
    """What holds up any of these campaigns, each told once."""
    held = {
        (one.app_name, one.platform, one.reason): one for each in overviews for one in each.held_up
    }
    return [_notice(one) for one in held.values()]


def _notice(held: HeldUp) -> Notice:
    platform = Platform(held.platform).label
    text = f"{sentence(held.reason)} Messages wait, and go out when it works again."
    return Notice(f"{held.app_name} on {platform} is held up.", text, held.next_try_at)
