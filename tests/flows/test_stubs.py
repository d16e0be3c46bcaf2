"""script/server --providers: pushes as the vendors would get them, from nothing to nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from common import base64url

CHECKOUT = Path(__file__).resolve().parents[2]
# The demo's plan with stubs, but for the command that is run at its end.
RUN = """
import sys
from dataclasses import replace
from proactive_site.embedded import product, stubs
from proactive_site.embedded.installation import thrown_away
from proactive_site.embedded.ports import free_port
from proactive_site.embedded.supervisor import serve

with thrown_away() as installation:
    plan = product.demo_plan(installation.home, free_port())
    ports = [free_port() for _ in range(stubs.COUNT)]
    plan = stubs.with_stubs(plan, installation.home, ports)
    plan = replace(plan, then=(sys.executable, "-m", "tests.flows.all_ways"))
    sys.exit(serve(installation, plan, given={}))
"""


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def pushes(said: dict[str, Any], name: str, *, protocol: str = "HTTP/2") -> list[dict[str, Any]]:
    """In the log of a stub, requests for a token left out."""
    found = [entry for entry in said["logs"][name] if entry["message"]]
    assert {entry["request"]["protocol"] for entry in found} == {protocol}
    return sorted(found, key=lambda entry: str(entry["text"]))


def headers(push: dict[str, Any]) -> dict[str, str]:
    return dict(push["request"]["headers"])


def test_every_phone_of_the_demo_rings_in_the_lab_by_way_of_the_stubs(said: dict[str, Any]) -> None:
    assert said["silent"] == []


def test_android_phones_are_asked_for_at_fcm_with_a_token_of_the_service_account(
    said: dict[str, Any],
) -> None:
    asked = pushes(said, "fcm")

    messages = [json.loads(push["request"]["body"])["message"] for push in asked]
    keys = [json.loads(message["data"]["payload"]) for message in messages]
    assert [one["message"] for one in keys] == ["Hi kola 💳", "Hi leila 💳"]
    assert {push["url"].split("/", 3)[3] for push in asked} == {
        "v1/projects/larkfield-app/messages:send"
    }
    assert all(headers(push)["authorization"].startswith("Bearer ya29.") for push in asked)
    assert {push["status"] for push in asked} == {200}


def test_iphones_are_asked_for_at_apns_with_a_key_that_the_log_does_not_give_away(
    said: dict[str, Any],
) -> None:
    asked = pushes(said, "apns")

    alerts = [json.loads(push["request"]["body"])["aps"]["alert"] for push in asked]
    assert [alert["body"] for alert in alerts] == ["Hi ingrid 💳", "Hi user1 💳"]
    assert {headers(push)["apns-topic"] for push in asked} == {"com.larkfield.app"}
    assert all(headers(push)["authorization"].endswith(".…") for push in asked)
    assert {push["status"] for push in asked} == {200}


def test_browser_is_asked_for_with_bytes_that_only_it_can_read(said: dict[str, Any]) -> None:
    (asked,) = pushes(said, "webpush")

    sealed = base64url.decode(asked["request"]["sealed"])
    assert json.loads(asked["plaintext"])["message"] == "Hi mei 💳"
    assert b"mei" not in sealed
    assert len(sealed) == int(headers(asked)["content-length"])
    assert headers(asked)["content-encoding"] == "aes128gcm"
    assert asked["status"] == 201


def test_huawei_phone_is_asked_for_at_the_push_proxy_signed(said: dict[str, Any]) -> None:
    (asked,) = pushes(said, "proxy", protocol="HTTP/1.1")

    body = json.loads(asked["request"]["body"])
    assert (body["data"]["message"], body["push-service"]) == ("Hi jun 💳", 3)
    assert headers(asked)["webhook-signature"].startswith("v1,")
    assert asked["status"] == 200
