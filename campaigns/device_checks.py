"""Why a device gets nothing, for its app's developer: the rules of D4, each asked by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from campaigns import eligibility
from campaigns.device_facts import facts_of
from campaigns.eligibility import DeviceFacts, MessageFacts, Refused, Rule, Waits
from campaigns.gate import find_targets
from campaigns.models import EventKind, MessageEvent, OutboundMessage
from campaigns.reasons import explanation
from consumers.models import Device
from push.breakers import Breakers
from push.models import PushCredential
from push.services import Ways

MAX_MESSAGES = 5


@dataclass(frozen=True, slots=True)
class Check:
    """``reason`` is empty for what is as it should be; the sentence says what helps."""

    name: str
    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class LatestMessage:
    """One of the newest to the consumer; ``push`` is the last one of it to the device."""

    message: OutboundMessage
    push: MessageEvent | None

    @property
    def sentence(self) -> str:
        if self.message.reason:
            return explanation(self.message.reason).sentence
        return "" if self.push else "No push of it went to this device."


@dataclass(frozen=True, slots=True)
class Diagnosis:
    checks: Sequence[Check]
    messages: Sequence[LatestMessage]

    @property
    def is_reachable(self) -> bool:
        return not any(check.reason for check in self.checks)


def diagnose(device: Device, *, now: datetime) -> Diagnosis:
    """Look at a device of the registry, or at one that has left it; nothing is written."""
    enabled = PushCredential.objects.filter(
        app=device.app, platform=device.platform, is_enabled=True
    )
    credential = enabled.first()
    facts = facts_of(device, credential, now)
    checks = [
        _registered(device),
        *(_ask(name, rule, facts, fine, device, now) for name, rule, fine in _RULES),
    ]
    if credential:
        checks.append(_way(facts.devices[0], credential, now))
    return Diagnosis(checks, _latest_messages(device))


def _sdk_too_old(message: MessageFacts, now: datetime) -> Refused | Waits | None:
    return eligibility.sdk_too_old(_with_credential(message), now)


def _not_allowed_by_login(message: MessageFacts, now: datetime) -> Refused | Waits | None:
    """Asked of a device that delivery would not have come to ask it of, too."""
    message = _with_credential(message)
    devices = [replace(device, sdk_version="") for device in message.devices]
    return eligibility.not_allowed_by_login(replace(message, devices=devices), now)


def _with_credential(message: MessageFacts) -> MessageFacts:
    devices = [replace(one, credential_id=one.credential_id or -1) for one in message.devices]
    return replace(message, devices=devices)


# In the order of D4; what each says where nothing is wrong.
_RULES: Sequence[tuple[str, Rule, str]] = (
    ("opted_in", eligibility.opted_out, "The person takes messages."),
    ("signed_in", eligibility.never_logged_in, "The person has signed in."),
    ("credential", eligibility.no_credentials, "The app has a push credential for {platform}."),
    ("no_conversation", eligibility.open_conversation, "The person talks with nobody now."),
    ("sdk_version", _sdk_too_old, "The SDK is new enough."),
    ("login", _not_allowed_by_login, "{login}"),
)
_WHAT_HELPS = {
    "opted_out": "The person wants no messages. Only they can change this, by opting in.",
    "never_logged_in": "Nobody has signed in here yet. Register the device with the person's JWT.",
    "no_credentials": "The app has no push credential for {platform}. An administrator of the "
    "brand adds one under Settings, Apps and push.",
    "open_conversation": "The person talks with the brand, and nothing else is sent meanwhile. "
    "Messages go out again when the conversation is closed.",
    "sdk_too_old": "sdkVersion {version} is older than {minimum}, the oldest that is pushed to. "
    "Ship a newer SDK, and register again.",
    "logged_out_not_allowed": "The person logged out with ALL, and gets nothing. Register the "
    "device after the next sign-in, or log out with AGENT.",
}
_LEFT = {
    "unregistered": "The app took the device out of the registry. Register it again.",
    "token_replaced": "The app has registered a newer token, under another id: list the devices.",
    "stale": "Nothing was heard of the app for months. It comes back when it registers.",
    "too_many": "The person has too many devices, and it was the one seen longest ago.",
    "operator": "An operator took it out of the registry. Register it again.",
}


def _registered(device: Device) -> Check:
    if device.removed_at is None:
        return Check("registered", "", "The device is in the registry.")
    word = device.removed_reason or "unregistered"
    otherwise = (
        "The push provider takes its token no more. Register the one that the system gives now."
    )
    return Check("registered", word, _LEFT.get(word, otherwise))


def _ask(
    name: str, rule: Rule, facts: MessageFacts, fine: str, device: Device, now: datetime
) -> Check:
    said = rule(facts, now)
    reason = said.reason if said else ""
    sentence = _WHAT_HELPS[reason] if reason else fine
    words = {
        "platform": device.get_platform_display(),
        "version": device.sdk_version,
        "minimum": facts.devices[0].minimum_sdk,
        "login": _login(device),
    }
    return Check(name, reason, sentence.format(**words))


def _login(device: Device) -> str:
    if device.is_logged_in:
        return "The person is logged in on the device."
    return (
        f"The person logged out with {device.logout_type}: the device gets what handoffs push to "
        "people who are logged out."
    )


def _way(device: DeviceFacts, credential: PushCredential, now: datetime) -> Check:
    targets = find_targets([device], Ways([credential.pk]))
    if not targets:
        return Check(
            "provider",
            "credential_unreadable",
            "The app's push credential cannot be used. An administrator saves it anew.",
        )
    hold = Breakers([targets[0].way], now=now).hold(targets[0].way)
    if hold is None:
        return Check("provider", "", "Nothing holds its pushes back.")
    held = explanation("provider_held_up")
    return Check("provider", hold.reason, f"{held.sentence} {held.remedy}")


def _latest_messages(device: Device) -> list[LatestMessage]:
    consumer = device.consumer
    sent = OutboundMessage.objects.filter(
        account_id=device.account_id, consumer_ref=consumer.ref
    ).order_by("-id")[:MAX_MESSAGES]
    messages = list(sent)
    tries = MessageEvent.objects.filter(
        message__in=[message.pk for message in messages],
        kind=EventKind.PUSH,
        device_id=device.pk,
    )
    last = tries.order_by("message_id", "-id").distinct("message_id")
    pushes = {event.message_id: event for event in last}
    return [LatestMessage(message, pushes.get(message.pk)) for message in messages]
