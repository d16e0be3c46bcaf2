"""A10: the recipients of a campaign as CSV."""

import csv
import io

import pytest
from django.utils import timezone

from campaigns import export
from campaigns.models import OutboundMessage
from campaigns.receipts import record_event
from conversations.models import Conversation
from conversations.services import receive_message
from tests.campaigns.caller import Api
from tests.campaigns.conftest import deliver_all, make_brand
from tests.factories.accounts import ApiClientFactory, bearer


def path_of(created, query=""):
    return f"campaign/{created.campaign.public_id}/recipients.csv{query}"


def text_of(response):
    return response.getvalue().decode()


def rows_of(response):
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(text_of(response), newline="")))


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_recipients_are_a_csv_file_with_every_column(api, brand, slash):
    """A19: with and without the last slash."""
    consumer = brand.consumer("ana")
    created = brand.send("ana", "stranger")
    deliver_all()
    message_id = created.accepted[0].public_id
    record_event(account=brand.account, message_id=message_id, kind="opened", now=timezone.now())
    receive_message(
        account=brand.account,
        consumer=consumer,
        text="Yes",
        message_id=message_id,
        now=timezone.now(),
    )

    response = api.get(path_of(created, slash))

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["Content-Disposition"] == (
        f'attachment; filename="campaign-{created.campaign.public_id}-recipients.csv"'
    )
    ana, stranger = rows_of(response)
    told = api.get(f"campaign/{created.campaign.public_id}/recipients").json()["recipients"]
    same = ("id", "status", "createdAt", "finishedAt", "expiresAt", "appName", "openedAt")
    for row, recipient in zip((ana, stranger), told, strict=True):
        assert {name: row[name] for name in same} == {name: recipient[name] or "" for name in same}
    assert (ana["consumer"], ana["text"], ana["attempts"]) == ("ana", "Hi ana", "1")
    assert ana["conversationId"] == str(Conversation.objects.get().public_id)
    assert ana["repliedAt"].endswith("Z")
    assert (ana["reason"], ana["explanation"]) == ("", "")
    assert stranger["reason"] == "never_logged_in"
    assert stranger["explanation"] == "The person has never signed in to the app."
    assert stranger["conversationId"] == stranger["repliedAt"] == ""


def test_no_cell_is_a_formula(api, brand):
    """S4"""
    refs = ["=cmd|' /C calc'!A0", "+1", "-1", "@sum", " =1", "＝1", 'plain, "quoted"']
    created = brand.send(*refs)

    rows = rows_of(api.get(path_of(created)))

    assert [row["consumer"] for row in rows] == [f"'{ref}" for ref in refs[:-1]] + refs[-1:]
    assert all(row["text"].startswith("Hi ") for row in rows)


def test_line_breaks_and_other_scripts_come_back_as_they_went(api, brand):
    text = 'Hej Åsa 👩‍👩‍👧,\r\nyour "new" card\t— 日本語'
    created = brand.send(
        consumers=[{"consumerContent": {"inapp": "ana"}, "variables": {"1": text}}]
    )

    (row,) = rows_of(api.get(path_of(created)))

    assert row["text"] == OutboundMessage.objects.get().text


def test_the_file_is_filtered_by_status_and_reason(api, brand):
    brand.consumer("ana")
    created = brand.send("ana", "stranger")
    deliver_all()

    def refs(query):
        return [row["consumer"] for row in rows_of(api.get(path_of(created, query)))]

    assert refs("?status=sent") == ["ana"]
    assert refs("?reason=never_logged_in") == ["stranger"]
    assert refs("?status=failed") == []
    assert refs("?reason=%00") == []


def test_a_large_file_is_read_in_pages_with_no_gap_and_no_repeat(
    api, brand, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(export, "CHUNK", 3)
    refs = [f"c{n}" for n in range(7)]
    created = brand.send(*refs)
    path = path_of(created)
    api.get("campaign")

    # Token and campaign; four pages, the last one empty, and the answers to each of the others.
    with django_assert_num_queries(2 + 4 + 3):
        rows = rows_of(api.get(path))

    assert [row["consumer"] for row in rows] == refs


def test_a_campaign_without_recipients_is_a_header(api, brand):
    created = brand.send(consumers=[{"consumerContent": {}}])

    assert text_of(api.get(path_of(created))) == (
        '"id","consumer","status","reason","explanation","attempts","appName","createdAt",'
        '"finishedAt","expiresAt","deliveredAt","openedAt","repliedAt","conversationId",'
        '"title","text"\r\n'
    )


def test_a_wrong_status_is_400_and_no_file(api, brand):
    """A9"""
    response = api.get(path_of(brand.send("ana"), "?status=done"))

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/json"
    assert [error["pointer"] for error in response.json()["errors"]] == ["#/status"]


def test_another_account_s_file_does_not_exist(api, brand):
    """B4"""
    theirs = make_brand().send("ana")
    path = path_of(theirs)
    stranger = bearer(ApiClientFactory(account=theirs.campaign.account))

    assert api.get(path).status_code == 404
    assert Api(brand.account, stranger).get(path).status_code == 404
    assert api.get("campaign/aaaaaaaaa/recipients.csv").status_code == 404


@pytest.mark.parametrize(("scopes", "status"), [(["campaigns:send"], 403), (None, 401)])
def test_the_file_asks_for_the_scope(brand, scopes, status):
    client = ApiClientFactory(account=brand.account, scopes=scopes or [])
    headers = {} if scopes is None else bearer(client)

    assert Api(brand.account, headers).get(path_of(brand.send("ana"))).status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_file_is_only_read(api, brand, method):
    assert api.call(method, path_of(brand.send("ana"))).status_code == 405
