"""Who may get a message now: the rules of D4, each a small function with its own reason.

The rules read facts that were fetched once for a slice; they ask no database and no clock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns.models import State
from campaigns.windows import Schedule, zone_named
from consumers.models import LogoutType
from consumers.sdk_versions import version_numbers
from handoffs.models import DeviceChoice


@dataclass(frozen=True, slots=True)
class CampaignFacts:
    id: int
    public_id: str
    account_number: int
    account_id: int
    name: str
    engagement_name: str
    skill_id: int
    le_campaign_id: int
    le_engagement_id: int
    source: str
    is_cancelled: bool
    handoff: Mapping[str, Any]
    app_ids: tuple[int, ...]
    schedule: Schedule
    time_zone: str


@dataclass(frozen=True, slots=True)
class ConsumerFacts:
    """``unopened``: the messages that wait in the app's inbox."""

    id: int
    ref: str
    has_logged_in: bool
    has_opted_out: bool
    in_conversation: bool
    unopened: int = 0


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A registered device of the consumer; ``credential_id`` is None where its app has none.

    One that was ``switched_off_at`` some time still stands for messages accepted before that.
    """

    id: int
    app_id: int
    app_name: str
    app_title: str
    platform: str
    token: str
    p256dh: str
    auth: str
    environment: str
    sdk_version: str
    time_zone: str
    minimum_sdk: str
    is_logged_in: bool
    logout_type: str
    credential_id: int | None
    switched_off_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastTries:
    """What earlier tries of this message told about each device.

    ``unavailable`` counts the answers that said the provider is unavailable (5xx).
    """

    again: frozenset[int] = frozenset()
    done: frozenset[int] = frozenset()
    unknown: frozenset[int] = frozenset()
    unavailable: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """``time_zone`` is that of the consumer's newest device that told one, else the account's."""

    public_id: UUID
    expires_at: datetime
    campaign: CampaignFacts
    consumer: ConsumerFacts | None
    devices: Sequence[DeviceFacts]
    apps_with_credentials: frozenset[int]
    time_zone: str
    past: PastTries = field(default_factory=PastTries)


@dataclass(frozen=True, slots=True)
class Refused:
    """The message ends here."""

    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """The message goes to these devices, the newest first; or else to one of ``spare``."""

    devices: Sequence[DeviceFacts]
    spare: Sequence[DeviceFacts] = ()


@dataclass(frozen=True, slots=True)
class Waits:
    """The message may not go out yet, and is asked about again then."""

    until: datetime
    reason: str


Rule = Callable[[MessageFacts, datetime], Refused | Waits | None]


def _suppressed(reason: str) -> Refused:
    return Refused(State.SUPPRESSED, reason)


def campaign_cancelled(message: MessageFacts, now: datetime) -> Refused | None:
    if message.campaign.is_cancelled:
        return Refused(State.CANCELLED, "campaign_cancelled")
    return None


def not_yet(message: MessageFacts, now: datetime) -> Waits | None:
    """Before the campaign's start, or outside its windows; at most until the lookback ends."""
    schedule = message.campaign.schedule
    opens_at = schedule.opens_at(zone_named(message.time_zone), now)
    if opens_at <= now or message.expires_at <= now:
        return None
    return Waits(min(opens_at, message.expires_at), schedule.wait_reason(now))


def lookback_over(message: MessageFacts, now: datetime) -> Refused | None:
    return Refused(State.EXPIRED, "lookback_over") if now >= message.expires_at else None


def opted_out(message: MessageFacts, now: datetime) -> Refused | None:
    consumer = message.consumer
    return _suppressed("opted_out") if consumer and consumer.has_opted_out else None


def never_logged_in(message: MessageFacts, now: datetime) -> Refused | None:
    if message.consumer is None or not message.consumer.has_logged_in:
        return _suppressed("never_logged_in")
    return None


def no_credentials(message: MessageFacts, now: datetime) -> Refused | None:
    has_some = any(app in message.apps_with_credentials for app in message.campaign.app_ids)
    return None if has_some else _suppressed("no_credentials")


def open_conversation(message: MessageFacts, now: datetime) -> Refused | None:
    consumer = message.consumer
    return _suppressed("open_conversation") if consumer and consumer.in_conversation else None


def no_device(message: MessageFacts, now: datetime) -> Refused | None:
    if not message.devices:
        return _suppressed("no_device")
    if not any(device.credential_id for device in message.devices):
        return _suppressed("no_credentials")
    return None


def sdk_too_old(message: MessageFacts, now: datetime) -> Refused | None:
    return None if any(_reachable(message)) else _suppressed("sdk_too_old")


def not_allowed_by_login(message: MessageFacts, now: datetime) -> Refused | None:
    """Logged in, or logged out, and not allowed: judged by the device used last."""
    if any(_permitted(message)):
        return None
    newest = _reachable(message)[0]
    word = "logged_in_not_allowed" if newest.is_logged_in else "logged_out_not_allowed"
    return _suppressed(word)


# In the order of D4. What has to wait is asked about everything below when its window opens.
RULES: tuple[Rule, ...] = (
    campaign_cancelled,
    not_yet,
    lookback_over,
    opted_out,
    never_logged_in,
    no_credentials,
    open_conversation,
    no_device,
    sdk_too_old,
    not_allowed_by_login,
)


def decide(message: MessageFacts, *, now: datetime) -> Refused | Waits | Allowed:
    """Ask the rules in their order; the first that has something to say counts."""
    for rule in RULES:
        said = rule(message, now)
        if said is not None:
            return said
    return _targets(message)


def _reachable(message: MessageFacts) -> list[DeviceFacts]:
    return [
        device
        for device in message.devices
        if device.credential_id and is_new_enough(device.sdk_version, device.minimum_sdk)
    ]


def _permitted(message: MessageFacts) -> list[DeviceFacts]:
    handoff = message.campaign.handoff
    return [
        device
        for device in _reachable(message)
        if (
            handoff["push_when_logged_in"]
            if device.is_logged_in
            # The handoff's switch and the app's log-out type: the stricter wins.
            else handoff["push_when_logged_out"] and device.logout_type != LogoutType.ALL
        )
    ]


def _targets(message: MessageFacts) -> Allowed | Refused:
    permitted = [device for device in _permitted(message) if device.id not in message.past.done]
    if not permitted:
        return Refused(State.FAILED, "refused")
    chosen = [device for device in permitted if device.id in message.past.again] or permitted
    if message.campaign.handoff["device_choice"] == DeviceChoice.NEWEST:
        chosen = chosen[:1]
    return Allowed(chosen, [device for device in permitted if device not in chosen])


def is_new_enough(version: str, minimum: str) -> bool:
    """Compare dotted versions by number. A device that tells none is not held to any."""
    has, needs = version_numbers(version), version_numbers(minimum)
    return has is None or needs is None or has >= needs
