"""F1, S16: who is let into the agent widget, for how long, and what they read there."""

from datetime import timedelta
from functools import partial

import pytest
from django.core.signing import Signer
from django.utils import timezone

from accounts.models import Role
from accounts.services import grant_role, revoke_role
from conversations.models import MessageState, WidgetCode
from conversations.widget_access import (
    CodeRefused,
    NewToken,
    WidgetTokenRefused,
    account_of,
    issue_code,
    redeem_code,
)
from tests.factories.accounts import AccountFactory, ApiClientFactory, bearer, member
from tests.factories.conversations import ReplyRouteFactory
from tests.threads import at_once

SCOPES = ["conversations:read"]


@pytest.fixture
def agent(account):
    return member(Role.AGENT, account)


@pytest.fixture
def token(account, agent, now):
    return enter(account, now, user=agent)


def enter(account, now, **who):
    made = issue_code(account=account, now=now, **who)
    return redeem_code(account=account, code=made.code, now=now).token


def test_a_code_becomes_a_token_of_its_account_for_an_hour(account, agent, now):
    made = issue_code(account=account, user=agent, now=now)

    token = redeem_code(account=account, code=made.code, now=now + timedelta(seconds=59)).token

    assert account_of(token, now=now + timedelta(minutes=60)) == account
    with pytest.raises(WidgetTokenRefused):
        account_of(token, now=now + timedelta(minutes=61))


def test_of_a_code_and_a_token_nothing_is_stored_that_opens_anything(account, agent, now):
    made = issue_code(account=account, user=agent, now=now)

    row = WidgetCode.objects.values().get()

    assert made.code not in str(row)


def test_a_code_is_good_once_and_for_a_minute(account, agent, now):
    used = issue_code(account=account, user=agent, now=now).code
    redeem_code(account=account, code=used, now=now)
    old = issue_code(account=account, user=agent, now=now).code

    for code, when in ((used, now), (old, now + timedelta(seconds=60)), ("made up", now)):
        with pytest.raises(CodeRefused):
            redeem_code(account=account, code=code, now=when)


def test_another_accounts_code_is_none(account, agent, now):
    code = issue_code(account=account, user=agent, now=now).code

    with pytest.raises(CodeRefused):
        redeem_code(account=AccountFactory(), code=code, now=now)
    assert redeem_code(account=account, code=code, now=now)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_with_one_code_at_once_one_is_let_in(account, agent, now):
    code = issue_code(account=account, user=agent, now=now).code

    came = at_once(*[partial(redeem_code, account=account, code=code, now=now)] * 8)

    assert sum(isinstance(one, NewToken) for one in came) == 1
    assert sum(isinstance(one, CodeRefused) for one in came) == 7


def test_codes_of_yesterday_are_forgotten(account, agent, now):
    issue_code(account=account, user=agent, now=now - timedelta(days=2))

    issue_code(account=account, user=agent, now=now)

    assert WidgetCode.objects.count() == 1


def test_who_may_not_answer_conversations_is_not_let_in(account, now):
    for user in (member(Role.CAMPAIGN_MANAGER, account), member(Role.AGENT)):
        with pytest.raises(CodeRefused):
            enter(account, now, user=user)


def test_s16_a_removed_members_token_opens_nothing(account, agent, token, now):
    revoke_role(user=agent, account=account, by="tests")

    with pytest.raises(WidgetTokenRefused):
        account_of(token, now=now)


def test_s16_the_token_of_one_who_is_no_agent_any_more_opens_nothing(account, agent, token, now):
    grant_role(user=agent, account=account, role=Role.CAMPAIGN_MANAGER, by="tests")

    with pytest.raises(WidgetTokenRefused):
        account_of(token, now=now)


def test_s16_a_disabled_persons_token_opens_nothing(agent, token, now):
    agent.is_active = False
    agent.save()

    with pytest.raises(WidgetTokenRefused):
        account_of(token, now=now)


def test_a_token_ends_with_the_persons_sessions_and_with_a_new_password(account, agent, token, now):
    agent.end_sessions()
    with pytest.raises(WidgetTokenRefused):
        account_of(token, now=now)

    token = enter(account, now, user=agent)
    agent.set_password("another long pass phrase")
    agent.save()
    with pytest.raises(WidgetTokenRefused):
        account_of(token, now=now)


