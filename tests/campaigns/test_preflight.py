"""A13: what a call would do and why, told without storing or sending anything."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign, OutboundMessage, State
from campaigns.windows import Window
from consumers.models import Consumer
from push.credentials import save_credential
from push.models import LabPush, PushCredential
from push.providers.content import PAYLOAD_LIMIT
from tests.campaigns.conftest import deliver_all, make_brand, states
from tests.factories.accounts import ApiClientFactory, bearer
from tests.factories.consumers import ConsumerFactory, DeviceFactory
from tests.factories.conversations import ConversationFactory

DRY = "campaign?dryRun=true"


def check(api, body):
    response = api.post(DRY, body)
    assert response.status_code == 200, response.content
    return response.json()


def forecast(api, brand, ref="ana", **changes):
    (only,) = check(api, brand.body(ref, **changes))["consumers"]
    return only


def stored():
    """How many rows each table has, and how many ids were given out."""
    counts = {model: model._base_manager.count() for model in apps.get_models()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM campaigns_le_id")
        return counts, cursor.fetchone()


def test_a_dry_run_tells_what_would_go_out(api, brand):
    brand.consumer("ana", time_zone="Europe/Stockholm")
    before = datetime.now(UTC)

    answer = check(api, brand.body("ana"))

    (only,) = answer["consumers"]
    size = only["targets"][0].pop("payloadBytes")
    at = datetime.fromisoformat(only.pop("wouldGoOutAt"))
    assert answer["dryRun"] is True
    assert answer["failedConsumers"] == []
    assert "proactiveCampaignId" not in answer
    assert only == {
        "consumerContent": {"inapp": "ana"},
        "wouldSend": True,
        "reason": None,
        "explanation": None,
        "remedy": None,
        "timeZone": "Europe/Stockholm",
        "title": "Brand",
        "text": "Hi ana",
        "targets": [{"platform": "ios", "appName": "com.brand.app", "isPreview": False}],
    }
    assert before <= at <= datetime.now(UTC)
    brand.send("ana")
    deliver_all()
    assert size == len(LabPush.objects.get().request_body.encode())


def never_logged_in(brand):
    ConsumerFactory(account=brand.account, ref="ana", last_login_at=None)


def opted_out(brand):
    brand.consumer("ana")
    Consumer.objects.update(opted_out_at=timezone.now())


def no_credentials(brand):
    brand.consumer("ana")
    PushCredential.objects.update(is_enabled=False)


def open_conversation(brand):
    ConversationFactory(consumer=brand.consumer("ana"), skill=brand.skill)


def no_device(brand):
    ConsumerFactory(account=brand.account, ref="ana")


def sdk_too_old(brand):
    brand.consumer("ana", sdk_version="6.1")


def logged_in_not_allowed(brand):
    brand.consumer("ana")
    brand.handoff.push_when_logged_in = False
    brand.handoff.save()


def logged_out_not_allowed(brand):
    brand.consumer("ana", logged_out_at=timezone.now(), logout_type="ALL")


@pytest.mark.parametrize(
    "reason",
    [
        never_logged_in,
        opted_out,
        no_credentials,
        open_conversation,
        no_device,
        sdk_too_old,
        logged_in_not_allowed,
        logged_out_not_allowed,
    ],
    ids=lambda make: make.__name__,
)
def test_each_reason_of_delivery_is_told_beforehand(api, brand, reason):
    """A13, D4: by the same rules, so what was told is what happens."""
    reason(brand)
    before = stored()

    told = forecast(api, brand)

    assert (told["wouldSend"], told["reason"]) == (False, reason.__name__)
    assert told["explanation"]
    assert told["remedy"]
    assert (told["wouldGoOutAt"], told["targets"]) == (None, [])
    assert stored() == before
    created = brand.send("ana")
    deliver_all()
    assert states(created.campaign) == {"ana": (State.SUPPRESSED, reason.__name__)}


def test_whoever_is_outside_the_window_would_be_sent_to_at_the_next_opening(api, brand):
    """A11, A13"""
    opens = (datetime.now(UTC) + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    window = Window(opens.hour * 60, opens.hour * 60 + 30).stored()
    brand.consumer("ana")

    told = forecast(api, brand, schedulingMetrics={"windows": [window]})

    assert (told["wouldSend"], told["reason"]) == (True, "outside_window")
    assert told["wouldGoOutAt"] == opens.isoformat().replace("+00:00", "Z")
    assert told["timeZone"] == "UTC"
    assert told["explanation"] == "It waits for its sending window, by the person's own clock."
    assert len(told["targets"]) == 1


def test_before_the_start_the_start_is_told_and_what_would_be_refused_then(api, brand):
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    brand.consumer("ana")

    body = brand.body("ana", "stranger", startAt=start.isoformat())
    ana, stranger = check(api, body)["consumers"]

    assert (ana["wouldSend"], ana["reason"]) == (True, "before_start")
    assert ana["wouldGoOutAt"] == start.isoformat().replace("+00:00", "Z")
    assert (stranger["wouldSend"], stranger["reason"]) == (False, "never_logged_in")


def test_a_dry_run_stores_and_sends_nothing(api, brand, django_capture_on_commit_callbacks):
    brand.consumer("ana")
    api.post(DRY, brand.body("ana"))
    before = stored()

    with django_capture_on_commit_callbacks() as callbacks:
        answer = check(api, brand.body("ana", "stranger", "ana"))
    deliver_all()

    assert [one["errorMessage"] for one in answer["failedConsumers"]] == ["DUPLICATE_CONSUMER"]
    assert stored() == before
    assert callbacks == []


def test_a_dry_run_takes_no_recipients_of_the_day(api, brand):
    """A4, A13"""
    brand.account.daily_recipients = 1
    brand.account.save()
    brand.consumer("ana")

    for _ in range(3):
        check(api, brand.body("ana"))

    assert api.post("campaign", brand.body("ana")).status_code == 200
    assert api.post("campaign", brand.body("ana")).status_code == 429
    assert api.post(DRY, brand.body("ana")).status_code == 200


def test_a_dry_run_leaves_the_idempotency_key_to_the_call_itself(api, brand):
    """A8, A13"""
    keyed = api.with_headers(**{"Idempotency-Key": "k-1"})
    brand.consumer("ana")

    check(keyed, brand.body("ana"))
    sent = keyed.post("campaign", brand.body("ana"))

    assert "Idempotent-Replayed" not in sent.headers
    assert OutboundMessage.objects.count() == 1
    assert check(keyed, brand.body("bob"))["dryRun"] is True


@pytest.mark.parametrize(
    "query",
    [
        "dryRun=yes",
        "dryRun=1",
        "dryRun=True",
        "dryRun=",
        "dryRun=true%20",
        "dryRun=true&dryRun=false",
        "dryRun=false&dryRun=false",
        "dryrun=true",
        "dry_run=true",
        "dry-run=false",
        "DRYRUN=true",
    ],
)
def test_what_may_have_been_meant_as_a_dry_run_is_refused_and_never_sent(api, brand, query):
    brand.consumer("ana")

    response = api.post(f"campaign?{query}", brand.body("ana"))

    (error,) = response.json()["errors"]
    name = query.partition("=")[0]
    assert response.status_code == 400
    assert (error["pointer"], error["code"]) == (f"#/{name}", "not_a_choice")
    assert not Campaign.objects.exists()


def test_a_run_that_is_not_dry_sends(api, brand):
    response = api.post("campaign?dryRun=false&v=2.0", brand.body("ana"))

    assert response.json()["proactiveCampaignId"] == Campaign.objects.get().public_id


@pytest.mark.parametrize("path", ["campaign?dryRun=true", "campaign/?dryRun=true"])
def test_a_dry_run_answers_with_and_without_the_last_slash(api, brand, path):
    """A19"""
    assert api.post(path, brand.body("ana")).json()["dryRun"] is True


@pytest.mark.parametrize(
    ("changes", "pointer", "key"),
    [
        ({"skill": "nobody"}, "#/skill", "unknown_skill"),
        ({"templateId": "H000000000000000"}, "#/templateId", "unknown_handoff"),
        ({"consent": False}, "#/consent", "consent_required"),
        ({"consumers": []}, "#/consumers", "too_few"),
        ({"startAt": "2090-01-01T00:00:00Z"}, "#/startAt", "too_far_ahead"),
        ({"schedulingMetrics": 9}, "#/schedulingMetrics", "not_an_object"),
    ],
)
def test_a_call_that_would_be_refused_is_refused(api, brand, changes, pointer, key):
    dry = api.post(DRY, brand.body("ana", **changes))
    real = api.post("campaign", brand.body("ana", **changes))

    assert dry.status_code == real.status_code == 400
    assert dry.json()["errors"] == real.json()["errors"]
    assert [(e["pointer"], e["code"]) for e in dry.json()["errors"]] == [(pointer, key)]


def test_a_handoff_that_is_switched_off_refuses_a_dry_run_too(api, brand):
    brand.handoff.is_active = False
    brand.handoff.save()

    assert api.post(DRY, brand.body("ana")).json()["errorKey"] == "handoff_inactive"


def test_another_brand_s_handoff_account_and_people_stay_unknown(api, brand):
    other = make_brand()
    other.consumer("ana")

    assert forecast(api, brand)["reason"] == "never_logged_in"
    body = brand.body("ana", templateId=other.handoff.public_id)
    assert api.post(DRY, body).json()["errorKey"] == "unknown_handoff"
    foreign = type(api)(other.account, api.headers)
    assert foreign.post(DRY, other.body("ana")).status_code == 404


def test_a_dry_run_needs_the_scope_of_sending(api, brand):
    reader = ApiClientFactory(account=brand.account, scopes=["campaigns:read"])

    assert type(api)(brand.account, bearer(reader)).post(DRY, brand.body("ana")).status_code == 403
    assert type(api)(brand.account).post(DRY, brand.body("ana")).status_code == 401


def test_placeholders_are_shown_filled_in_and_unused_fields_are_named(api, brand):
    brand.handoff.text = "Dear ${{1}}"
    brand.handoff.notification_title = "News for ${{1}}"
    brand.handoff.save()
    brand.consumer("ana")

    answer = check(api, brand.body("ana", campainName="x"))

    (only,) = answer["consumers"]
    assert (only["title"], only["text"]) == ("News for Hi ana", "Dear Hi ana")
    (warning,) = answer["warnings"]
    assert warning["detail"].endswith('Did you mean "campaignName"?')


def test_each_device_that_would_be_pushed_to_is_measured(api, brand):
    brand.handoff.device_choice = "all"
    brand.handoff.save()
    consumer = brand.consumer("ana")
    DeviceFactory(consumer=consumer, app=brand.app, platform="android")
    DeviceFactory(consumer=consumer, app=brand.app, platform="android", token="t" * 500)

    targets = forecast(api, brand)["targets"]

    assert [target["platform"] for target in targets] == ["android", "android", "ios"]
    assert targets[0]["payloadBytes"] > targets[1]["payloadBytes"] + 400


@pytest.mark.parametrize("provider", ["lab", "proxy"])
@pytest.mark.parametrize("platform", ["ios", "android"])
def test_a_text_that_fits_to_the_byte_is_whole_and_one_more_makes_a_preview(
    api, brand, platform, provider
):
    """A5, P9: measured on the final bytes of the provider's own payload."""
    if provider == "proxy":
        settings = {"url": "https://push.brand.example/"}
        save_credential(
            app=brand.app, platform=platform, provider=provider, settings=settings, by="tests"
        )
    brand.handoff.text = "${{1}}${{2}}${{3}}"
    brand.handoff.save()
    brand.consumer("ana", platform=platform)

    def measure(size):
        parts = [size // 3, size // 3, size - 2 * (size // 3)]
        variables = {str(n): "x" * part for n, part in enumerate(parts, 1)}
        entry = {"consumerContent": {"inapp": "ana"}, "variables": variables}
        (only,) = check(api, brand.body(consumers=[entry]))["consumers"]
        assert only["text"] == "x" * size
        return only["targets"][0]["payloadBytes"], only["targets"][0]["isPreview"]

    around = measure(30)[0] - 30
    fits = PAYLOAD_LIMIT - around
    assert measure(fits - 1) == (PAYLOAD_LIMIT - 1, False)
    assert measure(fits) == (PAYLOAD_LIMIT, False)
    cut, is_preview = measure(fits + 1)
    assert is_preview
    assert cut <= PAYLOAD_LIMIT


def test_1550_chinese_characters_are_pushed_as_a_preview_and_kept_whole(api, brand):
    """A5, P9: 4,650 bytes are legal, and more than a push holds."""
    text = "您的新卡已寄出請在應用程式中設定密碼" * 87
    entry = {"consumerContent": {"inapp": "ana"}, "variables": {"1": text[:1550]}}
    brand.consumer("ana")

    (told,) = check(api, brand.body(consumers=[entry]))["consumers"]
    assert told["text"] == text[:1550]
    (target,) = told["targets"]
    assert target["isPreview"]
    assert PAYLOAD_LIMIT - 3 < target["payloadBytes"] <= PAYLOAD_LIMIT

    answer = api.post("campaign", brand.body(consumers=[entry])).json()
    deliver_all()
    assert answer["failedConsumers"] == []
    assert OutboundMessage.objects.get().text == text[:1550]
    push = LabPush.objects.get()
    shown = json.loads(push.request_body)["aps"]["alert"]["body"]
    assert len(push.request_body.encode()) == target["payloadBytes"]
    assert shown.endswith("…")
    assert text.startswith(shown[:-1])


def test_a_hundred_recipients_are_looked_at_in_a_fixed_number_of_queries(
    api, brand, django_assert_num_queries, django_assert_max_num_queries
):
    people = [f"c{n}" for n in range(100)]
    for ref in people:
        brand.consumer(ref, time_zone="Europe/Stockholm")
    check(api, brand.body("c0"))

    with django_assert_max_num_queries(20) as few:
        check(api, brand.body("c0"))
    with django_assert_num_queries(len(few)):
        assert len(check(api, brand.body(*people))["consumers"]) == 100
