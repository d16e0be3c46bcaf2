"""A20, B3: a brand that moves brings its In-App handoffs, and their ids stay."""

import json
from copy import deepcopy
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from campaigns.models import OutboundMessage
from handoffs.models import Handoff
from tests.campaigns.caller import Api, shared_client
from tests.campaigns.conftest import make_brand
from tests.factories.accounts import ApiClientFactory, AppFactory, bearer

pytestmark = pytest.mark.django_db

# liveperson.md 1.10, with what its public front end shows around it.
INAPP = {
    "id": "H1234567890",
    "name": "Welcome",
    "lookbackPeriodDay": 2,
    "lookbackPeriodHour": 5,
    "routeAllWithinLookback": False,
    "updatedAt": "2022-10-05T10:00:00.000Z",
    "createdAt": "2022-10-04T10:00:00.000Z",
    "channels": [
        {
            "type": "inapp",
            "appNames": ["com.liveperson.sdksample"],
            "language": "en",
            "messageComponents": [
                {
                    "type": "text",
                    "messageText": "${{3}}",
                    "notificationTitle": "we ${{1}}",
                    "notificationMessage": "wsdc ${{2}}",
                    "isSameMessageForNotification": True,
                    "variables": ["1", "2", "3"],
                },
                {
                    "url": "${{4}}",
                    "type": "image",
                    "isClickable": True,
                    "destinationUrl": "https://www.liveperson.com",
                    "Variables": ["4"],
                },
            ],
        }
    ],
}
SMS = {
    "id": "H2",
    "name": "By SMS",
    "lookbackPeriodDay": 1,
    "lookbackPeriodHour": 0,
    "channels": [
        {
            "type": "sms-twilio",
            "language": "en",
            "outboundnumber": "+14156586515",
            "messageComponents": [{"type": "body", "content": "Hi ${{1}}", "variables": ["1"]}],
        }
    ],
}
LOST = "Calls must no longer send these variables: 2, 4."


@pytest.fixture
def account():
    brand = make_brand()
    AppFactory(account=brand.account, bundle_id="com.liveperson.sdksample")
    return brand.account


@pytest.fixture
def run(account, tmp_path):
    """Imports these entries; the lines that are printed."""

    def run(entries, *options):
        path = tmp_path / "handoffs.json"
        path.write_bytes(entries if isinstance(entries, bytes) else json.dumps(entries).encode())
        out = StringIO()
        try:
            call_command("import_liveperson", account.number, path, *options, stdout=out)
        except CommandError as error:
            return [*out.getvalue().splitlines(), f"ERROR {error}"]
        return out.getvalue().splitlines()

    return run


def entry(own_id="H7", name="Plain", text="Hello", **changes):
    """An In-App handoff in whose move nothing is lost."""
    made = deepcopy(INAPP) | {"id": own_id, "name": name}
    made["channels"][0]["messageComponents"] = [{"type": "text", "messageText": text}]
    return made | changes


def of_channel(**changes):
    made = entry()
    made["channels"][0] |= changes
    return made


def imported():
    return Handoff.objects.exclude(title="Cards")


def test_liveperson_s_sample_keeps_its_id_and_tells_what_is_lost(run):
    """A20, A5: messages are text."""
    lines = run([INAPP])

    assert lines == [
        "H1234567890: imported. Its notification had a text of its own; here it shows the message."
        f" The component 'image' is left out: messages are text. {LOST}",
        "1 imported, 0 already here, 0 skipped, 0 not imported",
    ]
    handoff = imported().get()
    assert handoff.public_id == "H1234567890"
    assert (handoff.title, handoff.language, handoff.channels) == ("Welcome", "en", ["inapp"])
    assert (handoff.text, handoff.notification_title) == ("${{3}}", "we ${{1}}")
    assert handoff.app_names == ["com.liveperson.sdksample"]
    assert handoff.lookback == timedelta(days=2, hours=5)
    assert handoff.is_active
    assert AuditEvent.objects.get(verb="handoff_created").actor == "import_liveperson"


