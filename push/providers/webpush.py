"""Web Push (RFC 8030): a browser is reached by the push service of its vendor, which sees whose
message it is (`vapid`), but not what it says (`webpush_encryption`)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from common.calls import Answer, Call, Pause, Tls
from common.guard import AddressGuard, AddressRefused
from push.providers.base import (
    Address,
    DeviceTarget,
    Outcome,
    PushRequest,
    PushResult,
    RetryPolicy,
    Sending,
)
from push.providers.content import encode_sdk_keys, fit_body, seconds_left
from push.providers.proof import Proof
from push.providers.reading import make_result, make_unanswered_result
from push.providers.site import Site
from push.providers.token_source import NoShelf, Shelf
from push.providers.vapid import VapidSigner
from push.providers.webpush_answers import judge, read_detail
from push.providers.webpush_encryption import (
    LONGEST_PLAINTEXT,
    Receiver,
    encrypt,
    read_receiver,
)
from push.providers.webpush_settings import WebPushSettings

LONGEST_TTL = 28 * 86_400
"""Seconds; Google refuses more."""

FIXED_HEADERS = (
    ("Content-Type", "application/octet-stream"),
    ("Content-Encoding", "aes128gcm"),
    ("Urgency", "high"),
)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A subscription that needs nobody's answer: it leads nowhere, or where we do not call."""

    outcome: Outcome
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class WebPushProvider:
    settings: WebPushSettings
    site: Site = Site()
    shelf: Shelf = field(default_factory=NoShelf)
    retry: RetryPolicy = RetryPolicy()
    kind: str = "webpush"
    _signer: VapidSigner = field(init=False, repr=False)
    _proof: Proof = field(init=False, repr=False, compare=False)
    _tls: Tls = field(init=False, repr=False)
    _guard: AddressGuard = field(init=False, repr=False)

    def __post_init__(self) -> None:
        given = self.settings
        signer = VapidSigner(given.vapid_private_key, given.contact)
        object.__setattr__(self, "_signer", signer)
        # Some service took a message with this key pair and contact.
        name = sha256(f"{signer.public_key} {given.contact}".encode()).hexdigest()
        object.__setattr__(self, "_proof", Proof(f"webpush-proof:{name}", self.shelf))
        object.__setattr__(self, "_tls", Tls(self.site.ca_file))
        object.__setattr__(self, "_guard", self.site.web_push_guard)

    def origin(self, target: Address) -> str:
        try:
            return origin_of(target.token)
        except ValueError:  # no URL; it leads nowhere
            return ""

    def payload(self, request: PushRequest, now: datetime) -> bytes:
        """The plaintext; encrypted it is 103 bytes longer."""
        return fit_body(
            request.body, lambda text: encode_sdk_keys(request, text), LONGEST_PLAINTEXT
        )

    def start(self, request: PushRequest, now: datetime) -> Call[Sending] | Pause[Sending]:
        receiver = self._read(request.target)
        if isinstance(receiver, Unusable):
            return Pause(Sending(self, request))
        origin = origin_of(request.target.token)
        return Call(
            tag=Sending(self, request),
            key=f"{origin} {self._signer.public_key}",
            method="POST",
            url=request.target.token,
            headers=(
                ("Authorization", self._signer.authorization(origin, now)),
                ("TTL", str(min(seconds_left(request, now), LONGEST_TTL))),
                ("Topic", request.message_id),
                *FIXED_HEADERS,
            ),
            body=encrypt(self.payload(request, now), receiver),
            timeouts=self.site.timeouts,
            tls=self._tls,
            guard=self._guard,
        )

    def finish(self, request: PushRequest, answer: Answer[Sending]) -> PushResult:
        if answer.status is None:
            return self._finish_unanswered(request, answer)
        outcome, reason = judge(answer, answer.status, proof=self._proof)
        if outcome is not Outcome.ACCEPTED:
            return make_result(request, answer, outcome, reason, detail=read_detail(answer))
        self._proof.give()
        return make_result(request, answer, outcome, provider_id=answer.headers.get("location", ""))

    def _finish_unanswered(self, request: PushRequest, answer: Answer[Sending]) -> PushResult:
        found = self._read(request.target)
        if isinstance(found, Unusable):
            return make_result(request, answer, found.outcome, found.reason, detail=found.detail)
        result = make_unanswered_result(request, answer)
        if result.outcome is Outcome.MISCONFIGURED and self._proof.is_given:
            return replace(result, outcome=Outcome.RETRY)
        return result

    def _read(self, target: DeviceTarget) -> Receiver | Unusable:
        try:
            self._guard.check_url(target.token)
            return read_receiver(target.p256dh, target.auth)
        except AddressRefused as refusal:
            return Unusable(Outcome.REJECTED, "endpoint_refused", str(refusal))
        except ValueError as error:
            return Unusable(Outcome.UNREGISTERED, "bad_subscription", str(error))


def origin_of(url: str) -> str:
    """As browsers write it: without the scheme's own port (RFC 6454)."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, 443) else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"
