"""Apple's APNs for tests: it refuses what Apple refuses, in Apple's words.

As a process it prints its URL and serves until it is terminated:
`python -m tests.providers.apns_server --log calls.jsonl --cert cert.pem --key key.pem
--credential credential.json --environment production`. The file has the settings of a push
credential, and is made where there is none.

Device tokens that begin with SANDBOX_TOKENS are of the sandbox, all others of production. Orders
are those of `vendor_server`, by device token.
"""

import argparse
import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson

from tests.providers.apns_keys import KeyRing, Refused, Signed, make_credential
from tests.providers.proxy_server import Orders, open_log, serve_as_process
from tests.providers.trouble import Trouble, rates
from tests.providers.vendor_server import Asked, Reading, Reply, VendorServer
from tests.providers.whole import WHOLE

ENVIRONMENTS = ("production", "sandbox")
SANDBOX_TOKENS = "5a"
PATH = re.compile(r"/3/device/(?P<token>[^/]*)")
DEVICE_TOKEN = re.compile(r"(?:[0-9A-Fa-f]{2})+")
EXPIRATION = re.compile(r"[0-9]{1,12}")
LONGEST_PAYLOAD = 4096
LONGEST_COLLAPSE_ID = 64


@dataclass
class Apns:
    """One environment. `topics` are the apps of each team; `apps` has the topic of device tokens
    that are not of the team's first; `gone` says since when, in milliseconds."""

    environment: str = "production"
    keys: KeyRing = field(default_factory=KeyRing)
    topics: dict[str, list[str]] = field(default_factory=dict)
    apps: dict[str, str] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)

    def add(self, credential: Mapping[str, str]) -> None:
        self.keys.add(credential)
        self.topics.setdefault(credential["team_id"], []).append(credential["topic"])

    def read(self, asked: Asked) -> Reading:
        headers = asked.headers
        found = PATH.fullmatch(headers[":path"])
        reading: dict[str, Any] = {
            "token": found["token"] if found else "",
            "message": headers.get("apns-id", ""),
        }
        said = {"apns-id": headers.get("apns-id") or str(uuid4())}
        try:
            if found is None:
                raise Refused(404, "BadPath")
            signed = self._check(asked, found["token"])
        except Refused as refused:
            body = orjson.dumps({"reason": refused.reason, **refused.more})
            return Reading(reply=Reply(refused.status, body, said), **reading)
        if self.environment == "sandbox":
            said["apns-unique-id"] = str(uuid4())
        return Reading(reply=Reply(200, b"", said), noted=_note(asked, signed), **reading)

    def _check(self, asked: Asked, token: str) -> Signed:
        headers = asked.headers
        if headers[":method"] != "POST":
            raise Refused(405, "MethodNotAllowed")
        authorization = headers.get("authorization", "")
        signed = self.keys.check(authorization, self.environment, asked.connection)
        _check_headers(headers)
        _check_payload(asked.body)
        self._check_device(token, headers.get("apns-topic", ""), self.topics[signed.team_id])
        return signed

    def _check_device(self, token: str, topic: str, topics: list[str]) -> None:
        if not topic:
            raise Refused(400, "MissingTopic")
        if topic not in topics:
            raise Refused(400, "TopicDisallowed")
        if not token:
            raise Refused(400, "MissingDeviceToken")
        is_sandbox = token.startswith(SANDBOX_TOKENS)
        if not DEVICE_TOKEN.fullmatch(token) or is_sandbox != (self.environment == "sandbox"):
            raise Refused(400, "BadDeviceToken")
        if self.apps.get(token, topics[0]) != topic:
            raise Refused(400, "DeviceTokenNotForTopic")
        if token in self.gone:
            raise Refused(410, "Unregistered", timestamp=self.gone[token])


def _check_headers(headers: Mapping[str, str]) -> None:
    if headers.get("apns-push-type") != "alert":
        raise Refused(400, "InvalidPushType")
    if headers.get("apns-priority", "10") not in ("1", "5", "10"):
        raise Refused(400, "BadPriority")
    if not EXPIRATION.fullmatch(headers.get("apns-expiration", "0")):
        raise Refused(400, "BadExpirationDate")
    if len(headers.get("apns-collapse-id", "").encode()) > LONGEST_COLLAPSE_ID:
        raise Refused(400, "BadCollapseId")
    if not _is_canonical(headers.get("apns-id")):
        raise Refused(400, "BadMessageId")


def _is_canonical(apns_id: str | None) -> bool:
    try:
        return apns_id is None or str(UUID(apns_id)) == apns_id
    except ValueError:
        return False


def _check_payload(body: bytes) -> None:
    if len(body) > LONGEST_PAYLOAD:
        raise Refused(413, "PayloadTooLarge")
    try:
        aps = orjson.loads(body)["aps"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise Refused(400, "PayloadEmpty") from None
    if not aps:
        raise Refused(400, "PayloadEmpty")


def _shown(payload: Mapping[str, Any]) -> dict[str, str]:
    """Body and title of an alert; a payload may have none."""
    alert = payload["aps"].get("alert", "")
    if not isinstance(alert, dict):
        return {"text": str(alert)}
    return {"text": str(alert.get("body", "")), "title": str(alert.get("title", ""))}


def _note(asked: Asked, signed: Signed) -> dict[str, Any]:
    headers = asked.headers
    return {
        **_shown(orjson.loads(asked.body)),
        "collapse_id": headers.get("apns-collapse-id", ""),
        "topic": headers["apns-topic"],
        "key_id": signed.key_id,
        "issued_at": signed.issued_at,
        "jwt": sha256(signed.text.encode()).hexdigest()[:16],
    }


def make_server(log_file: Path, tls: ssl.SSLContext, apns: Apns, **options: Any) -> VendorServer:
    """As Apple's, it allows one request on a connection until one was taken."""
    given = {"first_streams": 1, **options}
    return VendorServer(open_log(log_file), tls, apns.read, **given)


def read_or_make(path: Path) -> dict[str, str]:
    if not path.exists():
        path.write_bytes(orjson.dumps(make_credential()))
        path.chmod(0o600)
    credential: dict[str, str] = orjson.loads(path.read_bytes())
    return credential


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--cert", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--credential", type=Path, required=True)
    parser.add_argument("--environment", choices=ENVIRONMENTS, default="production")
    parser.add_argument("--behaviour", type=Path)
    parser.add_argument("--whole", action="store_true", help=WHOLE)
    parser.add_argument("--trouble", type=rates, default={}, help="as 503=0.02,429=0.01,lost=0.005")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    given = parser.parse_args()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(given.cert, given.key)
    tls.set_alpn_protocols(["h2"])
    apns = Apns(given.environment)
    apns.add(read_or_make(given.credential))
    server = make_server(
        given.log,
        tls,
        apns,
        orders=Orders(given.behaviour),
        trouble=Trouble(given.trouble, given.seed),
        port=given.port,
        latency=given.latency,
        is_whole=given.whole,
    )
    asyncio.run(serve_as_process(server))


if __name__ == "__main__":
    main()
