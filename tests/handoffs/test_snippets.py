"""The printed call: the account's own values, safe in every language."""

import html
import json
import re
import shlex

import pytest

from handoffs.programs import CONSUMER, NO_CLIENT, NO_SKILL, SECRET, Call
from handoffs.snippets import call_of, snippets
from tests.factories.accounts import ApiClientFactory, SkillFactory
from tests.factories.handoffs import HandoffFactory

NASTY = 'It\'s "x" \\ $HOME `id` </script> 💳'


@pytest.fixture
def handoff(db):
    return HandoffFactory(title="Cards", text="Hi ${{2}} and ${{1}}", public_id="H12")


def test_the_call_has_the_accounts_own_values(handoff, settings):
    settings.PUBLIC_URL = "https://push.brand.example"
    ApiClientFactory(account=handoff.account, scopes=["campaigns:read"])
    sender = ApiClientFactory(account=handoff.account)
    SkillFactory(account=handoff.account, name="Card services")

    call = call_of(handoff, samples={"1": "Ana"}, consumer_ref="me")

    number = handoff.account.number
    assert call.campaign_url == f"https://push.brand.example/api/v2/account/{number}/campaign"
    assert call.client_id == sender.client_id
    assert call.campaign == {
        "campaignName": "Cards",
        "skill": "Card services",
        "templateId": "H12",
        "consent": True,
        "consumers": [
            {
                "consumerContent": {"inapp": "me"},
                "variables": {"1": "Ana", "2": "sample 2"},
            }
        ],
    }


def test_what_the_account_does_not_have_is_a_word_to_fill_in(handoff):
    for snippet in snippets(call_of(handoff)):
        for word in (SECRET, CONSUMER, NO_CLIENT, NO_SKILL):
            assert word in snippet.code


def test_a_handoff_without_variables_is_called_without_them(handoff):
    handoff.text = "Hello"

    assert call_of(handoff).campaign["consumers"] == [{"consumerContent": {"inapp": CONSUMER}}]


def test_an_ivr_handoff_is_called_by_eligibility_and_invite(handoff):
    handoff.kind = "ivr"

    for snippet in snippets(call_of(handoff, consumer_ref="me")):
        number = handoff.account.number
        assert f"/api/account/{number}/eligibility?v=2.0" in snippet.code
        assert f"/api/account/{number}/invite?v=2.0" in snippet.code
        assert "/campaign" not in snippet.code


def test_the_marked_code_reads_letter_for_letter_like_the_code(handoff):
    handoff.title = NASTY
    for snippet in snippets(call_of(handoff)):
        assert "<script" not in snippet.html
        assert html.unescape(re.sub("<[^>]+>", "", snippet.html)) == snippet.code


def test_the_shell_reads_the_body_as_it_was_meant_whatever_the_names_hold():
    call = Call("http://h", 1, "c", NASTY, False, "H1", NASTY, "me", {"1": NASTY})

    words = shlex.split(snippets(call)[0].code)

    assert json.loads(words[-1]) == call.campaign
