"""The stub is what other tests trust, so it is tested on what it refuses, and as a process."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import orjson
import pytest

from common.transport import Answer, Transport
from push.providers.base import PushResult
from push.providers.fcm import FcmProvider
from push.providers.fcm_settings import read_fcm_settings
from push.providers.site import Site
from tests.providers.certificates import make_certificate
from tests.providers.contract import NOW, make_request
from tests.providers.fcm_accounts import AUDIENCE, GRANT, SCOPE, make_file, make_key
from tests.providers.fcm_server import Fcm
from tests.providers.processes import running
from tests.providers.vendor_server import Asked

FILE = make_file()
TIME = 1_800_000_000
PATH = "/v1/projects/larkfield-app/messages:send"


@pytest.fixture
def fcm() -> Fcm:
    made = Fcm()
    made.accounts.add(FILE)
    made.accounts.now = lambda: TIME
    made.accounts.tokens["good"] = ("larkfield-app", TIME + 60)
    made.accounts.tokens["old"] = ("larkfield-app", TIME - 1)
    return made


def message(**changes: Any) -> dict[str, Any]:
    """One that is taken, but for the changes; what is None is left out."""
    right = {
        "token": "phone-1",
        "android": {"priority": "HIGH", "ttl": "60s"},
        "data": {"payload": '{"id":"0193a1b2"}'},
    }
    return {name: value for name, value in (right | changes).items() if value is not None}


def ask(fcm: Fcm, body: bytes, path: str = PATH, token: str = "good", method: str = "POST") -> Any:
    headers = {":method": method, ":path": path}
    if token:
        headers["authorization"] = f"Bearer {token}"
    return fcm.read(Asked(headers, body))


def send(fcm: Fcm, given: Any) -> tuple[int, str]:
    """Status and Google's words."""
    reply = ask(fcm, orjson.dumps({"message": given})).reply
    said = orjson.loads(reply.body)
    return reply.status, said.get("error", {}).get("message", "")


def test_message_is_taken_and_noted_by_its_id(fcm: Fcm) -> None:
    reading = ask(fcm, orjson.dumps({"message": message()}))

    assert reading.reply.status == 200
    assert (reading.token, reading.message) == ("phone-1", "0193a1b2")
    assert orjson.loads(reading.reply.body)["name"].startswith("projects/larkfield-app/messages/")


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"token": None}, 400, "Request contains an invalid argument."),
        ({"token": "no token"}, 400, "not a valid FCM registration token"),
        ({"token": "gone-1"}, 404, "Requested entity was not found."),
        ({"token": "foreign-1"}, 403, "SenderId mismatch"),
        ({"notification": {"body": "x"}}, 400, 'Unknown name "notification"'),
        ({"android": {"priority": "HIGH", "collapse_key": "x"}}, 400, "collapse_key"),
        ({"data": {"payload": 7}}, 400, "(TYPE_STRING), 7"),
        ({"data": {"payload": {"a": "b"}}}, 400, "message.data[0].value"),
        ({"data": {"from": "x"}}, 400, "Request contains an invalid argument."),
        ({"data": {"gcm_x": "x"}}, 400, "Request contains an invalid argument."),
        ({"data": {"google.x": "x"}}, 400, "Request contains an invalid argument."),
        ({"data": {"payload": "x" * 4089}}, 200, ""),
        ({"data": {"payload": "x" * 4090}}, 400, "Android message is too big"),
        ({"data": {"payload": "é" * 2045}}, 400, "Android message is too big"),
        ({"data": {"a" * 4000: "x" * 97}}, 400, "Android message is too big"),
        ({"android": {"priority": "HIGH", "ttl": "2419200s"}}, 200, ""),
        ({"android": {"priority": "HIGH", "ttl": "0s"}}, 200, ""),
        ({"android": {"priority": "HIGH", "ttl": "1.5s"}}, 200, ""),
        ({"android": {"priority": "HIGH", "ttl": "2419201s"}}, 400, "invalid argument"),
        ({"android": {"priority": "HIGH", "ttl": "-1s"}}, 400, "message.android.ttl"),
        ({"android": {"priority": "HIGH", "ttl": "60"}}, 400, "message.android.ttl"),
        ({"android": {"priority": "HIGH", "ttl": 60}}, 400, "message.android.ttl"),
        ({"android": {"priority": "urgent", "ttl": "60s"}}, 400, "message.android.priority"),
    ],
)
def test_stub_refuses_what_fcm_refuses_and_what_we_never_send(
    fcm: Fcm, changes: dict[str, Any], status: int, words: str
) -> None:
    fcm.gone.add("gone-1")
    fcm.foreign.add("foreign-1")

    got, said = send(fcm, message(**changes))

    assert got == status
    assert words in said


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"7"])
def test_stub_refuses_a_body_that_holds_no_message(fcm: Fcm, body: bytes) -> None:
    assert ask(fcm, body).reply.status == 400


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"token": ""}, 401),
        ({"token": "made-up"}, 401),
        ({"token": "old"}, 401),
        ({"path": "/v1/projects/other-app/messages:send"}, 403),
        ({"path": "/v1/projects/larkfield-app/messages"}, 404),
        ({"path": "/fcm/send"}, 404),
        ({"method": "GET"}, 404),
    ],
)
def test_stub_wants_a_live_token_of_the_project(
    fcm: Fcm, options: dict[str, str], status: int
) -> None:
    assert ask(fcm, orjson.dumps({"message": message()}), **options).reply.status == status


