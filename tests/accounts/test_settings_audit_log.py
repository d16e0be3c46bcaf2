"""Settings, Audit log: who changed what and when, found and read."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from accounts.audit_words import VERBS, changes_in_words
from accounts.models import AuditEvent, Role, User
from tests.factories.accounts import AccountFactory, member
from tests.settings_pages import path_of, text_of

pytestmark = pytest.mark.django_db

WRITERS = [
    "accounts",
    "campaigns",
    "consumers",
    "conversations",
    "deflection",
    "handoffs",
    "lab",
    "push",
    "webhooks",
]
# By `record` itself, or by a function of the app before it.
RECORDED = re.compile(r'(?:\bverb=|_audit\([\w.]+, |_record\(|_set_opted_out\([^"\n]*)"([a-z_]+)"')


@pytest.fixture
def account():
    return AccountFactory(time_zone="Europe/Stockholm")


@pytest.fixture(autouse=True)
def _administrator(account, client) -> None:
    client.force_login(member(Role.ADMINISTRATOR, account, email="ann@brand.example"))
    AuditEvent.objects.all().delete()


def happened(account: Any, at: str = "2026-11-20T12:00", **fields: Any) -> AuditEvent:
    made = {
        "at": datetime.fromisoformat(at).replace(tzinfo=UTC),
        "account_number": account.number,
        "actor": "carl@brand.example",
        "verb": "skill_changed",
        "target_type": "skill",
        "target_id": "1",
        **fields,
    }
    return AuditEvent.objects.create(**made)


def shown(answer: Any) -> list[int]:
    return [line.event.pk for line in answer.context["lines"]]


def test_the_log_is_the_brand_s_own_the_newest_first(client, account):
    first, second = happened(account), happened(account, "2026-11-21T12:00")
    happened(AccountFactory())

    assert shown(client.get(path_of("settings_audit", account))) == [second.pk, first.pk]


def test_the_log_is_filtered_by_who_what_and_the_brand_s_days(client, account):
    # 23:30 UTC is half past midnight in Stockholm: the 21st.
    wanted = happened(account, "2026-11-20T23:30")
    happened(account, "2026-11-20T22:30")
    happened(account, "2026-11-21T12:00", actor="ann@brand.example")
    happened(account, "2026-11-21T12:00", verb="role_granted")

    answer = client.get(
        path_of("settings_audit", account),
        {"since": "2026-11-21", "until": "2026-11-21", "who": "CARL", "what": "skill_changed"},
    )

    assert shown(answer) == [wanted.pk]
    assert [pill[0] for pill in answer.context["pills"]] == ["From", "To", "Who", "What"]
    assert answer.context["pills"][2][2] == "?since=2026-11-21&until=2026-11-21&what=skill_changed"


@pytest.mark.parametrize(
    "query", ["since=x", "until=9999-12-31", "since=0001-01-01", "what=%00", "who=%00", "older=x"]
)
def test_s25_a_wrong_filter_filters_nothing(client, account, query):
    row = happened(account)

    assert shown(client.get(f"{path_of('settings_audit', account)}?{query}")) == [row.pk]


def test_older_and_newer_pages_join_without_a_gap_though_times_are_equal(client, account):
    rows = [happened(account).pk for _ in range(120)]
    page = path_of("settings_audit", account)

    first = client.get(page, {"who": "carl"})
    second = client.get(page + first.context["page"].older)
    third = client.get(page + second.context["page"].older)
    back = client.get(page + third.context["page"].newer)

    assert shown(first) + shown(second) + shown(third) == rows[::-1]
    assert shown(back) == shown(second)
    assert (first.context["page"].newer, third.context["page"].older) == ("", "")
    assert "who=carl" in second.context["page"].older


def test_another_brand_s_event_is_no_place_in_the_list(client, account):
    row = happened(account)
    other = happened(AccountFactory(), "2026-01-01T12:00")

    assert shown(client.get(path_of("settings_audit", account), {"older": other.pk})) == [row.pk]


def test_changes_are_told_field_by_field_in_words(client, account):
    happened(
        account,
        verb="role_granted",
        changes={
            "role": ["agent", "campaign_manager"],
            "skills": [[], ["Cards", "Loans"]],
            "is_enabled": [True, False],
            "max_recipients": [100, 10000],
            "url": ["…", "…"],
        },
    )

    said = text_of(client.get(path_of("settings_audit", account)))

    assert "carl@brand.example gave a role" in said
    assert "Role: Agent → Campaign manager" in said
    assert "Skills: nothing → Cards, Loans" in said
    assert "Enabled: yes → no" in said
    assert "Max recipients: 100 → 10,000" in said
    assert "Url: not shown → not shown" in said


def test_s24_what_an_operator_changes_in_django_admin_is_in_the_brand_s_log(client, account):
    operator = Client()
    operator.force_login(User.objects.create_superuser("root@operator.example"))
    page = f"/admin/accounts/account/{account.pk}/change/"
    form = operator.get(page).context["adminform"].form.initial
    given = {name: value for name, value in form.items() if value is not None}

    operator.post(page, {**given, "max_recipients": 500})

    said = text_of(client.get(path_of("settings_audit", account)))
    assert "root@operator.example changed the brand" in said
    assert "Max recipients: 100 → 500" in said


def test_s3_what_is_in_the_log_is_text(client, account):
    happened(account, target_label="<img src=x onerror=alert(1)>", changes={"<b>": ["<i>", "<u>"]})

    body = client.get(path_of("settings_audit", account)).content.decode()

    assert "<img" not in body
    assert "&lt;img src=x" in body
    assert "<u>" not in body


def test_a_change_of_another_shape_is_told_as_it_is(account):
    event = happened(account, changes={"count": 1200, "windows": {"from": "08:00"}})

    assert [(one.field, one.before, one.after) for one in changes_in_words(event)] == [
        ("Count", None, "1,200"),
        ("Windows", None, "from: 08:00"),
    ]


def test_every_verb_that_is_recorded_has_words():
    apps = [Path(configured.BASE_DIR, app) for app in WRITERS]
    recorded = {
        verb
        for app in apps
        for file in app.rglob("*.py")
        for verb in RECORDED.findall(file.read_text())
    }

    assert len(recorded) > 45
    assert recorded <= set(VERBS)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_log_costs_the_same_however_long_it_is(
    client, account, rows, django_assert_num_queries
):
    for _ in range(rows):
        happened(account, changes={"name": ["a", "b"]})

    with django_assert_num_queries(5):
        client.get(path_of("settings_audit", account))
