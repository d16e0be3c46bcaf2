"""What a handoff's message would look like on a phone, and how much room it takes as a push."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import App, Platform
from campaigns.pushes import sdk_keys
from common.ids import uuid7
from common.text import shorten
from conversations.models import Source
from handoffs.models import Handoff, Kind
from handoffs.placeholders import PLACEHOLDER, placeholders
from push.providers.base import DeviceTarget, PushRequest
from push.sizes import PushRoom, least_room

# What phones show before somebody unfolds a notification, and about what they show then.
LOCK_SCREEN = 140
SHADE = 42
UNFOLDED = 420
# As long as they are in life: ids of ten digits, a consumer known by a uuid.
_LE_IDS = (10**9, 10**9)
_CONSUMER = "0" * 36


@dataclass(frozen=True, slots=True)
class Sample:
    """What stands for a variable in the preview; it is never sent."""

    number: int
    value: str

    @property
    def tag(self) -> str:
        return f"${{{{{self.number}}}}}"

    @property
    def size(self) -> int:
        return len(self.value.encode())


@dataclass(frozen=True, slots=True)
class Likeness:
    app_name: str
    title: str
    text: str
    samples: Sequence[Sample]
    room: PushRoom

    @property
    def characters(self) -> int:
        return len(self.text)

    @property
    def on_lock_screen(self) -> str:
        return shorten(self.text, LOCK_SCREEN)

    @property
    def in_shade(self) -> str:
        return shorten(" ".join(self.text.split()), SHADE)

    @property
    def unfolded(self) -> str:
        return shorten(self.text, UNFOLDED)


def make_likeness(*, handoff: Handoff, samples: Mapping[str, str], now: datetime) -> Likeness:
    """With samples for its variables, by "1", "2", …; one without a sample stands as it is.

    The handoff need be neither stored nor right.
    """
    apps = list(App.objects.filter(account=handoff.account, bundle_id__in=handoff.app_names))
    apps.sort(key=lambda app: handoff.app_names.index(app.bundle_id))
    app_name = apps[0].name if apps else handoff.account.name
    title = _fill(handoff.notification_title, samples) or app_name
    text = _fill(handoff.text, samples)
    numbers = sorted(placeholders(f"{handoff.notification_title} {handoff.text}"))
    platforms = {platform for app in apps for platform in app.platforms} or {Platform.IOS}
    return Likeness(
        app_name=app_name,
        title=title,
        text=text,
        samples=[Sample(number, samples.get(str(number), "")) for number in numbers],
        room=least_room(_request(handoff, title, text, now), platforms),
    )


def _fill(text: str, samples: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: samples.get(match[1]) or match[0], text)


def _request(handoff: Handoff, title: str, text: str, now: datetime) -> PushRequest:
    message_id, expires_at = uuid7(), now + handoff.lookback
    return PushRequest(
        message_id=message_id.hex,
        device_id=0,
        target=DeviceTarget("", "", "", "", "", ""),
        badge=1,
        title=title,
        body=text,
        expires_at=expires_at,
        data=sdk_keys(
            message_id=message_id,
            account_number=handoff.account.number,
            source=Source.IVR if handoff.kind == Kind.IVR else Source.API,
            left=handoff.lookback,
            expires_at=expires_at,
            le_ids=_LE_IDS,
            consumer_ref=_CONSUMER,
        ),
    )
