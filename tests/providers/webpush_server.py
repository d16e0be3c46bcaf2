"""A browser vendor's push service for tests (RFC 8030 and 8292), with the browsers that it serves.

As a process it prints its URL and serves until it is terminated:
`python -m tests.providers.webpush_server --log calls.jsonl --cert cert.pem --key key.pem`.

A browser subscribes by `POST /subscribe` with `{"applicationServerKey": "…"}`, is answered what it
would hand to the app (`endpoint` and `keys`), and ends its subscription by DELETE of the endpoint.
Each push stands in the log with what the browser decrypted. Orders are those of `vendor_server`,
by the last part of the endpoint.
"""

import argparse
import asyncio
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from os import urandom
from pathlib import Path
from typing import Any, TypeVar

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from common import base64url
from tests.providers.browsers import Subscription, read_subscription
from tests.providers.proxy_server import Order, Orders, open_log, serve_as_process
from tests.providers.trouble import Trouble, rates
from tests.providers.vendor_server import Asked, Reading, Reply, VendorServer
from tests.providers.whole import WHOLE

LONGEST_BODY = 4096
LONGEST_TTL = 28 * 86_400
LONGEST_TOKEN = timedelta(hours=24)
URGENCIES = ("very-low", "low", "normal", "high")
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
AUTHORIZATION = re.compile(r"vapid t=(?P<token>[\w-]+\.[\w-]+\.[\w-]+), ?k=(?P<key>[\w-]+)")
OTHER_KEY = (
    b"the VAPID credentials in the authorization header do not correspond to the credentials used"
    b" to create the subscriptions.\n"
)


@dataclass
class PushService:
    """`origin` is asked when a request comes, since a server knows its port only then."""

    origin: Callable[[], str]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    file: Path | None = None
    _verified: dict[str, dict[str, Any]] = field(default_factory=dict)

    def subscribe(self, server_key: str, token: str = "") -> Subscription:
        made = Subscription(token or urandom(12).hex(), server_key)
        self.subscriptions[made.token] = made
        self._write_down()
        return made

    def keep_in(self, file: Path) -> None:
        """Go on with the browsers of a process before this one."""
        self.file = file
        if file.exists():
            kept = (read_subscription(line) for line in file.read_bytes().splitlines())
            self.subscriptions |= {one.token: one for one in kept}

    def _write_down(self) -> None:
        if self.file is None:
            return
        lines = (one.line() for one in self.subscriptions.values() if not one.is_gone)
        new = self.file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_bytes(b"\n".join(lines))
        new.replace(self.file)

    def endpoint(self, subscription: Subscription) -> str:
        return f"{self.origin()}/push/{subscription.token}"

    def read(self, asked: Asked) -> Reading:
        path, method = asked.headers[":path"], asked.headers[":method"]
        if (method, path) == ("POST", "/subscribe"):
            return Reading("", self._answer_browser(asked.body))
        token = path.removeprefix("/push/")
        subscription = self.subscriptions.get(token)
        if subscription is None:
            return Reading(token, Reply(404, b"A valid push subscription endpoint is needed."))
        if method == "DELETE":
            subscription.is_gone = True
            self._write_down()
            return Reading("", Reply(204))
        return self._read_push(subscription, asked)

    def _answer_browser(self, body: bytes) -> Reply:
        made = self.subscribe(orjson.loads(body)["applicationServerKey"])
        keys = {"p256dh": made.p256dh, "auth": made.auth}
        return Reply(201, orjson.dumps({"endpoint": self.endpoint(made), "keys": keys}))

    def _read_push(self, subscription: Subscription, asked: Asked) -> Reading:
        headers, topic = asked.headers, asked.headers.get("topic", "")
        refusal = (
            (Reply(410, b'{"reason":"Unregistered"}') if subscription.is_gone else None)
            or self._refuse_sender(headers.get("authorization", ""), subscription)
            or _refuse_message(headers, asked.body)
        )
        if refusal:
            return Reading(subscription.token, refusal, topic)
        plaintext = subscription.open(asked.body)
        said = {
            "location": f"{self.origin()}/message/{urandom(8).hex()}",
            "ttl": headers["ttl"],
        }
        if plaintext is None:
            noted: dict[str, Any] = {"plaintext": None}
        else:
            noted = {"plaintext": plaintext.decode(), **_shown(plaintext)}
        return Reading(subscription.token, Reply(201, b"", said), topic, noted)

    def pass_on(self, asked: Asked, reading: Reading) -> None:
        """To the browser, which drops what it could not decrypt."""
        plaintext = reading.noted["plaintext"]
        if plaintext is not None:
            headers = asked.headers
            self.subscriptions[reading.token].take(
                headers.get("topic", ""), int(headers["ttl"]), plaintext
            )

    def _refuse_sender(self, authorization: str, subscription: Subscription) -> Reply | None:
        if not authorization:
            return Reply(401, b"sender is not authenticated.\n")
        given = AUTHORIZATION.fullmatch(authorization)
        if given is None:
            return Reply(403, b"authorization header had invalid format.\n")
        if given["key"] != subscription.server_key:
            return Reply(403, OTHER_KEY)
        try:
            claims = self._verify(given["token"], given["key"])
        except (jwt.InvalidTokenError, ValueError):
            return Reply(403, b"invalid JWT provided\n")
        return self._refuse_claims(claims)

    def _verify(self, token: str, key: str) -> dict[str, Any]:
        if token not in self._verified:
            point = ec.EllipticCurvePublicKey.from_encoded_point(
                ec.SECP256R1(), base64url.decode(key)
            )
            unchecked = {"verify_exp": False, "verify_aud": False}
            self._verified[token] = jwt.decode(
                token, point, algorithms=["ES256"], options=unchecked
            )
        return self._verified[token]

    def _refuse_claims(self, claims: Mapping[str, Any]) -> Reply | None:
        if claims.get("aud") != self.origin():
            return Reply(403, b"aud claim in the token MUST include the origin\n")
        ends_at = datetime.fromtimestamp(claims.get("exp", 0), UTC)
        if ends_at <= self.now():
            return Reply(403, b"token has expired\n")
        if ends_at > self.now() + LONGEST_TOKEN:
            return Reply(403, b"exp claim MUST NOT be more than 24 hours from the request\n")
        if not str(claims.get("sub", "")).startswith(("mailto:", "https:")):
            return Reply(403, b'{"reason":"BadJwtToken"}')
        return None