def grant(fcm: Fcm, key: str = "", kid: str = "", grant_type: str = GRANT, **claims: Any) -> Any:
    right = {"iss": FILE["client_email"], "aud": AUDIENCE, "scope": SCOPE}
    right |= {"iat": TIME, "exp": TIME + 3600}
    assertion = jwt.encode(
        right | claims,
        key or FILE["private_key"],
        "RS256",
        headers={"kid": kid or FILE["private_key_id"]},
    )
    form = urlencode({"grant_type": grant_type, "assertion": assertion}).encode()
    reply = ask(fcm, form, path="/token", token="").reply
    return reply.status, orjson.loads(reply.body)


def test_token_endpoint_gives_a_token_that_is_taken(fcm: Fcm) -> None:
    status, said = grant(fcm)

    body = orjson.dumps({"message": message()})
    assert (status, said["token_type"], said["expires_in"]) == (200, "Bearer", 3599)
    assert ask(fcm, body, token=said["access_token"]).reply.status == 200


def test_token_is_taken_by_a_later_process_too(fcm: Fcm, tmp_path: Path) -> None:
    fcm.accounts.keep_in(tmp_path / "tokens.json")
    given = grant(fcm)[1]["access_token"]

    later = Fcm()
    later.accounts.now = lambda: TIME
    later.accounts.keep_in(tmp_path / "tokens.json")

    assert ask(later, orjson.dumps({"message": message()}), token=given).reply.status == 200


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"grant_type": "client_credentials"}, "Invalid grant_type"),
        ({"iss": "x@larkfield-app.iam.gserviceaccount.com"}, "account not found"),
        ({"key": make_key("another")}, "Invalid JWT Signature."),
        ({"kid": "another"}, "Invalid JWT Signature."),
        ({"aud": "https://127.0.0.1/token"}, "audience"),
        ({"exp": TIME + 3601}, "short-lived"),
        ({"iat": TIME - 301, "exp": TIME + 60}, "short-lived"),
        ({"iat": TIME + 301, "exp": TIME + 360}, "short-lived"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "scope"),
    ],
)
def test_token_endpoint_denies_what_google_denies(
    fcm: Fcm, given: dict[str, Any], words: str
) -> None:
    status, said = grant(fcm, **given)

    assert status == 400
    assert words in said["error_description"]


def test_token_endpoint_denies_an_assertion_that_is_none(fcm: Fcm) -> None:
    form = urlencode({"grant_type": GRANT, "assertion": "a.b.c"}).encode()

    assert ask(fcm, form, path="/token").reply.status == 400


def running_stub(folder: Path) -> AbstractContextManager[str]:
    authority = make_certificate("Test authority")
    certificate = make_certificate("FCM", issuer=authority, hosts=("127.0.0.1",))
    (folder / "ca.pem").write_text(authority.cert_pem)
    (folder / "cert.pem").write_text(certificate.cert_pem)
    (folder / "key.pem").write_text(certificate.key_pem)
    options = ["--log", folder / "calls.jsonl", "--behaviour", folder / "orders.json"]
    options += ["--cert", folder / "cert.pem", "--key", folder / "key.pem"]
    return running("fcm_server", *options, "--account", folder / "account.json")


def push(url: str, folder: Path, tokens: list[str]) -> list[PushResult]:
    site = Site(ca_file=str(folder / "ca.pem"), fcm_url=url, fcm_token_url=f"{url}/token")
    account = (folder / "account.json").read_text()
    provider = FcmProvider(read_fcm_settings({"service_account": account}, site), site)
    transport = Transport()
    calls = (
        provider.start(make_request(token, "android", message_id=f"{n:032x}"), NOW)
        for n, token in enumerate(tokens)
    )
    results = [a.tag.finish(a) for a in transport.perform(calls) if isinstance(a, Answer)]
    transport.close()
    return results


def test_as_a_process_it_makes_an_account_takes_its_pushes_and_logs_each(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text(json.dumps({"t7": [{"status": 503}]}))

    with running_stub(tmp_path) as url:
        results = push(url, tmp_path, [f"t{n}" for n in range(100)])

    log = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    pushes = [entry for entry in log if entry["message"]]
    assert sorted(result.status or 0 for result in results) == [200] * 99 + [503]
    assert sorted(entry["message"] for entry in pushes) == [f"{n:032x}" for n in range(100)]
    assert [entry["token"] for entry in log if not entry["message"]] == ["oauth2"]
