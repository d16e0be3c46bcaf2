"""A11, D4, D6, D21: a campaign's windows and start, from the call to the phone."""

import json
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from campaigns import counting, ledger, services
from campaigns.clock import DatabaseClock
from campaigns.models import Campaign, MessageEvent, OutboundMessage, State
from campaigns.windows import Window
from consumers.models import Device
from conversations.models import ReplyRoute
from push.models import LabPush
from tests.campaigns.conftest import deliver_all, states

ALL_DAY = [Window(0, 0).stored()]
NOON = datetime(2028, 6, 1, 12, tzinfo=UTC)


def metrics(start, end, day=None):
    times = {"startTime": {"hour": start, "minute": 0}, "endTime": {"hour": end, "minute": 0}}
    return {"windows": [times if day is None else {**times, "day": day}]}


def closed_now():
    """A window, in UTC, that opens in an hour or two and is open for one."""
    opens = datetime.now(UTC) + timedelta(hours=2)
    opens = opens.replace(minute=0, second=0, microsecond=0)
    return opens, metrics(opens.hour, (opens.hour + 1) % 24)


def row():
    return OutboundMessage.objects.get()


def make_due():
    """As if the time until the next try had passed, by the row alone."""
    OutboundMessage.objects.filter(state=State.QUEUED).update(
        due_at=timezone.now() - timedelta(minutes=1)
    )


def pass_time_to(instant, monkeypatch):
    """The database's clock says so."""
    monkeypatch.setattr(ledger, "clock", lambda **_: instant)
    make_due()


def deferrals():
    return list(MessageEvent.objects.filter(kind="deferred").values_list("reason", flat=True))


def problems(response):
    body = response.json()
    assert response.status_code == 400, body
    assert not Campaign.objects.exists()
    return [(error["pointer"], error["code"]) for error in body["errors"]]


def test_windows_with_hours_as_digit_strings_are_accepted(api, brand):
    """A11: liveperson.md 1.6, as a public PHP client sends it."""
    window = {
        "startTime": {"hour": "09", "minute": "0"},
        "endTime": {"hour": "21", "minute": "00"},
        "day": "MONDAY",
    }

    body = brand.body("ana", schedulingMetrics={"windows": [window]})
    answer = api.post("campaign", body).json()

    assert "warnings" not in answer
    campaign = api.get(f"campaign/{answer['proactiveCampaignId']}").json()
    assert campaign["schedulingMetrics"] == metrics(9, 21, "MONDAY")


def test_hour_with_a_decimal_point_is_the_whole_number_that_it_is(api, brand):
    """JSON has one kind of number."""
    body = brand.body("ana", schedulingMetrics=metrics(9.0, 21.0))

    answer = api.post("campaign", body).json()

    campaign = api.get(f"campaign/{answer['proactiveCampaignId']}").json()
    assert campaign["schedulingMetrics"] == metrics(9, 21)


@pytest.mark.parametrize("value", [None, [], {}, {"windows": None}, {"windows": []}], ids=repr)
def test_without_windows_a_message_goes_out_all_day(api, brand, value):
    """A11: the default of In-App."""
    brand.consumer("ana")

    assert api.post("campaign", brand.body("ana", schedulingMetrics=value)).status_code == 200
    deliver_all()

    assert row().state == State.SENT
    assert Campaign.objects.get().windows is None


TIME = {"hour": 9, "minute": 0}
WINDOW = "#/schedulingMetrics/windows/0"


