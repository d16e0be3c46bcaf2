"""Brands, roles, invitations and the audit log."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import audit, services
from accounts.mail import find_invited
from accounts.models import Account, ApiClient, AuditEvent, Membership, Role, User
from accounts.permissions import accounts_with, permissions_on
from tests.factories.accounts import (
    AccountFactory,
    ApiClientFactory,
    MembershipFactory,
    SkillFactory,
    UserFactory,
    member,
)

pytestmark = pytest.mark.django_db


def chosen_by(invitation: services.Invitation) -> User | None:
    """Whose password the holder of the link may choose."""
    return find_invited(invitation.url.rstrip("/").split("/")[-2])


ALL = ["administer", "answer_conversations", "manage_agents", "manage_handoffs", "view_campaigns"]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.ADMINISTRATOR, ALL),
        (Role.CAMPAIGN_MANAGER, ["manage_handoffs", "view_campaigns"]),
        (Role.AGENT_MANAGER, ["answer_conversations", "manage_agents"]),
        (Role.AGENT, ["answer_conversations"]),
    ],
)
def test_b4_a_role_allows_what_it_stands_for_in_its_account_only(role, allowed):
    account, other = AccountFactory(), AccountFactory()
    user = member(role, account)

    assert [name for name in ALL if user.has_perm(f"accounts.{name}", account)] == allowed
    assert sorted(permissions_on(user, account)) == allowed
    assert permissions_on(user, other) == frozenset()
    assert not any(user.has_perm(f"accounts.{name}", other) for name in ALL)
    assert not any(user.has_perm(f"accounts.{name}") for name in ALL)


def test_a_new_role_takes_the_place_of_the_old_one():
    account = AccountFactory()
    member(Role.ADMINISTRATOR, account)
    user = member(Role.ADMINISTRATOR, account)

    services.grant_role(user=user, account=account, role=Role.AGENT, by="tests")

    user = User.objects.get(pk=user.pk)
    assert permissions_on(user, account) == {"answer_conversations"}
    assert not user.is_staff


def test_a_revoked_role_leaves_nothing_but_a_line_in_the_audit_log():
    account = AccountFactory()
    user = member(Role.AGENT, account)

    services.revoke_role(user=user, account=account, by="boss@brand.example")

    assert permissions_on(User.objects.get(pk=user.pk), account) == frozenset()
    assert not Membership.objects.exists()
    event = AuditEvent.objects.get(verb="role_revoked")
    assert (event.actor, event.changes) == ("boss@brand.example", {"role": ["agent", None]})


def test_a_switched_off_user_may_nothing():
    account = AccountFactory()
    user = member(Role.ADMINISTRATOR, account, is_active=False)

    assert permissions_on(user, account) == frozenset()


def test_the_last_administrator_stays():
    account = AccountFactory()
    user = member(Role.ADMINISTRATOR, account)
    member(Role.ADMINISTRATOR, account, is_active=False)

    with pytest.raises(services.LastAdministrator):
        services.revoke_role(user=user, account=account, by="tests")
    with pytest.raises(services.LastAdministrator):
        services.grant_role(user=user, account=account, role=Role.AGENT, by="tests")

    assert permissions_on(user, account) == set(ALL)


def test_skills_of_another_account_are_refused():
    account = AccountFactory()

    with pytest.raises(services.SkillOfAnotherAccount):
        MembershipFactory(account=account, skills=[SkillFactory()])

    assert not Membership.objects.exists()


def test_an_unknown_role_is_refused():
    with pytest.raises(services.UnknownRole):
        MembershipFactory(role="owner")


def test_roles_and_skills_are_audited_once():
    account = AccountFactory()
    skill = SkillFactory(account=account, name="Cards")
    user = UserFactory()

    for _ in range(2):
        services.grant_role(user=user, account=account, role=Role.AGENT, skills=[skill], by="tests")

    event = AuditEvent.objects.get(verb="role_granted")
    assert event.changes == {"role": [None, "agent"], "skills": [[], ["Cards"]]}


def test_accounts_with_a_permission_are_those_of_the_role():
    account = AccountFactory()
    user = member(Role.CAMPAIGN_MANAGER, account)
    MembershipFactory(user=user, role=Role.AGENT)

    assert list(accounts_with(user, "manage_handoffs")) == [account]


def test_create_account_makes_a_brand_its_skill_and_its_administrator():
    account, invitation = services.create_account(
        name="Larkfield",
        number=60_270_350,
        region="APAC",
        time_zone="Europe/Stockholm",
        admin_email="priya@larkfield.example",
        by="tests",
    )

    assert account.number == 60_270_350
    assert (account.region, account.time_zone) == ("APAC", "Europe/Stockholm")
    assert account.default_skill.name == "default"
    user = User.objects.get()
    assert permissions_on(user, account) == set(ALL)
    assert user.is_staff
    assert not user.has_usable_password()
    assert invitation.membership.user == user
    assert "/invitation/" in invitation.url


def test_a20_an_account_id_belongs_to_one_account():
    AccountFactory(number=5)

    with pytest.raises(services.AccountNumberTaken):
        services.create_account(name="B", number=5, admin_email="a@b.example", by="tests")

    assert Account.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"time_zone": "Mars/Olympus"}, "The time zone of the account: 'Mars/Olympus' is no"),
        ({"region": "MARS"}, "The region of the account: "),
        ({"number": 0}, "The number of the account: "),
        ({"name": ""}, "The name of the account: "),
        ({"default_skill_name": ""}, "The name of the default skill: "),
    ],
)
def test_an_account_with_a_wrong_field_is_refused(wrong, said):
    fields = {"name": "B", "admin_email": "a@b.example", "by": "tests", **wrong}

    with pytest.raises(services.AccountInvalid, match=said):
        services.create_account(**fields)

    assert not Account.objects.exists()


def test_create_account_command_prints_the_account_id_and_the_invitation():
    out = StringIO()

    call_command("create_account", "Larkfield", "priya@larkfield.example", number=77, stdout=out)

    number, invitation = out.getvalue().splitlines()
    assert number == "Account id: 77"
    assert invitation.startswith("Invitation of priya@larkfield.example: http")


def test_create_account_command_says_what_is_wrong():
    with pytest.raises(CommandError, match="e-mail"):
        call_command("create_account", "Larkfield", "priya")

    assert not Account.objects.exists()


def test_an_invited_person_who_is_known_keeps_their_password_and_signs_in():
    user = UserFactory(email="Ann@brand.example", password="long enough, surely")

    invitation = services.invite_user(
        account=AccountFactory(), email="ann@BRAND.example", name="", role=Role.AGENT, by="tests"
    )

    assert invitation.membership.user == user
    assert chosen_by(invitation) is None


def test_of_who_is_invited_by_two_brands_only_the_first_s_link_chooses_the_password():
    first, second = AccountFactory(), AccountFactory()
    invite = {"email": "ann@brand.example", "name": "Ann", "role": Role.AGENT, "by": "tests"}

    one = services.invite_user(account=first, **invite)
    two = services.invite_user(account=second, **invite)

    assert chosen_by(one) == User.objects.get(email="ann@brand.example")
    assert chosen_by(two) is None


def test_a20_client_id_and_secret_can_be_brought_along():
    client, secret = services.create_api_client(
        account=AccountFactory(),
        name="CRM",
        scopes=["campaigns:send"],
        client_id="81dae5a0-5f5b-41c2-8a6e-27b1b3a0a7b7",
        secret="k3q0j5v7b2n8m1c4x6z9a",
        by="tests",
    )

    assert client.client_id == "81dae5a0-5f5b-41c2-8a6e-27b1b3a0a7b7"
    assert secret == "k3q0j5v7b2n8m1c4x6z9a"


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"client_id": "taken"}, "client_id_taken"),
        ({"client_id": "a:b"}, "client_id_invalid"),
        ({"client_id": "a\0b"}, "client_id_invalid"),
        ({"secret": "short"}, "secret_too_weak"),
        ({"scopes": ["everything"]}, "unknown_scope"),
    ],
)
def test_an_api_client_that_breaks_a_rule_is_refused(fields, key):
    ApiClientFactory(client_id="taken")

    with pytest.raises(services.DomainError) as refused:
        ApiClientFactory(**fields)

    assert refused.value.key == key
    assert ApiClient.objects.count() == 1


def test_the_audit_log_never_holds_a_secret():
    client = ApiClientFactory()
    secret = services.rotate_secret(client=client, by="tests")

    events = [(event.verb, str(event.changes)) for event in AuditEvent.objects.order_by("pk")]

    assert [verb for verb, _ in events] == ["api_client_created", "secret_rotated"]
    assert not any(client.secret in text or secret in text for _, text in events)


def test_audit_keeps_values_as_json():
    account = AccountFactory(name="Larkfield")

    audit.record(
        by=UserFactory(email="ann@brand.example"),
        account=account,
        verb="account_changed",
        target=account,
        changes={"time_zone": ("UTC", "Europe/Stockholm"), "skill": (None, account)},
    )

    event = AuditEvent.objects.get()
    assert (event.actor, event.account_number) == ("ann@brand.example", account.number)
    assert (event.target_type, event.target_id) == ("account", str(account.pk))
    assert event.changes == {
        "time_zone": ["UTC", "Europe/Stockholm"],
        "skill": [None, str(account)],
    }