def test_what_is_imported_can_be_sent_at_once(run, account):
    run([INAPP])
    api = Api(account, bearer(ApiClientFactory(account=account)))
    body = {
        "campaignName": "n",
        "skill": "billing",
        "templateId": "H1234567890",
        "consent": True,
        "consumers": [
            {"consumerContent": {"inapp": "ana"}, "variables": {"1": "are glad", "3": "Hello"}}
        ],
    }

    assert api.post("campaign", body).json()["failedConsumers"] == []
    message = OutboundMessage.objects.get()
    assert (message.title, message.text) == ("we are glad", "Hello")


def test_what_is_not_in_app_is_skipped_with_a_line_each(run):
    """B3: a handoff that mixes channels has no place here either."""
    mixed = entry("H3", channels=[*INAPP["channels"], *SMS["channels"]])

    assert run([SMS, mixed, entry("H4", channels=[])]) == [
        "H2: skipped. Its channels: sms-twilio.",
        "H3: skipped. Its channels: inapp, sms-twilio.",
        "H4: skipped. Its channels: none.",
        "0 imported, 0 already here, 3 skipped, 0 not imported",
    ]
    assert not imported().exists()


def test_a_second_run_changes_nothing(run):
    run([entry(), SMS])
    imported().update(text="Edited here")

    lines = run([entry(text="Edited there"), SMS])

    assert lines == [
        "H7: already here",
        "H2: skipped. Its channels: sms-twilio.",
        "0 imported, 1 already here, 1 skipped, 0 not imported",
    ]
    assert imported().get().text == "Edited here"


def test_an_id_that_stands_twice_in_the_list_is_taken_once(run):
    lines = run([entry(name="First"), entry(name="Second")])

    assert lines[:2] == ["H7: imported", "H7: already here"]
    assert imported().get().title == "First"


def test_a_dry_run_tells_the_same_and_stores_nothing(run):
    entries = [INAPP, SMS, entry(name="welcome"), entry("X")]

    dry = run(entries, "--dry-run")

    assert not imported().exists()
    assert not AuditEvent.objects.filter(verb="handoff_created").exists()
    wet = run(entries)
    assert dry[-2] == f"{wet[-2]} (dry run: nothing stored)"
    assert (dry[:-2], dry[-1]) == (wet[:-2], wet[-1])
    assert imported().count() == 1


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        (
            of_channel(appNames=["com.brand.absent"]),
            "H7: not imported. app_names/0: The account has no app 'com.brand.absent'."
            " Add it in Settings, Apps.",
        ),
        (
            of_channel(appNames=["com.liveperson.sdksample", *"abcd"]),
            "H7: not imported. app_names: Name 1 to 4 apps; there are 5.",
        ),
        (of_channel(appNames="com.brand.app"), "H7: not imported. appNames is no list."),
        (of_channel(appNames=[7]), "H7: not imported. appNames is no list of texts."),
        (of_channel(messageComponents=None), "H7: not imported. messageComponents is no list."),
        (of_channel(messageComponents=["x"]), "H7: not imported. A component is no object."),
        (
            of_channel(messageComponents=[{"type": "image"}]),
            "H7: not imported. It has 0 text components instead of one.",
        ),
        (
            of_channel(messageComponents=[{"type": "text"}]),
            "H7: not imported. messageText is no text.",
        ),
        (
            entry(lookbackPeriodDay=0, lookbackPeriodHour=0),
            "H7: not imported. lookback: The lookback is 1 hour to 30 days, in whole hours.",
        ),
        (
            entry(lookbackPeriodDay=30, lookbackPeriodHour=1),
            "H7: not imported. lookback: The lookback is 1 hour to 30 days, in whole hours.",
        ),
        (
            entry(lookbackPeriodDay="2"),
            "H7: not imported. lookbackPeriodDay is no number from 0 to 30.",
        ),
        (
            entry(lookbackPeriodHour=10**30),
            "H7: not imported. lookbackPeriodHour is no number from 0 to 23.",
        ),
        (
            entry(name="CARDS"),
            "H7: not imported. title: Another handoff has this title. Choose another.",
        ),
        (entry(name="a<b"), "H7: not imported. A title has no < and no >."),
        (entry(name=None), "H7: not imported. name is no text."),
        (
            entry("7"),
            "7: not imported. A handoff id is H and 1 to 15 digits.",
        ),
        (
            entry("H7\nH8: imported\x1b[31m\0"),
            "H7?H8: imported?[31m?: not imported. A handoff id is H and 1 to 15 digits."
            " Ensure this value has at most 16 characters (it has 21).",
        ),
        (entry(None), "an entry without id: not imported. id is no text."),
        (entry(channels={}), "H7: not imported. channels is no list."),
        (entry(channels=[7]), "H7: not imported. A channel is no object."),
        (entry(channels=[{}]), "H7: not imported. type is no text."),
        (
            entry(text="a\0b"),
            "H7: not imported. text: There is a control character, U+0000.",
        ),
        (entry(text="\ud83d"), "H7: not imported. text: There is a control character, U+D83D."),
        ("H7", "an entry without id: not imported. The entry is no object."),
        (None, "an entry without id: not imported. The entry is no object."),
        ([[]], "an entry without id: not imported. The entry is no object."),
    ],
)
def test_an_entry_that_cannot_be_stored_is_named_and_spoils_no_other(run, bad, line):
    lines = run([entry("H1", name="Before"), bad, entry("H9", name="After")])

    assert lines == [
        "H1: imported",
        line,
        "H9: imported",
        "2 imported, 0 already here, 0 skipped, 1 not imported",
        "ERROR Not every handoff was imported. Mend what is named and run again.",
    ]
    assert sorted(imported().values_list("public_id", flat=True)) == ["H1", "H9"]


