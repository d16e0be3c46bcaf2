"""Settings, Skills, and Limits and welcome."""

from typing import Any

import pytest

from accounts import services
from accounts.models import AuditEvent, Role, Skill
from accounts.skills import SkillInUse
from tests.factories.accounts import AccountFactory, SkillFactory, member
from tests.factories.conversations import ConversationFactory
from tests.factories.lab import lab_brand
from tests.settings_pages import path_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    account = AccountFactory(name="Larkfield")
    account.default_skill = SkillFactory(account=account, name="Support")
    account.save()
    return account


@pytest.fixture(autouse=True)
def _administrator(account, client) -> None:
    client.force_login(member(Role.ADMINISTRATOR, account, email="ann@brand.example"))


def brand(**changed: Any) -> dict[str, Any]:
    fields = {"name": "Larkfield", "time_zone": "UTC", "welcome_message": "", "default_skill": ""}
    fields |= {"return_after_minutes": 10, "close_after_hours": 168}
    return {**fields, **changed}


def test_a_skill_is_added_with_its_target(client, account):
    form = {"name": "Cards", "target_minutes": 3}

    client.post(path_of("settings_skill_new", account), form)

    assert account.skills.get(name="Cards").target_minutes == 3
    assert AuditEvent.objects.latest("pk").verb == "skill_created"


def test_a_name_that_is_taken_is_refused_beside_the_field(client, account):
    form = {"name": "Support", "target_minutes": 3}

    answer = client.post(path_of("settings_skill_new", account), form)

    assert answer.context["form"].errors == {
        "name": ["The account has a skill of this name already."]
    }


def test_a_renamed_skill_says_that_calls_with_the_old_name_are_refused(client, account):
    skill = SkillFactory(account=account, name="Billing")
    page = path_of("settings_skill_edit", account, skill.pk)

    before = text_of(client.get(page))
    after = text_of(client.post(page, {"name": "Invoices", "target_minutes": 5}, follow=True))

    assert "those that say “Billing” are refused" in before
    assert "Calls that name “Billing” are refused from now on." in after
    assert AuditEvent.objects.latest("pk").changes == {"name": ["Billing", "Invoices"]}


def test_a_skill_that_nothing_speaks_of_is_deleted_and_its_people_lose_it(client, account):
    skill = SkillFactory(account=account, name="Old")
    agent = member(Role.AGENT, account).memberships.get()
    agent.skills.add(skill)
    page = path_of("settings_skill_delete", account, skill.pk)

    said = text_of(client.get(page))
    client.post(page)

    assert "1 person loses it" in said
    assert list(account.skills.values_list("name", flat=True)) == ["Support"]
    assert not agent.skills.exists()


def test_a_skill_of_conversations_is_kept_and_the_page_says_why(client, account):
    skill = SkillFactory(account=account, name="Cards")
    ConversationFactory(account=account, skill=skill)
    page = path_of("settings_skill_delete", account, skill.pk)

    said = text_of(client.get(page))
    answer = text_of(client.post(page, follow=True))

    assert "Cards can’t be deleted" in said
    assert "There are conversations of this skill, and they keep it." in answer
    assert Skill.objects.filter(pk=skill.pk).exists()


def test_a_skill_that_campaigns_went_to_is_kept():
    brand = lab_brand()
    brand.phone("kim")
    brand.send({"kim": "Hello"})

    with pytest.raises(SkillInUse, match="There are campaigns and reply routes of this skill"):
        services.delete_skill(skill=brand.billing, by="tests")

    assert Skill.objects.filter(pk=brand.billing.pk).exists()


def test_the_default_skill_is_kept_until_another_one_is(client, account):
    old, new = account.default_skill, SkillFactory(account=account, name="Cards")

    with pytest.raises(SkillInUse, match="default skill"):
        services.delete_skill(skill=old, by="tests")
    client.post(path_of("settings_skill_default", account, new.pk))
    services.delete_skill(skill=old, by="tests")

    account.refresh_from_db()
    assert account.default_skill == new


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_skills_costs_the_same_however_long_it_is(
    client, account, rows, django_assert_num_queries
):
    for _ in range(rows):
        SkillFactory(account=account)

    with django_assert_num_queries(5):
        client.get(path_of("settings_skills", account))


def test_e3_the_welcome_message_is_saved_with_its_line_breaks_as_one_character(client, account):
    text = "Hi!\r\n" + "x" * 1546

    client.post(path_of("settings_limits", account), brand(welcome_message=text))

    account.refresh_from_db()
    assert account.welcome_message == text.replace("\r\n", "\n")
    assert len(account.welcome_message) == 1550


def test_a_welcome_message_that_is_too_long_is_refused_with_the_number_and_kept_as_typed(
    client, account
):
    text = "👋" * 1551

    answer = client.post(path_of("settings_limits", account), brand(welcome_message=text))

    assert answer.context["form"].errors["welcome_message"] == [
        "1,551 characters; 1,550 fit. Take out 1."
    ]
    assert text in answer.content.decode()


def test_s20_the_audit_log_has_the_length_of_the_welcome_message_alone(client, account):
    client.post(path_of("settings_limits", account), brand(welcome_message="Our secret offer"))

    assert AuditEvent.objects.latest("pk").changes == {
        "default_skill": ["Support", None],
        "welcome_message": ["0 characters", "16 characters"],
    }


def test_g1_a_brand_that_asks_for_a_second_factor_leads_its_administrator_to_it(client, account):
    answer = client.post(path_of("settings_limits", account), brand(requires_two_factor="on"))

    account.refresh_from_db()
    assert account.requires_two_factor
    assert client.get(answer["Location"])["Location"] == "/profile/two-factor/on/"


def test_what_stays_as_it_is_is_not_audited(client, account):
    form = brand(default_skill=account.default_skill_id)

    client.post(path_of("settings_limits", account), form)

    assert not AuditEvent.objects.filter(verb="account_changed").exists()


def test_s11_limits_are_the_operator_s_whatever_is_sent(client, account):
    form = brand(max_recipients=10_000, requests_per_second=999, region="NA", number=1)

    page = text_of(client.post(path_of("settings_limits", account), form, follow=True))

    account.refresh_from_db()
    assert (account.max_recipients, account.region) == (100, "EMEA")
    assert "Set by whoever runs this installation" in page


def test_a_brand_says_when_conversations_that_nobody_tends_go_back_and_are_closed(client, account):
    client.post(
        path_of("settings_limits", account), brand(return_after_minutes=30, close_after_hours="")
    )

    account.refresh_from_db()
    assert (account.return_after_minutes, account.close_after_hours) == (30, None)
    changes = AuditEvent.objects.get(verb="account_changed").changes
    assert changes["close_after_hours"] == [168, None]
    client.force_login(member(Role.CAMPAIGN_MANAGER, account, email="carl@brand.example"))
    page = text_of(client.get(path_of("settings_limits", account)))
    assert "back to their queue after 30 minutes" in page
    assert "stay open" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus"},
        {"name": ""},
        {"return_after_minutes": "-1"},
        {"close_after_hours": "8761"},
    ],
)
def test_a_wrong_field_of_the_brand_is_refused_beside_it(client, account, wrong):
    answer = client.post(path_of("settings_limits", account), brand(**wrong))

    assert list(answer.context["form"].errors) == list(wrong)


def test_a_default_skill_of_another_brand_is_refused_by_the_service_too(account):
    with pytest.raises(services.DomainError):
        services.change_account(
            account=account, changes={"default_skill": SkillFactory()}, by="tests"
        )
