"""G6: an empty account is led from its app to watching its first campaign arrive."""

import json
import re
import subprocess

import pytest

from tests.campaigns.conftest import Brand
from tests.campaigns.web_tool import Tool, words
from tests.factories.accounts import AccountFactory, ApiClientFactory, AppFactory, SkillFactory
from tests.factories.consumers import ConsumerFactory, DeviceFactory
from tests.factories.handoffs import HandoffFactory
from tests.factories.push import PushCredentialFactory


@pytest.fixture
def account(db):
    account = AccountFactory()
    account.default_skill = SkillFactory(account=account, name="it's billing")
    account.save()
    return account


def steps(page):
    """What each step is, and what it offers."""
    found = re.findall(r'<li class="([^"]*)".*?<h3>(.*?)</h3>(.*?)</li>', page, re.DOTALL)
    return [(title, state.removeprefix("is-")) for state, title, _ in found]


def shell(page, name):
    """A call as the page shows it, as a shell would read it."""
    call = re.search(rf'<pre id="{name}"[^>]*>(.*?)</pre>', page, re.DOTALL)[1]
    text = words(call.replace("\n", "\0")).replace("\0", "\n")
    done = subprocess.run(["sh", "-nc", text], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return text


def test_each_step_is_done_for_now_or_for_later_by_what_there_is(account):
    tool = Tool(account)
    assert [state for _, state in steps(tool.page())] == ["now", "", "", "", ""]

    app = AppFactory(account=account, bundle_id="com.marlow.shop")
    assert [state for _, state in steps(tool.page())] == ["done", "now", "", "", ""]
    PushCredentialFactory(app=app, platform="ios")
    HandoffFactory(account=account, is_active=False)
    assert [state for _, state in steps(tool.page())] == ["done", "done", "now", "", ""]
    HandoffFactory(account=account, title="Pick-up")
    assert [state for _, state in steps(tool.page())] == ["done", "done", "done", "now", ""]
    ApiClientFactory(account=account)
    page = tool.page()

    assert [state for _, state in steps(page)] == ["done", "done", "done", "done", "now"]
    assert "com.marlow.shop is set up." in page
    assert "4 of 5 done" in page


def test_the_calls_have_the_accounts_own_values_and_are_read_by_a_shell(account, settings):
    settings.PUBLIC_URL = "https://push.marlow.example"
    app = AppFactory(account=account)
    PushCredentialFactory(app=app, platform="ios")
    DeviceFactory(consumer=ConsumerFactory(account=account, ref="malmö-1"), app=app)
    handoff = HandoffFactory(account=account, text="Hi ${{1}}, come ${{2}}")
    client = ApiClientFactory(account=account)
    page = Tool(account).page()

    assert f"client_id={client.client_id}" in shell(page, "token-call")
    call = shell(page, "campaign-call")
    assert f"https://push.marlow.example/api/v2/account/{account.number}/campaign" in call
    body = json.loads(call.split("-d '", 1)[1].rsplit("'", 1)[0].replace("'\\''", "'"))
    assert body["templateId"] == handoff.public_id
    assert body["skill"] == "it's billing"
    assert body["consumers"] == [
        {
            "consumerContent": {"inapp": "malmö-1"},
            "variables": {"1": "text 1", "2": "text 2"},
        }
    ]


def test_the_first_campaign_takes_the_guides_place_by_itself(account):
    app = AppFactory(account=account, bundle_id="com.brand.app")
    PushCredentialFactory(app=app, platform="ios")
    skill = account.default_skill
    tool = Tool(account)
    assert "hx-trigger" not in tool.page()
    handoff = HandoffFactory(account=account)
    ApiClientFactory(account=account)
    assert 'hx-trigger="every 2s"' in tool.page()
    waiting = tool.get(hx_request="true", hx_target="guide")
    assert b"Waiting for the first call." in waiting.content

    Brand(account, app, skill, skill, handoff).send("ana")

    assert tool.get(hx_request="true", hx_target="guide").headers["HX-Refresh"] == "true"
    assert tool.names() == ["Card renewal"]


def test_a_filter_that_finds_nothing_is_no_first_run(account):
    page = Tool(account).page("?status=cancelled")

    assert "No campaign is like this" in page
    assert "Your first message" not in page


@pytest.mark.parametrize(("lab", "is_there"), [("open", True), ("off", False)])
def test_the_lab_is_offered_where_it_can_be_opened(account, settings, lab, is_there):
    settings.LAB = lab
    PushCredentialFactory(app=AppFactory(account=account), platform="ios")
    HandoffFactory(account=account)
    ApiClientFactory(account=account)

    assert ("Open the lab" in Tool(account).page()) is is_there