def test_what_the_list_leaves_out_is_liveperson_s_default(run):
    made = entry()
    for name in ("lookbackPeriodDay", "lookbackPeriodHour", "createdAt", "updatedAt"):
        del made[name]
    del made["channels"][0]["language"]

    run([made])

    handoff = imported().get()
    assert (handoff.lookback, handoff.language) == (timedelta(days=30), "en")


def test_what_is_switched_off_stays_so_and_where_later_conversations_go_is_taken_over(run):
    lines = run([entry(isActive=False, routeAllWithinLookback=True)])

    handoff = imported().get()
    assert (handoff.is_active, handoff.route_all_within_lookback) == (False, True)
    assert lines[0] == "H7: imported"


def test_our_own_list_can_be_read_back(run, account):
    """A14: the list that we answer is LivePerson's."""
    run([entry()])
    client = ApiClientFactory(account=account, scopes=["handoffs:read"])
    path = f"/api/account/{account.number}/app/prmsg/handoffs/list?v=1"
    listed = shared_client().get(path, headers=bearer(client)).json()
    imported().update(public_id="H8", title="Other")

    lines = run(listed)

    assert lines[1:] == ["H7: imported", "1 imported, 1 already here, 0 skipped, 0 not imported"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"7", b'"x"', b"{}", b'{"a": [], "b": []}', b"\xff"]
)
def test_a_file_that_is_no_list_is_refused_whole(run, content):
    (line,) = run(content)

    assert line.startswith("ERROR ")
    assert "handoffs.json" in line


def test_a_list_under_a_name_is_read_too(run):
    assert run({"handoffs": [entry()], "count": 1})[0] == "H7: imported"


def test_a_file_or_an_account_that_is_not_there_is_said(account, tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("import_liveperson", account.number, tmp_path / "absent.json")
    with pytest.raises(CommandError, match="There is no account 1"):
        call_command("import_liveperson", 1, tmp_path / "absent.json")
