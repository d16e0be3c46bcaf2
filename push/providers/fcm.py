"""Firebase Cloud Messaging (HTTP v1): Android phones by Google, one request a message."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from random import Random

from common.calls import Answer, Call, Tls
from push.providers.base import (
    Address,
    Outcome,
    PushRequest,
    PushResult,
    RetryPolicy,
    Sending,
)
from push.providers.fcm_answers import (
    BUSY,
    OTHER_PROJECT,
    OUR_TOKEN,
    FcmError,
    Verdict,
    describe,
    judge,
    read_error,
    read_name,
)
from push.providers.fcm_message import encode_message, encode_value
from push.providers.fcm_settings import FcmSettings
from push.providers.fcm_standing import Quota
from push.providers.google_token import token_endpoint
from push.providers.proof import Proof
from push.providers.reading import make_result, make_unanswered_result
from push.providers.site import Site
from push.providers.token_source import NoShelf, Shelf, TokenSource

MINUTE = (60.0, 90.0)
"""Seconds; Google wants at least one where it does not say how long."""

_rng = Random()


@dataclass(frozen=True, slots=True)
class FcmProvider:
    settings: FcmSettings
    site: Site = Site()
    shelf: Shelf = field(default_factory=NoShelf)
    retry: RetryPolicy = RetryPolicy()
    kind: str = "fcm"
    tokens: TokenSource = field(init=False, repr=False)
    quota: Quota = field(init=False, repr=False, default_factory=Quota)
    proof: Proof = field(init=False, repr=False)
    _url: str = field(init=False, repr=False)
    _key: str = field(init=False, repr=False)
    _tls: Tls = field(init=False, repr=False)

    def __post_init__(self) -> None:
        given, site = self.settings, self.site
        name = sha256(repr((site.fcm_token_url, given, given.private_key)).encode()).hexdigest()
        endpoint = token_endpoint(site.fcm_token_url, site.ca_file)
        tokens = TokenSource(f"fcm-token:{name}", given, endpoint, self.shelf)
        object.__setattr__(self, "tokens", tokens)
        object.__setattr__(self, "proof", Proof(f"fcm-proof:{name}", self.shelf))
        url = f"{site.fcm_url}/v1/projects/{given.project_id}/messages:send"
        object.__setattr__(self, "_url", url)
        object.__setattr__(self, "_key", f"{site.fcm_url} {name}")
        object.__setattr__(self, "_tls", Tls(site.ca_file))

    def origin(self, target: Address) -> str:
        return self.site.fcm_url

    def payload(self, request: PushRequest, now: datetime) -> bytes:
        """The value of the message's data, which is what FCM counts but for its key."""
        return encode_value(request)

    def start(self, request: PushRequest, now: datetime) -> Call[Sending]:
        self.quota.check()
        token = self.tokens.get()
        return Call(
            tag=Sending(self, request, token),
            key=self._key,
            method="POST",
            url=self._url,
            headers=token.headers,
            body=encode_message(request, encode_value(request), now),
            timeouts=self.site.timeouts,
            tls=self._tls,
        )

    def finish(self, request: PushRequest, answer: Answer[Sending]) -> PushResult:
        if answer.status is None:
            return make_unanswered_result(request, answer)
        error = FcmError() if answer.status == 200 else read_error(answer.body)
        verdict = judge(answer.status, error)
        if verdict[0] is Outcome.ACCEPTED:
            self.proof.give()
            self.quota.note_success()
            return make_result(request, answer, *verdict, provider_id=read_name(answer.body))
        outcome, reason = self._weigh(verdict, answer)
        result = make_result(request, answer, outcome, reason, detail=describe(error, answer.body))
        return self._paced(result) if verdict == BUSY else result

    def _weigh(self, verdict: Verdict, answer: Answer[Sending]) -> Verdict:
        """What an answer means depends on what came before it."""
        if verdict == OUR_TOKEN and not self.tokens.refuse(answer.tag.signed):
            return Outcome.MISCONFIGURED, "credential_refused"
        if verdict == OTHER_PROJECT and not self.proof.is_given:
            return Outcome.MISCONFIGURED, "sender_mismatch"
        return verdict

    def _paced(self, result: PushResult) -> PushResult:
        wait = _rng.uniform(*MINUTE) if result.retry_after is None else result.retry_after
        self.quota.note_refusal(wait)
        return replace(result, retry_after=wait)
