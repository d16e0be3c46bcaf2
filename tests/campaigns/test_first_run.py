"""G6: an empty account is led from its app to watching its first campaign arrive."""

import json
import re
import shlex
import subprocess

import pytest

from handoffs.programs import CONSUMER, NO_CLIENT, NO_HANDOFF, NO_SKILL, SECRET
from tests.campaigns.conftest import Brand
from tests.campaigns.web_tool import Tool
from tests.factories.accounts import AccountFactory, ApiClientFactory, AppFactory, SkillFactory
from tests.factories.consumers import ConsumerFactory, DeviceFactory
from tests.factories.handoffs import HandoffFactory
from tests.factories.push import PushCredentialFactory
from tests.printed import programs_of


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


def shell(page):
    """The words of the printed cURL, as a shell would read them."""
    program = programs_of(page)["curl"]
    done = subprocess.run(["sh", "-nc", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return shlex.split(program, comments=True)


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


def test_the_call_has_the_accounts_own_values_and_is_read_by_a_shell(account, settings):
    settings.PUBLIC_URL = "https://push.marlow.example"
    app = AppFactory(account=account)
    PushCredentialFactory(app=app, platform="ios")
    DeviceFactory(consumer=ConsumerFactory(account=account, ref="malmö-1"), app=app)
    handoff = HandoffFactory(account=account, text="Hi ${{1}}, come ${{2}}")
    client = ApiClientFactory(account=account)

    for path in ("", "call/"):
        call = shell(Tool(account).page(path))
        assert f"client_id={client.client_id}" in call
        assert f"https://push.marlow.example/api/v2/account/{account.number}/campaign" in call
        body = json.loads(call[-1])
        assert (body["templateId"], body["skill"]) == (handoff.public_id, "it's billing")
        variables = {"1": "sample 1", "2": "sample 2"}
        person = {"consumerContent": {"inapp": "malmö-1"}, "variables": variables}
        assert body["consumers"] == [person]


def test_what_an_empty_account_does_not_have_yet_is_a_word_to_fill_in(db):
    page = Tool(AccountFactory()).page()

    assert programs_of(page).keys() == {"curl", "py", "js"}
    for word in (SECRET, CONSUMER, NO_CLIENT, NO_HANDOFF, NO_SKILL):
        assert f"<code>{word}</code>" in page
        assert all(word in program for program in programs_of(page).values())
    body = json.loads(shell(page)[-1])
    assert body["templateId"] == NO_HANDOFF
    assert body["consumers"][0]["variables"] == {"1": "sample 1"}


def test_a_client_that_may_not_send_is_no_client_for_the_first_call(account):
    reader = ApiClientFactory(account=account, scopes=["campaigns:read"])
    page = Tool(account).page()

    assert reader.client_id not in page
    assert steps(page)[3] == ("An API client", "")


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