@pytest.mark.parametrize(
    ("window", "pointer", "code"),
    [
        ("09:00", "", "not_an_object"),
        (None, "", "not_an_object"),
        ({"endTime": TIME}, "/startTime", "required"),
        ({"startTime": TIME}, "/endTime", "required"),
        ({"startTime": "09:00", "endTime": TIME}, "/startTime", "not_an_object"),
        ({"startTime": {"minute": 0}, "endTime": TIME}, "/startTime/hour", "required"),
        ({"startTime": {"hour": 24}, "endTime": TIME}, "/startTime/hour", "out_of_range"),
        ({"startTime": {"hour": -1}, "endTime": TIME}, "/startTime/hour", "out_of_range"),
        ({"startTime": {"hour": 9.5}, "endTime": TIME}, "/startTime/hour", "not_a_number"),
        ({"startTime": {"hour": True}, "endTime": TIME}, "/startTime/hour", "not_a_number"),
        ({"startTime": {"hour": "9 am"}, "endTime": TIME}, "/startTime/hour", "not_a_number"),
        ({"startTime": {"hour": "٩"}, "endTime": TIME}, "/startTime/hour", "not_a_number"),
        ({"startTime": {"hour": ""}, "endTime": TIME}, "/startTime/hour", "not_a_number"),
        ({"startTime": {"hour": "9" * 5000}, "endTime": TIME}, "/startTime/hour", "not_a_number"),
        ({"startTime": TIME, "endTime": {"hour": 25}}, "/endTime/hour", "out_of_range"),
        (
            {"startTime": TIME, "endTime": {"hour": 24, "minute": 1}},
            "/endTime/minute",
            "out_of_range",
        ),
        (
            {"startTime": {"hour": 9, "minute": 60}, "endTime": TIME},
            "/startTime/minute",
            "out_of_range",
        ),
        ({"startTime": TIME, "endTime": TIME, "day": "monday"}, "/day", "not_a_choice"),
        ({"startTime": TIME, "endTime": TIME, "day": "MONTAG"}, "/day", "not_a_choice"),
        ({"startTime": TIME, "endTime": TIME, "day": 1}, "/day", "not_a_string"),
    ],
)
def test_a_wrong_window_refuses_the_call_and_is_named(api, brand, window, pointer, code):
    """A9, A11: never is a message sent at a time that was meant otherwise."""
    body = brand.body("ana", schedulingMetrics={"windows": [window]})

    assert problems(api.post("campaign", body)) == [(WINDOW + pointer, code)]


@pytest.mark.parametrize(
    ("value", "pointer", "code"),
    [
        ("night", "", "not_an_object"),
        ([1], "", "not_an_object"),
        ({"windows": {}}, "/windows", "not_a_list"),
        ({"windows": "9-21"}, "/windows", "not_a_list"),
        ({"windows": [{}] * 51}, "/windows", "too_many"),
    ],
)
def test_scheduling_of_another_shape_refuses_the_call(api, brand, value, pointer, code):
    body = brand.body("ana", schedulingMetrics=value)

    assert problems(api.post("campaign", body)) == [(f"#/schedulingMetrics{pointer}", code)]


def test_unknown_fields_of_a_window_are_warned_of(api, brand):
    """A17"""
    scheduling = metrics(9, 21)
    scheduling["windows"][0]["days"] = ["MONDAY"]
    scheduling["windows"][0]["startTime"]["second"] = 0
    scheduling["timezone"] = "UTC"

    warnings = api.post("campaign", brand.body("ana", schedulingMetrics=scheduling)).json()[
        "warnings"
    ]

    assert [(one["pointer"], one["code"]) for one in warnings] == [
        ("#/schedulingMetrics/timezone", "unknown_field"),
        (f"{WINDOW}/days", "unknown_field"),
        (f"{WINDOW}/startTime/second", "unknown_field"),
    ]
    assert warnings[1]["detail"].endswith('Did you mean "day"?')


@pytest.mark.parametrize(
    "value",
    [
        "tomorrow",
        "2026-11-24",
        "2026-11-24T09:00:00",
        "2026-11-24T09:00+01:00",
        "2026-11-24T25:00:00Z",
        "2026-02-30T09:00:00Z",
        "2026-11-24T09:00:00+25:00",
        "0001-01-01T00:00:00+10:00",
        "٢٠٢٦-11-24T09:00:00Z",
        "1764000000",
    ],
)
def test_a_start_that_is_no_time_with_its_offset_refuses_the_call(api, brand, value):
    """A11: RFC 3339."""
    assert problems(api.post("campaign", brand.body("ana", startAt=value))) == [
        ("#/startAt", "not_a_time")
    ]


@pytest.mark.parametrize("value", [1764000000, True, {}, ["2026-11-24T09:00:00Z"]])
def test_a_start_that_is_no_string_refuses_the_call(api, brand, value):
    assert problems(api.post("campaign", brand.body("ana", startAt=value))) == [
        ("#/startAt", "not_a_string")
    ]


def test_a_start_more_than_a_year_ahead_refuses_the_call(api, brand):
    far = datetime.now(UTC) + timedelta(days=367)

    assert problems(api.post("campaign", brand.body("ana", startAt=far.isoformat()))) == [
        ("#/startAt", "too_far_ahead")
    ]


@pytest.mark.parametrize(
    "value",
    ["2020-01-01T00:00:00Z", "2020-01-01t00:00:00.123456789z", "2020-01-01 00:00:00-11:30"],
)
def test_a_start_in_the_past_means_now(api, brand, value):
    brand.consumer("ana")

    assert api.post("campaign", brand.body("ana", startAt=value)).status_code == 200
    deliver_all()

    assert row().state == State.SENT
    assert row().expires_at - row().created_at == brand.handoff.lookback


