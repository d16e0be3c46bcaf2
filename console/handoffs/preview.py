"""The phones beside a handoff's form: drawn with each page, and again while somebody types."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.models import Account
from accounts.permissions import AccountPermissionMixin
from accounts.roles import MANAGE_HANDOFFS
from campaigns.likeness import Likeness, make_likeness
from handoffs.forms import MessageForm, samples_in, typed, wanted_samples
from handoffs.models import Channel, Handoff

# The phones of the preview: the class that shows one, its system and its theme.
PHONES = (
    ("il", "ios", "light"),
    ("id", "ios", "dark"),
    ("al", "android", "light"),
    ("ad", "android", "dark"),
)


@dataclass(frozen=True, slots=True)
class Phones:
    """A likeness on four phones, and the time on their screens."""

    likeness: Likeness
    shown: tuple[tuple[str, str, str], ...]
    date: str
    clock: str


def draw(handoff: Handoff, samples: Mapping[str, str], now: datetime) -> Phones:
    local = now.astimezone(ZoneInfo(handoff.account.time_zone))
    return Phones(
        likeness=make_likeness(handoff=handoff, samples=samples, now=now),
        shown=PHONES,
        date=f"{local:%A} {local.day} {local:%B}",
        clock=f"{local:%H:%M}",
    )


def handoff_typed(account: Account, data: Mapping[str, Any], kind: str) -> Handoff:
    """What stands in the message step, right or not."""
    return Handoff(
        account=account,
        kind=kind,
        channels=[Channel.INAPP],
        title=data.get("title", ""),
        app_names=data.get("app_names", []),
        notification_title=data.get("notification_title", ""),
        text=data.get("text", ""),
    )


class HandoffPreview(AccountPermissionMixin):
    """What htmx asks for while somebody types; the page drew the same before."""

    required_permission = MANAGE_HANDOFFS

    def post(self, request: HttpRequest, account_number: int) -> HttpResponse:
        data = typed(MessageForm, request.POST)
        handoff = handoff_typed(self.account, data, request.POST.get("kind", ""))
        samples = samples_in(data)
        has_all = list(map(str, wanted_samples(data))) == sorted(samples, key=int)
        context = {
            "account": self.account,
            "phones": draw(handoff, samples, timezone.now()),
            # What somebody may be typing in is not replaced.
            "keeps_samples": has_all,
        }
        return render(request, "console/handoffs/_previewed.html", context)
