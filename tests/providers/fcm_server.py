"""FCM's HTTP v1 API for tests, and Google's token endpoint beside it, at `/token`.

As a process it prints its URL and serves until it is terminated:
`python -m tests.providers.fcm_server --log calls.jsonl --cert cert.pem --key key.pem
--account account.json`. The file of the service account is made where there is none.

Orders are those of `vendor_server`, by registration token; those for the token endpoint are given
to `TOKEN_ENDPOINT`, under which its calls stand in the log, without a message.
"""

import argparse
import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from tests.providers import fcm_bodies as say
from tests.providers.fcm_accounts import Accounts, read_or_make
from tests.providers.proxy_server import Orders, open_log, serve_as_process
from tests.providers.trouble import Trouble, rates
from tests.providers.vendor_server import Asked, Reading, Reply, VendorServer
from tests.providers.whole import WHOLE

TOKEN_ENDPOINT = "oauth2"
LIMIT = 4096
LONGEST_TTL = 28 * 86_400
SEND = re.compile(r"/v1/projects/(?P<project>[^/]+)/messages:send")
REGISTRATION = re.compile(r"[A-Za-z0-9:_-]+")
TTL = re.compile(r"(?P<seconds>\d+)(?:\.\d{1,9})?s")
MESSAGE_FIELDS = {"token", "data", "android"}
ANDROID_FIELDS = {"priority", "ttl"}
HEADERS = {"content-type": "application/json; charset=UTF-8"}


class Refused(Exception):
    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(body)
        self.reply = Reply(status, body, HEADERS)


@dataclass
class Fcm:
    """`gone` are tokens of apps that were removed, `foreign` those of another project's app."""

    accounts: Accounts = field(default_factory=Accounts)
    gone: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)

    def read(self, asked: Asked) -> Reading:
        path = asked.headers[":path"]
        if path == "/token":
            return Reading(TOKEN_ENDPOINT, self.accounts.read(asked))
        match = SEND.fullmatch(path)
        if match is None or asked.headers[":method"] != "POST":
            return Reading("", Reply(404, say.html_404(path), {"content-type": "text/html"}))
        message = _load(asked.body)
        token = message.get("token")
        reading = {"token": token if isinstance(token, str) else "", "message": _id_of(message)}
        try:
            self._check_sender(asked.headers, match["project"])
            check_message(asked.body)
            self._check_token(str(token))
        except Refused as refused:
            return Reading(reply=refused.reply, **reading)
        name = f"projects/{match['project']}/messages/0:{uuid4().int % 10**16}%{uuid4().hex[:16]}"
        return Reading(
            reply=Reply(200, orjson.dumps({"name": name}), HEADERS),
            noted=_shown(asked.body),
            **reading,
        )

    def _check_sender(self, headers: Mapping[str, str], project: str) -> None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise Refused(401, say.no_authentication())
        known = self.accounts.project_of(token)
        if known is None:
            raise Refused(401, say.unauthenticated("ACCESS_TOKEN_EXPIRED"))
        if known != project:
            raise Refused(403, say.no_permission(project))

    def _check_token(self, token: str) -> None:
        if not REGISTRATION.fullmatch(token):
            raise Refused(400, say.not_a_token())
        if token in self.foreign:
            raise Refused(403, say.sender_id_mismatch())
        if token in self.gone:
            raise Refused(404, say.unregistered())


def check_message(body: bytes) -> None:
    """:raises Refused: FCM would not take it, or it is none of ours: a message of data alone."""
    try:
        message = orjson.loads(body)["message"]
    except orjson.JSONDecodeError:
        raise Refused(400, say.bad_value("", "Invalid JSON payload received.")) from None
    except (KeyError, TypeError):
        raise Refused(400, say.bad_value("message", "Message is not set.")) from None
    _check_fields(message, MESSAGE_FIELDS, "message")
    _check_fields(message.get("android", {}), ANDROID_FIELDS, "message.android")
    if not isinstance(message.get("token"), str) or not message["token"]:
        raise Refused(400, say.bad_message("message", "Recipient of the message is not set."))
    _check_data(message.get("data", {}))
    _check_android(message.get("android", {}))


def _check_fields(given: Mapping[str, Any], known: set[str], place: str) -> None:
    for name in given:
        if name not in known:
            words = (
                f"Invalid JSON payload received. Unknown name \"{name}\" at '{place}':"
                " Cannot find field."
            )
            raise Refused(400, say.bad_value(place, words))


def _check_data(data: Mapping[str, Any]) -> None:
    for n, (name, value) in enumerate(data.items()):
        if not isinstance(value, str):
            place = f"message.data[{n}].value"
            words = f"Invalid value at '{place}' (TYPE_STRING), {value}"
            raise Refused(400, say.bad_value(place, words))
        if name in ("from", "message_type") or name.startswith(("google", "gcm")):
            raise Refused(400, say.bad_message("message.data", f"Invalid data key: {name}"))
    if sum(len(text.encode()) for pair in data.items() for text in pair) > LIMIT:
        raise Refused(400, say.too_big())


def _check_android(android: Mapping[str, Any]) -> None:
    ttl = TTL.fullmatch(str(android.get("ttl", "0s")))
    if ttl is None:
        place = "message.android.ttl"
        words = f"Invalid value at '{place}' (type.googleapis.com/google.protobuf.Duration)"
        raise Refused(400, say.bad_value(place, words))
    if int(ttl["seconds"]) > LONGEST_TTL:
        raise Refused(400, say.bad_message("message.android.ttl", "Invalid ttl"))
    if android.get("priority") not in ("HIGH", "NORMAL"):
        place = "message.android.priority"
        raise Refused(400, say.bad_value(place, f"Invalid value at '{place}' (TYPE_ENUM)"))


def _load(body: bytes) -> Mapping[str, Any]:
    try:
        message = orjson.loads(body)["message"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return message if isinstance(message, dict) else {}


def keys_of(body: bytes) -> dict[str, Any]:
    """What the SDK reads: JSON within the message's data."""
    keys: dict[str, Any] = orjson.loads(_load(body)["data"]["payload"])
    return keys


def _shown(body: bytes) -> dict[str, str]:
    """Text and title for the person, where the SDK is told them."""
    try:
        keys = keys_of(body)
        return {"text": str(keys["message"]), "title": str(keys.get("title", ""))}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {"text": ""}


def _id_of(message: Mapping[str, Any]) -> str:
    try:
        return str(orjson.loads(message["data"]["payload"])["id"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""


def make_server(log_file: Path, tls: ssl.SSLContext, **options: Any) -> tuple[VendorServer, Fcm]:
    fcm = Fcm()
    return VendorServer(open_log(log_file), tls, fcm.read, **options), fcm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--cert", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--account", type=Path, required=True, help="a service account's file")
    parser.add_argument("--tokens", type=Path, help="a file that outlives the process")
    parser.add_argument("--project", default="larkfield-app")
    parser.add_argument("--behaviour", type=Path)
    parser.add_argument("--whole", action="store_true", help=WHOLE)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--trouble", type=rates, default={}, help="as 503=0.02,429=0.01,lost=0.005")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(given.cert, given.key)
    tls.set_alpn_protocols(["h2"])
    server, fcm = make_server(
        given.log,
        tls,
        orders=Orders(given.behaviour),
        trouble=Trouble(given.trouble, given.seed),
        port=given.port,
        latency=given.latency,
        is_whole=given.whole,
    )
    if given.tokens:
        fcm.accounts.keep_in(given.tokens)
    fcm.accounts.add(read_or_make(given.account, given.project))
    asyncio.run(serve_as_process(server))


if __name__ == "__main__":
    main()
