"""How pages write numbers, shares, times and durations; every template has these.

The words are those of the design language: thousands separated, one decimal for a share, "Today
10:31", and – for what is not known.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

UNKNOWN = "–"
THIN = "\N{NARROW NO-BREAK SPACE}"
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60))


@register.filter
def number(value: int | None) -> str:
    """1284310 as 1,284,310."""
    return UNKNOWN if value is None else f"{value:,}"


@register.filter
def share(part: int | None, whole: int | None) -> str:
    """A part of a whole in percent: 94.1 %."""
    if part is None or not whole:
        return UNKNOWN
    return f"{100 * part / whole:.1f}{THIN}%"


@register.filter
def percent(part: int | None, whole: int | None) -> str:
    """The same for an attribute of an SVG: "94.1%", and "0%" of nothing."""
    return f"{100 * (part or 0) / whole:.2f}%" if whole else "0%"


@register.filter
def duration(length: timedelta | float | None) -> str:
    """Its two biggest units: 41 s, 6 min, 2 h 5 min, 29 d 23 h."""
    if length is None:
        return UNKNOWN
    rest = length.total_seconds() if isinstance(length, timedelta) else length
    if rest < 60:
        return f"{max(rest, 0):.0f} s"
    words: list[str] = []
    for unit, seconds in _UNITS:
        whole, rest = divmod(rest, seconds)
        if whole:
            words.append(f"{whole:.0f} {unit}")
        elif words:
            break
    return " ".join(words[:2])


@register.filter
def briefly(length: timedelta | float | None) -> str:
    """Its biggest unit, for what is watched as it grows: 20 s, 6 min, 2 h, 3 d."""
    words = duration(length).split()
    return " ".join(words[:2])


@register.simple_tag(takes_context=True)
def clock(context: Any, at: datetime) -> SafeString:
    """The time of day in the brand's zone, where the day stands above."""
    zone = zone_of(context)
    local = at.astimezone(zone)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        f"{local:%Y-%m-%d %H:%M:%S %Z}, {zone.key}",
        f"{local:%H:%M}",
    )


@register.simple_tag(takes_context=True)
def when(context: Any, at: datetime | None, *, seconds: bool = False) -> str | SafeString:
    """A time in the brand's zone, for people, with the full value and the zone on hover."""
    if at is None:
        return UNKNOWN
    zone = zone_of(context)
    local = at.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return format_html(
        '<time datetime="{}" title="{}">{} {}</time>',
        at.isoformat(),
        f"{local:%Y-%m-%d %H:%M:%S %Z}, {zone.key}",
        day_word(local, timezone.now().astimezone(zone)),
        clock,
    )


def zone_of(context: Any) -> ZoneInfo:
    """The zone that the page's times are told in: that of its brand."""
    account = context.get("account") or getattr(context.get("frame"), "account", None)
    return ZoneInfo(account.time_zone if account else "UTC")


def day_word(local: datetime, now: datetime) -> str:
    """Today, Yesterday, Tomorrow, 20 Nov, or 20 Nov 2025 where the year is another."""
    near = {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}
    days = (local.date() - now.date()).days
    if days in near:
        return near[days]
    return f"{local.day} {local:%b}" if local.year == now.year else f"{local.day} {local:%b %Y}"


@register.filter
def initials(name: str) -> str:
    """Of a person or a brand: Priya Raman is PR."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()