def test_each_recipient_goes_out_by_the_clock_of_its_own_newest_device(brand):
    """A11, D6: and has the whole lookback from then on; a campaign of three zones."""
    brand.account.time_zone = "Asia/Kathmandu"
    brand.account.save()
    for ref, zone in {
        "stockholm": "Europe/Stockholm",
        "new york": "America/New_York",
        "auckland": "Pacific/Auckland",
        "untold": "",
    }.items():
        brand.consumer(ref, time_zone=zone)

    people = ["stockholm", "new york", "auckland", "untold", "stranger"]
    brand.send(*people, now=NOON, schedulingMetrics=metrics(9, 16))

    found = {one.consumer_ref: one for one in OutboundMessage.objects.all()}
    opens = {ref: one.expires_at - brand.handoff.lookback for ref, one in found.items()}
    assert opens == {
        "stockholm": NOON,
        "new york": NOON + timedelta(hours=1),
        "auckland": NOON + timedelta(hours=9),
        "untold": NOON + timedelta(hours=15, minutes=15),
        "stranger": NOON + timedelta(hours=15, minutes=15),
    }
    assert found["stockholm"].due_at < timezone.now()
    assert {ref: one.due_at for ref, one in found.items() if ref != "stockholm"} == {
        ref: at for ref, at in opens.items() if ref != "stockholm"
    }
    assert {ref: one.reason for ref, one in found.items()} == {
        ref: "" if ref == "stockholm" else "outside_window" for ref in people
    }


def test_of_several_devices_the_newest_that_told_its_zone_counts(brand):
    """A11: a device that was removed does not."""
    newest = timezone.now() + timedelta(hours=1)
    brand.consumer("ana", time_zone="America/New_York")
    ana = Device.objects.get().consumer
    for token, zone, removed in [("a", "Asia/Tokyo", newest), ("b", "", None)]:
        Device.objects.create(
            account=brand.account,
            consumer=ana,
            app=brand.app,
            token=token,
            token_digest=token,
            time_zone=zone,
            last_seen_at=newest,
            removed_at=removed,
        )

    brand.send("ana", now=NOON, schedulingMetrics=metrics(9, 21))

    assert row().due_at == NOON + timedelta(hours=1)


def test_a_scheduled_message_waits_and_is_sent_when_its_window_opens(brand, monkeypatch):
    """A11, D4: at dispatch the window is asked again; no try is counted."""
    opens, scheduling = closed_now()
    brand.consumer("ana")
    brand.send("ana", schedulingMetrics=scheduling)
    assert (row().due_at, row().reason) == (opens, "outside_window")

    deliver_all()
    assert row().fence == 0
    make_due()
    deliver_all()
    assert (row().state, row().attempts, row().due_at) == (State.QUEUED, 0, opens)
    assert deferrals() == ["outside_window"]

    pass_time_to(opens, monkeypatch)
    deliver_all()
    assert (row().state, row().reason, row().attempts) == (State.SENT, "", 1)
    assert LabPush.objects.count() == 1


def test_a_message_waits_for_the_start_of_its_campaign(brand, monkeypatch):
    """A11, D4"""
    start = datetime.now(UTC) + timedelta(days=2)
    brand.consumer("ana")
    brand.send("ana", startAt=start.isoformat(), schedulingMetrics={"windows": ALL_DAY})
    make_due()
    deliver_all()
    assert (row().state, row().due_at) == (State.QUEUED, start)
    assert deferrals() == ["before_start"]

    pass_time_to(start, monkeypatch)
    deliver_all()
    assert row().state == State.SENT


def test_whoever_waits_is_asked_about_everything_else_when_the_window_opens(brand, monkeypatch):
    """D4: who has no device yet may have one by then."""
    opens, scheduling = closed_now()
    created = brand.send("ana", schedulingMetrics=scheduling)
    make_due()
    deliver_all()
    assert row().state == State.QUEUED

    brand.consumer("ana")
    pass_time_to(opens, monkeypatch)
    deliver_all()

    assert states(created.campaign) == {"ana": (State.SENT, "")}


def test_the_lookback_begins_at_the_first_instant_at_which_the_message_may_go_out(
    brand, monkeypatch
):
    """D6: it is what the push, the end of retries and the reply route go by."""
    opens, scheduling = closed_now()
    brand.consumer("ana")
    brand.send("ana", schedulingMetrics=scheduling)
    pass_time_to(opens, monkeypatch)
    deliver_all()

    ends = opens + brand.handoff.lookback
    route = ReplyRoute.objects.get()
    assert row().expires_at == ends
    assert (route.valid_from, route.valid_until) == (opens, ends)
    left = json.loads(LabPush.objects.get().request_body)["lookBackPeriod"]
    assert 0 <= brand.handoff.lookback / timedelta(milliseconds=1) - int(left) < 5000


