"""The push proxy: the brand's own server, called by LivePerson's contract (docs/push-proxy.md).

One POST a notification: 200 accepted, 401 our credential is refused, 403 this device cannot be
pushed to, 5xx an error, after which the call is repeated every 10 s, up to 4 attempts. The
contract shows no proactive body; ours is the documented one with the keys that the SDK reads,
`title` and `attempt` added. The identity and the signature are ours too.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

import orjson

from common.calls import Answer, Call, Timeouts, Tls
from common.guard import AddressGuard
from common.signatures import sign
from push.providers.base import (
    Address,
    Outcome,
    PushRequest,
    PushResult,
    RetryPolicy,
    Sending,
)
from push.providers.content import fit_body, sdk_keys
from push.providers.proxy_settings import ProxySettings
from push.providers.reading import make_result, make_unanswered_result, read_words

SERVICES = {"ios": (1, "apn"), "android": (2, "gcm"), "huawei": (3, "huawei"), "web": (2, "web")}

STATUSES = {
    401: (Outcome.MISCONFIGURED, "credential_refused"),
    403: (Outcome.UNREGISTERED, "token_gone"),
    413: (Outcome.REJECTED, "payload_too_big"),
    429: (Outcome.RETRY, "rate_limited"),
}
CLASSES = {
    2: (Outcome.ACCEPTED, ""),
    3: (Outcome.MISCONFIGURED, "redirected"),
    4: (Outcome.REJECTED, "refused"),
}
OTHER = (Outcome.RETRY, "provider_unavailable")


@dataclass(frozen=True, slots=True)
class ProxyProvider:
    settings: ProxySettings
    timeouts: Timeouts = Timeouts()
    retry: RetryPolicy = RetryPolicy(fixed_on_5xx=10.0, attempts_on_5xx=4)
    kind: str = "proxy"
    _origin: str = field(init=False, repr=False)
    _key: str = field(init=False, repr=False)
    _headers: tuple[tuple[str, str], ...] = field(init=False, repr=False)
    _tls: Tls = field(init=False, repr=False)
    _guard: AddressGuard = field(init=False, repr=False)

    def __post_init__(self) -> None:
        given = self.settings
        headers = [("Content-Type", "application/json"), *given.headers]
        if given.username or given.password:
            pair = b64encode(f"{given.username}:{given.password}".encode()).decode()
            headers.append(("Authorization", f"Basic {pair}"))
        parts = urlsplit(given.url)
        credential = sha256(repr(headers).encode()).hexdigest()
        object.__setattr__(self, "_headers", tuple(headers))
        object.__setattr__(self, "_origin", f"{parts.scheme}://{parts.netloc}")
        object.__setattr__(self, "_key", f"{self._origin} {credential}")
        tls = Tls(given.ca_file, given.client_cert_pem, given.client_key_pem)
        object.__setattr__(self, "_tls", tls)
        guard = AddressGuard(given.allowed_networks, given.allow_http)
        object.__setattr__(self, "_guard", guard)

    def origin(self, target: Address) -> str:
        return self._origin

    def payload(self, request: PushRequest, now: datetime) -> bytes:
        keys = sdk_keys(request) | {"badge": request.badge}
        if request.title:
            keys["title"] = request.title
        service, notification_type = SERVICES[request.target.platform]
        body: dict[str, object] = {
            "push-service": service,
            "device-token": request.target.token,
            "notificationType": notification_type,
            "attempt": request.attempt,
        }
        if request.target.platform == "ios":
            return fit_body(request.body, lambda text: _encode_ios(text, body | keys))
        return fit_body(request.body, lambda text: _encode_android(text, keys, body))

    def start(self, request: PushRequest, now: datetime) -> Call[Sending]:
        body = self.payload(request, now)
        return Call(
            tag=Sending(self, request),
            key=self._key,
            method="POST",
            url=self.settings.url,
            headers=(*self._headers, *self._identity(request, body, now)),
            body=body,
            timeouts=self.timeouts,
            tls=self._tls,
            guard=self._guard,
        )

    def _identity(
        self, request: PushRequest, body: bytes, now: datetime
    ) -> tuple[tuple[str, str], ...]:
        """Which message this is, and for which device: the same on every try."""
        device = sha256(request.target.token.encode()).hexdigest()[:16]
        key = ("Idempotency-Key", f"{request.message_id}-{device}")
        secrets = [one.value for one in self.settings.signing if one.is_live(now)]
        if not secrets:
            return ("webhook-id", request.message_id), key
        return (*sign(secrets, message_id=request.message_id, body=body, now=now), key)

    def finish(self, request: PushRequest, answer: Answer[Sending]) -> PushResult:
        if answer.status is None:
            return make_unanswered_result(request, answer)
        outcome, reason = STATUSES.get(answer.status) or CLASSES.get(answer.status // 100, OTHER)
        words = "" if outcome is Outcome.ACCEPTED else read_words(answer.body)
        return make_result(request, answer, outcome, reason, detail=words)


def _encode_ios(text: str, rest: dict[str, object]) -> bytes:
    return orjson.dumps({"aps": {"alert": text, "sound": "default"}, **rest})


def _encode_android(text: str, keys: dict[str, object], rest: dict[str, object]) -> bytes:
    return orjson.dumps({"data": {"message": text, "payload": keys}, **rest})
