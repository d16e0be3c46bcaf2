"""A4: requests a second for each API of an account, and recipients a day."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import limits as account_limits
from campaigns import services
from campaigns.models import Campaign, OutboundMessage
from common.limits import Limiter
from tests.campaigns.caller import Api
from tests.campaigns.conftest import make_brand
from tests.factories.accounts import ApiClientFactory, bearer


def limited(brand, **fields):
    for name, value in fields.items():
        setattr(brand.account, name, value)
    brand.account.save(update_fields=list(fields))


def test_an_account_has_10_requests_a_second_and_100_000_recipients_a_day():
    account = Campaign._meta.get_field("account").related_model()

    assert (account.requests_per_second, account.daily_recipients) == (10, 100_000)


def test_the_next_request_is_429_and_was_not_processed(api, brand):
    limited(brand, requests_per_second=2)

    answers = [api.post("campaign", brand.body("ana")) for _ in range(3)]

    last = answers[-1]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert last.headers["Retry-After"] == "1"
    body = last.json()
    assert (body["code"], body["errorKey"]) == (0, "rate_limited")
    assert body["violated-policies"] == ["sending"]
    assert Campaign.objects.count() == 2


def test_each_answer_says_how_many_requests_are_left(api, brand):
    limited(brand, requests_per_second=5, daily_recipients=1000)

    sent = api.post("campaign", brand.body("ana", "ben"))
    read = api.get("campaign")
    wrong = api.get("campaign/aaaaaaaaa")
    refused = api.post("campaign", brand.body("ana", consent=False))

    day = sent.headers["RateLimit"].rpartition("t=")[2]
    assert sent.headers["RateLimit-Policy"] == (
        '"sending";q=5;w=1, "daily";q=1000;w=86400;qu="recipients"'
    )
    assert sent.headers["RateLimit"] == f'"sending";r=4;t=1, "daily";r=998;t={day}'
    assert 1 <= int(day) <= 86_400
    assert read.headers["RateLimit-Policy"] == '"status";q=5;w=1'
    assert read.headers["RateLimit"] == '"status";r=4;t=1'
    assert (wrong.status_code, wrong.headers["RateLimit"]) == (404, '"status";r=3;t=1')
    assert (refused.status_code, refused.headers["RateLimit"]) == (400, '"sending";r=3;t=1')


def test_reading_does_not_eat_sending(api, brand):
    limited(brand, requests_per_second=1)
    assert [api.get("campaign").status_code for _ in range(2)] == [200, 429]

    assert api.post("campaign", brand.body("ana")).status_code == 200


def test_cancelling_counts_as_sending(api, brand):
    limited(brand, requests_per_second=1)
    campaign = brand.send("ana").campaign.public_id
    assert api.post(f"campaign/{campaign}/cancel").status_code == 200

    assert api.post("campaign", brand.body("ana")).status_code == 429


def test_all_clients_of_an_account_share_its_limit(api, brand):
    limited(brand, requests_per_second=1)
    other = Api(brand.account, bearer(ApiClientFactory(account=brand.account)))
    assert api.get("campaign").status_code == 200

    assert other.get("campaign").status_code == 429


def test_another_account_goes_on(api, brand):
    limited(brand, requests_per_second=1)
    other = make_brand()
    stranger = Api(other.account, bearer(ApiClientFactory(account=other.account)))
    assert [api.get("campaign").status_code for _ in range(2)] == [200, 429]

    assert stranger.get("campaign").status_code == 200


def test_who_tries_paths_of_other_accounts_spends_its_own_requests(api, brand):
    """S22"""
    limited(brand, requests_per_second=1)
    hopping = Api(make_brand().account, api.headers)

    assert [hopping.get("campaign").status_code for _ in range(2)] == [404, 429]
    assert api.get("campaign").status_code == 429


def test_a_call_without_a_token_counts_for_nobody(api, brand):
    limited(brand, requests_per_second=1)
    anonymous = Api(brand.account)
    assert [anonymous.get("campaign").status_code for _ in range(3)] == [401, 401, 401]

    assert api.get("campaign").status_code == 200
    assert "RateLimit" not in anonymous.get("campaign").headers


def test_a_call_that_would_pass_the_day_s_recipients_is_refused_whole(api, brand):
    limited(brand, daily_recipients=3)
    assert api.post("campaign", brand.body("ana", "ben")).status_code == 200

    refused = api.post("campaign", brand.body("cas", "dan"))
    fits = api.post("campaign", brand.body("cas"))

    assert refused.status_code == 429
    assert refused.json()["violated-policies"] == ["daily"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 86_400
    assert refused.headers["RateLimit"].endswith(f'"daily";r=1;t={refused.headers["Retry-After"]}')
    assert fits.status_code == 200
    refs = OutboundMessage.objects.values_list("consumer_ref", flat=True)
    assert sorted(refs) == ["ana", "ben", "cas"]


def test_recipients_that_fail_the_call_s_checks_do_not_count(api, brand):
    limited(brand, daily_recipients=3)

    answer = api.post("campaign", brand.body("ana", "ana", ""))

    assert len(answer.json()["failedConsumers"]) == 2
    assert api.post("campaign", brand.body("ben", "cas")).status_code == 200


@pytest.mark.parametrize("change", [{"skill": "nobody"}, {"consent": False}])
def test_a_refused_call_takes_no_recipients(api, brand, change):
    limited(brand, daily_recipients=1)

    assert api.post("campaign", brand.body("ana", **change)).status_code == 400
    assert api.post("campaign", brand.body("ana")).status_code == 200


def test_a_transaction_that_fails_gives_the_recipients_back(api, brand, monkeypatch):
    limited(brand, daily_recipients=1)

    def fail(**kwargs):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(services.accepting, "insert_messages", fail)
        assert api.post("campaign", brand.body("ana")).status_code == 500

    assert api.post("campaign", brand.body("ana")).status_code == 200


def test_a_day_s_recipients_are_back_on_the_next_day(brand):
    limited(brand, daily_recipients=1)
    now = timezone.now()
    with account_limits.taking_recipients(brand.account, 1, now=now):
        pass
    with (
        pytest.raises(account_limits.LimitReached),
        account_limits.taking_recipients(brand.account, 1, now=now),
    ):
        pass

    with account_limits.taking_recipients(brand.account, 1, now=now + timedelta(days=1)) as taken:
        assert taken.standing.remaining == 0


def test_without_redis_calls_are_accepted_and_limited(api, brand, monkeypatch, tmp_path):
    """D7"""
    limited(brand, requests_per_second=2, daily_recipients=3)
    alone = Limiter(f"unix://{tmp_path}/none")
    monkeypatch.setattr(account_limits, "limiter", lambda: alone)

    answers = [api.post("campaign", brand.body("ana", "ben")) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 429, 429]
    policies = [answer.json().get("violated-policies") for answer in answers]
    assert policies == [None, ["daily"], ["sending"]]
