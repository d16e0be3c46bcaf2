"""P3, J2: what only a real server and a real worker show."""

import json
import socket

import pytest

from campaigns.models import Campaign, OutboundMessage
from tests.campaigns.caller import Api
from tests.campaigns.conftest import make_brand
from tests.factories.accounts import ApiClientFactory, bearer
from tests.live import live_stack, wait_for

LIMIT = 20_000


@pytest.fixture
def stack(transactional_db, tmp_path):
    with live_stack(tmp_path, MAX_BODY_BYTES=str(LIMIT), WEB_CONCURRENCY="1") as stack:
        stack.start("web", "worker")
        stack.wait_until_ready()
        yield stack


def exchange(stack, raw):
    """Send these bytes and no more; the status, the headers and the body that come back."""
    with socket.create_connection(("127.0.0.1", int(stack.env["PORT"])), timeout=10) as wire:
        wire.sendall(raw)
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


def request(api, *headers, body=b"", method="POST"):
    lines = [
        f"{method} {api.url('campaign')} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: close",
        "Content-Type: application/json",
        f"Authorization: {api.headers['authorization']}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_bodies_are_bounded_and_a_request_s_id_reaches_the_worker_s_log(stack):
    brand = make_brand()
    brand.consumer("ana")
    api = Api(brand.account, bearer(ApiClientFactory(account=brand.account)))

    refusals = {
        "chunked": request(api, "Transfer-Encoding: chunked", body=b"ffffff\r\n{"),
        "a length that never comes": request(api, "Content-Length: 100000000", body=b"{"),
        "too long": request(api, f"Content-Length: {LIMIT + 1}", body=b" " * (LIMIT + 1)),
        "gzip": request(
            api, "Content-Length: 4", "Content-Encoding: gzip", body=b"\x1f\x8b\x08\x00"
        ),
    }
    answers = {name: exchange(stack, raw) for name, raw in refusals.items()}

    told = {
        name: (status, json.loads(body)["errorKey"]) for name, (status, _, body) in answers.items()
    }
    assert told == {
        "chunked": (411, "length_required"),
        "a length that never comes": (413, "body_too_large"),
        "too long": (413, "body_too_large"),
        "gzip": (400, "malformed_body"),
    }
    assert all(headers["content-type"] == "application/json" for _, headers, _ in answers.values())
    assert not Campaign.objects.exists()

    body = json.dumps(brand.body("ana")).encode()
    status, headers, raw = exchange(stack, request(api, f"Content-Length: {len(body)}", body=body))

    assert (status, json.loads(raw)["failedConsumers"]) == (200, [])
    wait_for(OutboundMessage.objects.filter(state="sent").exists, seconds=20, what="the push")

    def events() -> list[str]:
        written = [line for line in stack.log_of("worker").splitlines() if line.startswith("{")]
        lines = [json.loads(line) for line in written]
        request_id = headers["x-request-id"]
        return [line["event"] for line in lines if line.get("request_id") == request_id]

    def is_told() -> bool:
        return any("Delivered batch of 1" in event for event in events())

    wait_for(is_told, seconds=10, what="the line that tells of the batch")
    assert "Hi ana" not in stack.log_of("worker") + stack.log_of("web")
