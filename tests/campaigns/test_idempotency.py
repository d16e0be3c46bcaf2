"""A8: the same Idempotency-Key and body are carried out once, and answered alike."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from campaigns import idempotency, services, tasks
from campaigns.models import Campaign, IdempotencyKey, OutboundMessage
from tests.campaigns.caller import Api
from tests.campaigns.conftest import make_brand
from tests.factories.accounts import ApiClientFactory, bearer
from tests.threads import wait_for_a_lock

KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"


def keyed(api, key=KEY):
    return api.with_headers(**{"Idempotency-Key": key})


def is_replay(answer):
    return answer.headers.get("Idempotent-Replayed") == "true"


def test_a_repeated_call_gets_the_stored_answer(api, brand):
    """Failed consumers and warnings included; nothing is sent twice."""
    body = brand.body("ana", "ana", "ben", extra=1)
    body["consumers"].append({"consumerContent": {}, "personalInfo": {"firstname": "Cas"}})
    body["consumers"].append("dan")

    first = keyed(api).post("campaign", body)
    second = keyed(api).post("campaign", body)

    assert (first.status_code, is_replay(first)) == (200, False)
    assert (second.status_code, is_replay(second)) == (200, True)
    assert second.content == first.content
    assert len(first.json()["failedConsumers"]) == 3
    assert Campaign.objects.count() == 1
    assert OutboundMessage.objects.count() == 2


def test_a_replay_has_its_own_request_id_and_the_trace_id_of_the_first(api, brand):
    answers = [keyed(api).post("campaign", brand.body("ana")) for _ in range(2)]

    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 2
    assert len({answer.json()["requestTraceId"] for answer in answers}) == 1


def test_without_a_key_calling_twice_sends_twice(api, brand):
    answers = [api.post("campaign", brand.body("ana")) for _ in range(2)]

    assert not any(is_replay(answer) for answer in answers)
    assert Campaign.objects.count() == 2
    assert not IdempotencyKey.objects.exists()


def test_the_key_with_another_body_is_422(api, brand):
    keyed(api).post("campaign", brand.body("ana"))

    other = keyed(api).post("campaign", brand.body("ben"))

    assert other.status_code == 422
    assert other.json()["errorKey"] == "idempotency_key_reused"
    assert other.json()["code"] == 0
    assert Campaign.objects.count() == 1


def test_the_same_json_in_another_writing_is_the_same_body(api, brand):
    body = brand.body("ana", "åsa")
    first = keyed(api).post("campaign", body)

    turned = dict(reversed(body.items()))
    raw = json.dumps(turned, indent=4, ensure_ascii=False).encode()
    second = keyed(api).post("campaign", raw)

    assert is_replay(second)
    assert second.json() == first.json()


@pytest.mark.parametrize("change", [{"campaignName": "card renewal"}, {"consumers": []}])
def test_any_other_value_is_another_body(api, brand, change):
    keyed(api).post("campaign", brand.body("ana"))

    assert keyed(api).post("campaign", brand.body("ana", **change)).status_code == 422


def test_a_quoted_and_a_bare_key_are_the_same(api, brand):
    first = keyed(api, f'"{KEY}"').post("campaign", brand.body("ana"))

    assert is_replay(keyed(api, KEY).post("campaign", brand.body("ana")))
    assert first.status_code == 200
    assert IdempotencyKey.objects.get().key == KEY


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("a", "a"),
        ("x" * 255, "x" * 255),
        ('"' + "x" * 255 + '"', "x" * 255),
        (r'"a\"b\\c"', r'a"b\c'),
        ("!~[]{}/;=?", "!~[]{}/;=?"),
        (' "a" ', "a"),
    ],
)
def test_a_key_is_1_to_255_visible_characters(header, key):
    assert idempotency.read_key(header) == key


@pytest.mark.parametrize(
    "header", ["", '""', "x" * 256, "a b", '"a b"', "é", '"a', '"a"b"', '"a";p=1', r'"a\n"', "a\t"]
)
def test_what_is_no_key_is_400(api, brand, header):
    answer = keyed(api, header if header != "a\t" else "a\tb").post("campaign", brand.body("ana"))

    assert answer.status_code == 400
    assert answer.json()["errorKey"] == "invalid_idempotency_key"
    assert not Campaign.objects.exists()


def test_the_path_with_and_without_its_last_slash_is_the_same_call(api, brand):
    """A19"""
    keyed(api).post("campaign", brand.body("ana"))

    assert is_replay(keyed(api).post("campaign/", brand.body("ana")))


def test_another_client_and_another_account_have_keys_of_their_own(api, brand):
    other = make_brand()
    keyed(api).post("campaign", brand.body("ana"))

    for account, body in ((brand.account, brand.body("ana")), (other.account, other.body("ana"))):
        caller = Api(account, bearer(ApiClientFactory(account=account)))
        answer = keyed(caller).post("campaign", body)
        assert (answer.status_code, is_replay(answer)) == (200, False)
    assert Campaign.objects.count() == 3


@pytest.mark.parametrize(
    "change", [{"consent": False}, {"skill": "nobody"}, {"templateId": "H1"}, {"consumers": []}]
)
def test_a_call_that_is_refused_does_not_use_the_key(api, brand, change):
    refused = keyed(api).post("campaign", brand.body("ana", **change))
    assert refused.status_code == 400

    corrected = keyed(api).post("campaign", brand.body("ana"))

    assert (corrected.status_code, is_replay(corrected)) == (200, False)


def test_a_limit_does_not_use_the_key_and_a_replay_takes_no_recipients(api, brand):
    brand.account.daily_recipients = 1
    brand.account.save()
    assert keyed(api).post("campaign", brand.body("ana", "ben")).status_code == 429
    assert keyed(api).post("campaign", brand.body("ana")).status_code == 200

    assert is_replay(keyed(api).post("campaign", brand.body("ana")))


def test_a_failure_on_our_side_does_not_use_the_key(api, brand, monkeypatch):
    def fail(**kwargs):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(services.accepting, "insert_messages", fail)
        assert keyed(api).post("campaign", brand.body("ana")).status_code == 500
    assert not IdempotencyKey.objects.exists()

    assert keyed(api).post("campaign", brand.body("ana")).status_code == 200


def test_a_replay_does_not_ask_whether_the_call_would_be_accepted_now(api, brand):
    first = keyed(api).post("campaign", brand.body("ana"))
    brand.handoff.is_active = False
    brand.handoff.save()

    assert keyed(api).post("campaign", brand.body("ana")).content == first.content


def test_what_is_kept_with_a_key_names_no_consumer(api, brand):
    """A17: what a call says of people is not stored, in an answer to be repeated neither."""
    body = brand.body("ana-canary")
    body["consumers"] += [
        {"consumerContent": {"inapp": "ana-canary"}, "personalInfo": {"firstname": "c4n4ry"}},
        {"consumerContent": {"inapp": "ben", "sms": "c4n4ry"}, "variables": {"1": "Hi"}},
    ]

    answer = keyed(api).post("campaign", body)

    assert answer.content.count(b"c4n4ry") == 2
    kept = bytes(IdempotencyKey.objects.get().body)
    assert b"c4n4ry" not in kept
    assert b"canary" not in kept


def test_an_id_that_is_half_a_surrogate_pair_is_repeated_too(api, brand):
    body = brand.body("ana")
    body["consumers"].append({"consumerContent": {"inapp": "\ud83d"}})

    answers = [keyed(api).post("campaign", body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_keys_are_forgotten_after_30_days(api, brand):
    now = timezone.now()
    for name, age in (("old", 30.01), ("young", 29.99)):
        keyed(api, name).post("campaign", brand.body(name))
        IdempotencyKey.objects.filter(key=name).update(created_at=now - timedelta(days=age))

    tasks.forget_idempotency_keys.apply(throw=True)

    assert [row.key for row in IdempotencyKey.objects.all()] == ["young"]
    assert Campaign.objects.count() == 2


def test_keys_are_forgotten_in_batches(api, brand, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(idempotency, "PURGE_BATCH", 2)
    for n in range(5):
        keyed(api, f"k{n}").post("campaign", brand.body("ana"))

    with django_assert_num_queries(7):
        assert idempotency.forget_keys(now=timezone.now() + timedelta(days=31)) == 5


def on_a_thread(call):
    """What the call answered, in a list that fills; on a connection of its own."""
    answers = []

    def run():
        try:
            answers.append(call())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, answers


@pytest.fixture
def first_call(transactional_db):
    """The brand, its caller, and the key of a call that is still running: take it in a block."""
    brand = make_brand()
    client = ApiClientFactory(account=brand.account)
    body = brand.body("ana")
    call = idempotency.KeyedCall(
        account=brand.account,
        client_id=client.client_id,
        operation="POST campaign",
        key=KEY,
        fingerprint=idempotency.fingerprint(body),
    )
    return keyed(Api(brand.account, bearer(client))), body, call


@pytest.mark.django_db(transaction=True)
def test_a_call_while_the_first_is_running_waits_and_gets_its_answer(first_call):
    api, body, call = first_call
    with transaction.atomic():
        call.claim(now=timezone.now())
        thread, answers = on_a_thread(lambda: api.post("campaign", body))
        wait_for_a_lock()
        kept = {"proactiveCampaignId": "x", "failedConsumers": [], "acceptedConsumers": [[0, "y"]]}
        IdempotencyKey.objects.update(status=200, body=json.dumps(kept).encode())
    thread.join(10)

    assert (answers[0].status_code, is_replay(answers[0])) == (200, True)
    assert answers[0].json()["acceptedConsumers"] == [
        {"id": "y", "consumerContent": {"inapp": "ana"}}
    ]
    assert not Campaign.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_call_whose_first_fails_is_carried_out(first_call):
    api, body, call = first_call
    with transaction.atomic():
        call.claim(now=timezone.now())
        thread, answers = on_a_thread(lambda: api.post("campaign", body))
        wait_for_a_lock()
        transaction.set_rollback(True)
    thread.join(10)

    assert (answers[0].status_code, is_replay(answers[0])) == (200, False)
    assert Campaign.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_call_that_waited_too_long_for_the_first_is_409(first_call, monkeypatch):
    assert idempotency.WAIT == "5s"
    monkeypatch.setattr(idempotency, "WAIT", "200ms")
    api, body, call = first_call
    with transaction.atomic():
        call.claim(now=timezone.now())
        thread, answers = on_a_thread(lambda: api.post("campaign", body))
        thread.join(10)

    assert answers[0].status_code == 409
    assert answers[0].json()["errorKey"] == "idempotency_key_in_use"
    assert not Campaign.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_another_body_while_the_first_is_running_is_422_once_it_is_done(first_call):
    api, body, call = first_call
    with transaction.atomic():
        call.claim(now=timezone.now())
        thread, answers = on_a_thread(lambda: api.post("campaign", {**body, "campaignName": "B"}))
        wait_for_a_lock()
    thread.join(10)

    assert answers[0].status_code == 422


@pytest.mark.django_db(transaction=True)
def test_waiting_for_the_key_does_not_shorten_other_waits_of_the_call(first_call):
    _, _, call = first_call
    with transaction.atomic(), connection.cursor() as cursor:
        call.claim(now=timezone.now())
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
