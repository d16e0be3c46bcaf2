"""The quickstarts run as they are printed, and a client that is not ours gets in."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from campaigns.models import Campaign, OutboundMessage
from tests.campaigns.conftest import make_brand
from tests.factories.accounts import ApiClientFactory
from tests.live import PYTHON, ROOT, live_stack
from tests.needs import leave_out


@pytest.fixture
def stack(transactional_db, tmp_path):
    with live_stack(tmp_path, WEB_CONCURRENCY="1") as stack:
        stack.start("web")
        stack.wait_until_ready()
        yield stack


@pytest.fixture
def brand(transactional_db):
    """The brand of the samples, whose user1 has a phone."""
    brand = make_brand()
    brand.skill.name, brand.handoff.public_id = "sales", "H1234567890"
    brand.skill.save()
    brand.handoff.save()
    brand.consumer("user1")
    return brand


@pytest.fixture
def system(brand):
    return ApiClientFactory(account=brand.account, scopes=["campaigns:read", "campaigns:send"])


@pytest.fixture
def told(stack, system):
    """What the environment tells a quickstart."""
    return {
        "PROACTIVE_URL": stack.url,
        "PROACTIVE_ACCOUNT": str(system.account.number),
        "CLIENT_ID": system.client_id,
        "CLIENT_SECRET": system.secret,
    }


def program(page: str, language: str) -> str:
    """The one program of a page."""
    text = (ROOT / "docs" / page).read_text()
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found)


def run(command: str, source: str, path: Path, told: dict[str, str]) -> list[str]:
    path.write_text(source)
    done = subprocess.run(
        [command, path], env={**os.environ, **told}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_python_quickstart_gets_a_token_sends_and_reads(told, tmp_path):
    source = program("quickstart-python.md", "python")

    lines = run(PYTHON, source, tmp_path / "send.py", told)

    assert lines == ["failed: []", "user1 queued"]
    message = OutboundMessage.objects.get()
    assert (message.consumer_ref, message.text) == ("user1", "Your card is ready.")


def test_the_node_quickstart_gets_a_token_sends_and_reads(told, tmp_path):
    node = shutil.which("node")
    if node is None:
        leave_out("NO NODE: docs/quickstart-node.md was not run.")

    lines = run(node, program("quickstart-node.md", "js"), tmp_path / "send.mjs", told)

    assert lines == ["failed: []", "user1 queued"]
    message = OutboundMessage.objects.get()
    assert (message.consumer_ref, message.text) == ("user1", "Your card is ready.")


def test_an_independent_client_library_gets_tokens_of_both_endpoints_and_calls_us(
    stack, brand, system
):
    """A1: with its secret in the Basic header and in the form."""
    number = brand.account.number
    endpoints = (f"{stack.url}/oauth/token", f"{stack.url}/sentinel/api/account/{number}/app/token")
    campaigns = f"{stack.url}/api/v2/account/{number}/campaign"

    for endpoint in endpoints:
        for method in ("client_secret_basic", "client_secret_post"):
            with OAuth2Session(
                system.client_id, system.secret, token_endpoint_auth_method=method
            ) as session:
                token = session.fetch_token(endpoint, grant_type="client_credentials")
                answer = session.post(campaigns, json=brand.body("user1"), timeout=10)

            assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
            assert (answer.status_code, answer.json()["failedConsumers"]) == (200, [])
    assert Campaign.objects.count() == 4


def test_an_independent_client_library_is_told_by_its_own_exception_why_it_is_refused(
    stack, system
):
    """A9: the token endpoints keep RFC 6749's body."""
    with (
        OAuth2Session(system.client_id, "wrong") as session,
        pytest.raises(OAuthError) as refused,
    ):
        session.fetch_token(f"{stack.url}/oauth/token", grant_type="client_credentials")

    assert refused.value.error == "invalid_client"