@pytest.mark.parametrize("change", [{"is_enabled": False}, {"scopes": ["campaigns:read"]}])
def test_an_api_clients_token_ends_with_its_right_to_read_conversations(account, now, change):
    client = ApiClientFactory(account=account, scopes=SCOPES)
    token = enter(account, now, client=client)
    assert account_of(token, now=now) == account

    type(client).objects.filter(pk=client.pk).update(**change)

    with pytest.raises(WidgetTokenRefused):
        account_of(token, now=now)


def test_a_token_that_somebody_wrote_or_changed_opens_nothing(account, token, now):
    body, _, signature = token.rpartition(":")
    other = Signer(salt="another").sign_object({"account": account.number})

    for text in ("", "x", f"{body}x:{signature}", f"{token}x", other, "x" * 5000, "\ud800"):
        with pytest.raises(WidgetTokenRefused):
            account_of(text, now=now)


@pytest.fixture
def read(client, account, agent):
    """What the widget is told of a consumer."""
    header = {"authorization": f"Bearer {enter(account, timezone.now(), user=agent)}"}

    def read_messages(consumer, *, number=account.number):
        url = f"/api/cx-widget/account/{number}/messages"
        return client.get(url, {"consumerId": consumer}, headers=header)

    return read_messages


def test_f1_at_most_five_messages_of_the_last_30_days_are_told_the_newest_first(
    account, billing, read
):
    now = timezone.now()
    for days in (31, 29, 9, 8, 7, 6, 5):
        ReplyRouteFactory(
            account=account,
            skill=billing,
            consumer_ref="anna",
            text=f"{days} days ago",
            state=MessageState.OPENED,
            valid_from=now - timedelta(days=days),
            valid_until=now + timedelta(hours=2),
        )

    told = read("anna")

    assert [one["text"] for one in told.json()["messages"]] == [
        f"{days} days ago" for days in (5, 6, 7, 8, 9)
    ]
    first = told.json()["messages"][0]
    assert first["campaignName"] == "Card renewal"
    assert first["engagementName"] == "Card renewal · Billing"
    assert (first["skill"], first["source"], first["state"]) == ("Billing", "API", "opened")
    assert 7100 < first["lookbackSecondsLeft"] <= 7200
    assert told.headers["Cache-Control"] == "no-store"


def test_another_accounts_consumer_of_the_same_id_is_told_nothing_of(account, read):
    ReplyRouteFactory(consumer_ref="anna")

    assert read("anna").json() == {"messages": []}
    assert read("nobody").json() == {"messages": []}


def test_a_token_opens_no_other_account(read):
    assert read("anna", number=AccountFactory().number).status_code == 404


def test_a_call_that_names_no_consumer_is_told_so(read):
    for consumer in ("", "x" * 256, "a\0"):
        answer = read(consumer)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "#/consumerId"


def test_one_frame_that_asks_too_often_holds_up_no_other(client, account, agent):
    account.requests_per_second = 1
    account.save()
    now = timezone.now()
    headers = [
        {"authorization": f"Bearer {enter(account, now + timedelta(seconds=n), user=agent)}"}
        for n in range(2)
    ]
    url = f"/api/cx-widget/account/{account.number}/messages?consumerId=anna"

    busy = [client.get(url, headers=headers[0]).status_code for _ in range(9)]

    assert 429 in busy
    assert client.get(url, headers=headers[1]).status_code == 200


def test_a_brands_server_lets_a_widget_in_by_a_code_of_the_api(client, account):
    api_client = ApiClientFactory(account=account, scopes=SCOPES)
    made = client.post(f"/api/v2/account/{account.number}/widget/codes", headers=bearer(api_client))
    url = f"/api/cx-widget/account/{account.number}/token"

    answers = [
        client.post(url, {"code": made.json()["code"]}, content_type="application/json")
        for _ in range(2)
    ]

    assert made.status_code == 201
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["errorKey"] == "widget_code_refused"
    assert account_of(answers[0].json()["token"], now=timezone.now()) == account
