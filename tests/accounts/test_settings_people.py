"""Settings, People: invited, given roles, removed."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import Account, AuditEvent, Membership, Role, User
from tests.factories.accounts import AccountFactory, SkillFactory, UserFactory, member
from tests.settings_pages import path_of, text_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db

LINK = re.compile(r'<code id="link">[^<]*?(/invitation/[^<]+)</code>')


@pytest.fixture
def account():
    return AccountFactory(name="Larkfield")


@pytest.fixture
def administrator(account, client) -> User:
    user = member(Role.ADMINISTRATOR, account, email="ann@brand.example", name="Ann Lind")
    client.force_login(user)
    return user


@pytest.fixture
def carl(account) -> Membership:
    user = member(Role.AGENT, account, email="carl@brand.example", name="Carl Berg")
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    return user.memberships.get()


def invitation(**changed: Any) -> dict[str, Any]:
    return {"email": "new@brand.example", "name": "Nora", "role": "agent", "skills": [], **changed}


def test_j6_an_invited_person_gets_in_by_the_link_that_is_passed_on(client, account, administrator):
    skill = SkillFactory(account=account)

    answer = client.post(path_of("settings_people_invite", account), invitation(skills=[skill.pk]))

    (link,) = LINK.findall(answer.content.decode())
    page = Client().get(link, follow=True)
    assert "Choose a password for new@brand.example" in text_of(page)
    invited = account.memberships.get(user__email="new@brand.example")
    assert (invited.role, list(invited.skills.all())) == (Role.AGENT, [skill])
    assert "no-store" in answer.headers["Cache-Control"]


def test_an_invitation_is_mailed_where_there_is_mail(
    client, account, administrator, settings, django_capture_on_commit_callbacks, eager
):
    settings.HAS_EMAIL = True

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(path_of("settings_people_invite", account), invitation(), follow=True)

    assert "An invitation is on its way to new@brand.example" in text_of(answer)
    assert [message.to for message in mail.outbox] == [["new@brand.example"]]
    assert LINK.findall(answer.content.decode()) == []


def test_s17_an_invitation_looks_the_same_whether_or_not_another_brand_knows_the_person(
    client, account, administrator
):
    known = member(Role.AGENT, email="known@brand.example", name="Known To Another")
    User.objects.filter(pk=known.pk).update(last_login=timezone.now())

    def answers(email: str) -> list[str]:
        form = invitation(email=email, name="Somebody")
        invited = client.post(path_of("settings_people_invite", account), form)
        listed = client.get(path_of("settings_people", account), {"who": email})
        again = path_of("settings_person_edit", account, newest(account).pk)
        return [shape(text_of(one), email) for one in (invited, listed, client.get(again))]

    assert answers("known@brand.example") == answers("nobody@brand.example")


def newest(account: Account) -> Membership:
    return account.memberships.latest("pk")


def shape(text: str, email: str) -> str:
    """Without the address, and without what is random or a number in the link."""
    return re.sub(r"/invitation/\S+/\S+/", "LINK", text.replace(email, "EMAIL"))


def test_a_known_person_s_invitation_chooses_no_password(client, account, administrator):
    known = UserFactory(email="known@brand.example", password="long enough, surely")

    answer = client.post(
        path_of("settings_people_invite", account), invitation(email="KNOWN@brand.example")
    )

    (link,) = LINK.findall(answer.content.decode())
    page = Client().get(link, follow=True)
    assert "If you have a password, sign in with it" in text_of(page)
    assert not page.context["validlink"]
    known.refresh_from_db()
    assert known.check_password("long enough, surely")


def test_who_is_of_the_brand_already_is_not_invited_but_pointed_at(
    client, account, administrator, carl
):
    form = invitation(email="Carl@Brand.example", role="administrator")

    answer = client.post(path_of("settings_people_invite", account), form)

    assert "one of your people already" in answer.context["form"].errors["email"][0]
    carl.refresh_from_db()
    assert carl.role == Role.AGENT


def test_a_role_and_skills_are_changed_and_told_in_the_audit_log(
    client, account, administrator, carl
):
    skill = SkillFactory(account=account, name="Cards")
    form = {"role": "agent_manager", "skills": [skill.pk]}

    client.post(path_of("settings_person_edit", account, carl.pk), form)

    carl.refresh_from_db()
    assert (carl.role, list(carl.skills.all())) == (Role.AGENT_MANAGER, [skill])
    event = AuditEvent.objects.latest("pk")
    assert (event.actor, event.verb) == ("ann@brand.example", "role_granted")
    assert event.changes == {"role": ["agent", "agent_manager"], "skills": [[], ["Cards"]]}


def test_a_skill_of_another_brand_is_no_choice(client, account, administrator, carl):
    form = {"role": "agent", "skills": [SkillFactory().pk]}

    answer = client.post(path_of("settings_person_edit", account, carl.pk), form)

    assert "skills" in answer.context["form"].errors
    assert not carl.skills.exists()


def test_s13_who_is_removed_is_signed_out_everywhere(client, account, administrator, carl):
    theirs = Client()
    theirs.force_login(carl.user)
    said = text_of(client.get(path_of("settings_person_remove", account, carl.pk)))

    client.post(path_of("settings_person_remove", account, carl.pk))

    assert "is signed out of every browser" in said
    assert not account.memberships.filter(pk=carl.pk).exists()
    assert theirs.get("/").headers["Location"].startswith("/sign-in/")


def test_ended_sessions_are_those_of_one_person_and_a_new_one_lasts(client, account, administrator):
    theirs = Client()
    theirs.force_login(administrator)
    administrator.end_sessions()

    theirs.force_login(administrator)

    assert theirs.get(path_of("settings_people", account)).status_code == 200
    assert client.get(path_of("settings_people", account)).status_code == 302


@pytest.mark.parametrize("view", ["settings_person_remove", "settings_person_edit"])
def test_the_last_administrator_is_neither_removed_nor_demoted(
    client, account, administrator, view
):
    own = administrator.memberships.get()

    answer = client.post(path_of(view, account, own.pk), {"role": "agent"}, follow=True)

    assert "This is the last administrator. Name another one first." in text_of(answer)
    own.refresh_from_db()
    assert own.role == Role.ADMINISTRATOR


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_remove_each_other_at_once_one_stays(account):
    people = [member(Role.ADMINISTRATOR, account) for _ in range(2)]

    def remove(user: User) -> Any:
        return lambda: services.revoke_role(user=user, account=account, by="tests")

    outcomes = at_once(*map(remove, people))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "LastAdministrator",
        "NoneType",
    ]
    assert account.memberships.filter(role=Role.ADMINISTRATOR).count() == 1


def test_people_are_filtered_by_role_and_name(client, account, administrator, carl):
    page = path_of("settings_people", account)

    agents = client.get(page, {"role": "agent"})
    anns = client.get(page, {"who": "LIND"})

    assert [row.user.name for row in agents.context["page"].rows] == ["Carl Berg"]
    assert [row.user.name for row in anns.context["page"].rows] == ["Ann Lind"]
    assert "Remove filter: Role" in agents.content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_people_costs_the_same_however_long_it_is(
    client, account, administrator, rows, django_assert_num_queries
):
    for _ in range(rows):
        user = member(Role.AGENT, account)
        user.memberships.get().skills.add(SkillFactory(account=account))

    with django_assert_num_queries(6):
        client.get(path_of("settings_people", account))