def test_a_lookback_that_ends_while_the_window_is_closed_ends_the_message(brand, monkeypatch):
    """I1: nothing outlives its lookback."""
    brand.handoff.lookback = timedelta(hours=1)
    brand.handoff.save()
    opens, scheduling = closed_now()
    brand.consumer("ana")
    created = brand.send("ana", schedulingMetrics=scheduling)
    ends = row().expires_at

    pass_time_to(opens + timedelta(minutes=59, seconds=59), monkeypatch)
    Campaign.objects.update(windows=metrics((opens.hour - 1) % 24, opens.hour)["windows"])
    deliver_all()
    assert (row().state, row().due_at) == (State.QUEUED, ends)

    pass_time_to(ends, monkeypatch)
    deliver_all()
    assert states(created.campaign) == {"ana": (State.EXPIRED, "lookback_over")}


def test_a_push_that_would_begin_after_its_window_closed_is_put_back(brand, monkeypatch):
    """A11: the slice was checked in time, the request comes too late."""
    opens, scheduling = closed_now()
    closes = opens + timedelta(hours=1)
    brand.consumer("ana")
    brand.send("ana", schedulingMetrics=scheduling)
    pass_time_to(closes - timedelta(seconds=1), monkeypatch)
    monkeypatch.setattr(DatabaseClock, "now", lambda clock: closes)

    deliver_all()

    assert not LabPush.objects.exists()
    assert (row().state, row().reason) == (State.QUEUED, "outside_window")
    assert (row().attempts, row().due_at) == (0, opens + timedelta(days=1))
    assert deferrals() == ["outside_window"]


def test_a_push_that_would_begin_after_its_lookback_is_not_begun(brand, monkeypatch):
    """I5"""
    brand.consumer("ana")
    created = brand.send("ana")
    expires_at = row().expires_at
    monkeypatch.setattr(DatabaseClock, "now", lambda clock: expires_at)

    deliver_all()

    assert states(created.campaign) == {"ana": (State.EXPIRED, "lookback_over")}
    assert not LabPush.objects.exists()
    assert MessageEvent.objects.get().reason == "lookback_over"


def test_a_message_that_is_being_sent_waits_for_nothing(brand):
    brand.consumer("ana")
    brand.send("ana", schedulingMetrics=closed_now()[1])
    make_due()

    ledger.claim(lane="lab", limit=10, lease=timedelta(seconds=30))

    assert (row().state, row().reason) == (State.SENDING, "")


def test_a_consumer_who_travels_gets_the_message_by_the_new_clock(brand, monkeypatch):
    brand.consumer("ana", time_zone="Europe/Stockholm")
    brand.send("ana", now=NOON, schedulingMetrics=metrics(9, 16))
    Device.objects.update(time_zone="America/New_York")

    pass_time_to(NOON, monkeypatch)
    deliver_all()

    assert (row().state, row().due_at) == (State.QUEUED, NOON + timedelta(hours=1))


def test_a_scheduled_campaign_can_be_cancelled_and_sends_nothing(api, brand, monkeypatch):
    """A12"""
    opens, scheduling = closed_now()
    brand.consumer("ana")
    created = brand.send("ana", schedulingMetrics=scheduling)

    answer = api.post(f"campaign/{created.campaign.public_id}/cancel").json()
    pass_time_to(opens, monkeypatch)
    deliver_all()

    assert (answer["cancelled"], answer["inFlight"]) == (1, 0)
    assert states(created.campaign) == {"ana": (State.CANCELLED, "campaign_cancelled")}
    assert not LabPush.objects.exists()


def test_only_what_may_go_out_now_wakes_a_worker(
    brand, monkeypatch, django_capture_on_commit_callbacks
):
    woken = []
    monkeypatch.setattr(services, "wake", woken.append)
    brand.consumer("ana")

    with django_capture_on_commit_callbacks(execute=True):
        brand.send("ana", schedulingMetrics=closed_now()[1])
        brand.send("ana")

    assert woken == [set(), {"lab"}]


