"""Apple Push Notification service: iPhones, one HTTP/2 request a message."""

import logging
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from common.calls import Answer, Call, Pause, Tls
from push.providers.apns_answers import (
    BAD_TOKEN,
    EXPIRED,
    GONE,
    MALFORMED,
    OTHER_ENVIRONMENT,
    OTHER_TOPIC,
    OUR_KEY,
    TOO_MANY_TOKENS,
    ApnsError,
    Verdict,
    describe,
    judge,
    read_error,
)
from push.providers.apns_message import encode_alert, message_headers
from push.providers.apns_settings import PRODUCTION, SANDBOX, ApnsSettings
from push.providers.apns_token import ProviderToken, TokenSigner
from push.providers.base import (
    Address,
    DeviceTarget,
    Outcome,
    PushRequest,
    PushResult,
    RetryPolicy,
    Sending,
)
from push.providers.content import fit_body
from push.providers.proof import Proof
from push.providers.reading import make_result, make_unanswered_result
from push.providers.site import Site
from push.providers.token_source import NoShelf, Shelf

logger = logging.getLogger(__name__)

# Of any length, as Apple says.
DEVICE_TOKEN = re.compile(r"(?:[0-9A-Fa-f]{2})+")
OTHER = {PRODUCTION: SANDBOX, SANDBOX: PRODUCTION}
TRY_OTHER: Verdict = (Outcome.RETRY, "other_environment")

# Seconds. A connection on which tokens changed too often is of no use for some minutes.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class ApnsProvider:
    settings: ApnsSettings
    site: Site = Site()
    shelf: Shelf = field(default_factory=NoShelf)
    retry: RetryPolicy = RetryPolicy()
    kind: str = "apns"
    _signer: TokenSigner = field(init=False, repr=False)
    _tls: Tls = field(init=False, repr=False)
    _name: str = field(init=False, repr=False)
    _proofs: dict[str, Proof] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        given, site = self.settings, self.site
        signer = TokenSigner(given.team_id, given.key_id, given.private_key)
        key = (site.apns_url, given.team_id, given.key_id, given.private_key)
        object.__setattr__(self, "_name", sha256(repr(key).encode()).hexdigest())
        object.__setattr__(self, "_signer", signer)
        object.__setattr__(self, "_tls", Tls(site.ca_file))

    def origin(self, target: Address) -> str:
        """Where the device's environment is served."""
        environment = target.environment or self.settings.environment
        return self.site.apns_sandbox_url if environment == SANDBOX else self.site.apns_url

    def payload(self, request: PushRequest, now: datetime) -> bytes:
        return fit_body(request.body, lambda text: encode_alert(request, text))

    def start(self, request: PushRequest, now: datetime) -> Call[Sending] | Pause[Sending]:
        if not DEVICE_TOKEN.fullmatch(request.target.token):
            return Pause(Sending(self, request))
        origin, topic = self.origin(request.target), self._topic(request.target)
        token = self._signer.token(now)
        return Call(
            tag=Sending(self, request, token),
            key=self._connection(origin, topic),
            method="POST",
            url=f"{origin}/3/device/{request.target.token}",
            headers=(token.header, *message_headers(request, topic)),
            body=self.payload(request, now),
            timeouts=self.site.timeouts,
            tls=self._tls,
            is_first_alone=True,
        )

    def finish(self, request: PushRequest, answer: Answer[Sending]) -> PushResult:
        if not isinstance(token := answer.tag.signed, ProviderToken):
            return make_result(request, answer, *BAD_TOKEN, detail="It is not hexadecimal.")
        if answer.status is None:
            return make_unanswered_result(request, answer)
        if answer.status == 200:
            return self._finish_accepted(request, answer, token)
        error = read_error(answer.body)
        verdict = self._weigh(judge(answer.status, error.reason), request.target, token)
        if verdict == MALFORMED:
            logger.error("APNs cannot read our requests: %s", error.reason)
        result = make_result(
            request,
            answer,
            *verdict,
            detail=describe(error, answer.body),
            dead_since=error.dead_since if verdict == GONE else None,
        )
        return self._advise(result, error)

    def _finish_accepted(
        self, request: PushRequest, answer: Answer[Sending], token: ProviderToken
    ) -> PushResult:
        token.is_proven = True
        self._proof(request.target).give()
        # The sandbox has an id of its own as well, by which Apple's console finds the push.
        known_by = answer.headers.get("apns-unique-id") or answer.headers.get("apns-id", "")
        return make_result(request, answer, Outcome.ACCEPTED, provider_id=known_by)

    def _weigh(self, verdict: Verdict, target: DeviceTarget, token: ProviderToken) -> Verdict:
        """What an answer means depends on what is known of the device and the credential."""
        if verdict == BAD_TOKEN and not target.environment:
            return TRY_OTHER
        if verdict == OTHER_TOPIC and not self._proof(target).is_given:
            # As long as no device of this topic was reached, the topic may be what is wrong.
            return Outcome.MISCONFIGURED, "other_topic"
        if verdict == OTHER_ENVIRONMENT and target.environment == OTHER[self.settings.environment]:
            # The key does what the credential is for: only this device is of the other kind.
            return Outcome.REJECTED, "wrong_environment"
        if verdict == EXPIRED and not self._signer.refuse(token):
            return OUR_KEY
        return verdict

    def _advise(self, result: PushResult, error: ApnsError) -> PushResult:
        if result.reason == TRY_OTHER[1]:
            return replace(result, environment=OTHER[self.settings.environment])
        if error.reason == TOO_MANY_TOKENS:
            return replace(result, retry_after=max(PATIENCE, result.retry_after or 0.0))
        return result

    def _topic(self, target: DeviceTarget) -> str:
        return self.settings.topic or target.bundle_id

    def _proof(self, target: DeviceTarget) -> Proof:
        """That Apple took a push of the device's topic by this key."""
        topic = self._topic(target)
        if topic not in self._proofs:
            self._proofs[topic] = Proof(f"apns-proof:{self._name}:{topic}", self.shelf)
        return self._proofs[topic]

    def _connection(self, origin: str, topic: str) -> str:
        """Apple binds a connection to a team, its key and its apps when it is first used."""
        return f"{origin} {self.settings.team_id} {self.settings.key_id} {topic}"