def _shown(plaintext: bytes) -> dict[str, str]:
    """Text and title for the person, where the service worker is told them."""
    try:
        keys = orjson.loads(plaintext)
        return {"text": str(keys["message"]), "title": str(keys.get("title", ""))}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {"text": ""}


def _refuse_message(headers: Mapping[str, str], body: bytes) -> Reply | None:
    ttl = headers.get("ttl", "")
    if not ttl.isdigit() or int(ttl) > LONGEST_TTL:
        return Reply(400, b'{"code":400,"errno":111,"message":"Missing or wrong TTL"}')
    if headers.get("content-encoding") != "aes128gcm":
        return Reply(400, b'{"code":400,"errno":110,"message":"Unknown Content-Encoding"}')
    if headers.get("urgency", "normal") not in URGENCIES:
        return Reply(400, b'{"reason":"BadUrgency"}')
    if "topic" in headers and not TOPIC.fullmatch(headers["topic"]):
        return Reply(400, b'{"reason":"BadWebPushTopic"}')
    if len(body) > LONGEST_BODY:
        return Reply(413, b'{"code":413,"errno":104,"message":"Data payload too large"}')
    return None


@dataclass
class WebPushServer(VendorServer):
    pass_on: Callable[[Asked, Reading], None] = lambda asked, reading: None

    def order_for(self, reading: Reading) -> Order:
        """Only pushes fail."""
        return super().order_for(reading) if reading.token else {}

    def note(self, asked: Asked, reading: Reading, reply: Reply, order: Order) -> None:
        """What a browser asks is no push, and does not stand in the log."""
        if reading.token:
            super().note(asked, reading, reply, order)
        if reading.token and reply.status == 201:
            self.pass_on(asked, reading)


Service = TypeVar("Service", bound=PushService)


def make_server(
    log_file: Path,
    tls: ssl.SSLContext,
    make: Callable[..., Service] = PushService,
    **options: Any,
) -> tuple[WebPushServer, Service]:
    service = make(origin=lambda: server.url)
    server = WebPushServer(
        open_log(log_file), tls, service.read, pass_on=service.pass_on, **options
    )
    return server, service


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--cert", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--behaviour", type=Path)
    parser.add_argument("--whole", action="store_true", help=WHOLE)
    parser.add_argument("--subscriptions", type=Path, help="a file that outlives the process")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--trouble", type=rates, default={}, help="as 503=0.02,429=0.01,lost=0.005")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(given.cert, given.key)
    tls.set_alpn_protocols(["h2"])
    server, service = make_server(
        given.log,
        tls,
        orders=Orders(given.behaviour),
        trouble=Trouble(given.trouble, given.seed),
        port=given.port,
        latency=given.latency,
        is_whole=given.whole,
    )
    if given.subscriptions:
        service.keep_in(given.subscriptions)
    asyncio.run(serve_as_process(server))


if __name__ == "__main__":
    main()