def test_what_is_scheduled_is_shown_with_its_next_opening(api, brand, monkeypatch):
    """A11, A18: our words and LivePerson's."""
    opens, scheduling = closed_now()
    brand.consumer("ana")
    campaign = brand.send("ana", schedulingMetrics=scheduling).campaign.public_id
    next_try = opens.isoformat().replace("+00:00", "Z")

    shown = api.get(f"campaign/{campaign}").json()
    assert (shown["status"], shown["nextTryAt"]) == ("scheduled", next_try)
    assert shown["schedulingMetrics"] == scheduling
    (listed,) = api.get("campaign").json()["campaigns"]
    assert (listed["status"], listed["nextTryAt"]) == ("scheduled", next_try)
    (recipient,) = api.get(f"campaign/{campaign}/recipients").json()["recipients"]
    assert recipient["status"] == "queued"
    assert recipient["reason"] == "outside_window"
    assert recipient["explanation"] == "It waits for its sending window, by the person's own clock."
    assert recipient["nextTryAt"] == next_try
    status = api.get(f"campaign/{campaign}/conversations").json()
    assert status["campaignStatus"] == "IN_PROGRESS"
    (entry,) = status["conversations"]
    assert (entry["status"], entry["nextTryAt"]) == ("SCHEDULED", next_try)
    assert (entry["errorCode"], entry["errorMessage"]) == (None, None)

    pass_time_to(opens, monkeypatch)
    assert api.get(f"campaign/{campaign}").json()["status"] == "sending"
    deliver_all()
    shown = api.get(f"campaign/{campaign}").json()
    assert (shown["status"], shown["nextTryAt"]) == ("completed", None)
    (entry,) = api.get(f"campaign/{campaign}/conversations").json()["conversations"]
    assert (entry["status"], "nextTryAt" in entry) == ("DELIVERED", False)


def test_a_wait_is_a_line_of_the_timeline(api, brand):
    brand.consumer("ana")
    created = brand.send("ana", schedulingMetrics=closed_now()[1])
    make_due()
    deliver_all()

    path = f"campaign/{created.campaign.public_id}/recipients/{row().public_id}"
    line = api.get(path).json()["timeline"][-1]

    assert (line["event"], line["reason"]) == ("deferred", "outside_window")
    assert line["sentence"] == "It waits for its sending window, by the person's own clock."


def test_a_scheduled_message_does_not_make_the_queue_look_old(brand):
    sent_days_ago = timezone.now() - timedelta(days=3)
    brand.send("ana", now=sent_days_ago, startAt=(timezone.now() + timedelta(days=1)).isoformat())
    assert counting.queue_depths() == [("none", "queued", 1, 0.0)]

    brand.send("bob", now=timezone.now() - timedelta(minutes=5))
    ((_, _, count, seconds),) = counting.queue_depths()
    assert (count, round(seconds / 60)) == (2, 5)


@pytest.fixture
def wrong_clock(monkeypatch):
    """Sets this worker's wall clock wrong; the database's is right."""

    def set_wrong(skew):
        class Wrong(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + skew

        rooms = {"campaigns", "push", "common", "consumers", "conversations"}
        for name, module in list(sys.modules.items()):
            if name.split(".")[0] in rooms and vars(module).get("datetime") is datetime:
                monkeypatch.setattr(module, "datetime", Wrong)
        right = timezone.now
        monkeypatch.setattr(timezone, "now", lambda: right() + skew)

    return set_wrong


@pytest.mark.parametrize("skew", [timedelta(hours=1), -timedelta(hours=1)], ids=["fast", "slow"])
def test_a_worker_whose_clock_is_wrong_neither_expires_nor_sends_early(brand, wrong_clock, skew):
    """D21: half an hour is left of one lookback, and of one window; one window is yet closed."""
    half_an_hour = timedelta(minutes=30)
    now = timezone.now()
    brand.handoff.lookback = timedelta(hours=1)
    brand.handoff.save()
    for ref in ("ana", "bob", "cid", "lab:busy"):
        brand.consumer(ref)
    expiring = brand.send("ana", "lab:busy", now=now - half_an_hour)
    later = brand.send("bob", startAt=(now + half_an_hour).isoformat())
    shut = now + half_an_hour
    minutes = [(t.hour * 60 + t.minute) for t in (shut - timedelta(hours=2), shut)]
    closing = brand.send("cid", schedulingMetrics={"windows": [Window(*minutes).stored()]})
    make_due()
    wrong_clock(skew)

    deliver_all()

    assert states(expiring.campaign) == {"ana": (State.SENT, ""), "lab:busy": (State.QUEUED, "")}
    assert states(later.campaign) == {"bob": (State.QUEUED, "before_start")}
    assert states(closing.campaign) == {"cid": (State.SENT, "")}
    left = MessageEvent.objects.filter(kind="push").values_list("at", flat=True)
    assert all(abs(at - now) < timedelta(minutes=1) for at in left)
