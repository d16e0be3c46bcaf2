"""J3, J6: Django admin, whole for operators, cut to their account for a brand's administrators."""

import re

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from accounts import tokens
from accounts.models import (
    Account,
    ApiClient,
    App,
    AuditEvent,
    Membership,
    Role,
    Skill,
    User,
)
from accounts.permissions import permissions_on
from tests.accounts.test_tokens import dump
from tests.factories.accounts import (
    AccountFactory,
    ApiClientFactory,
    AppFactory,
    MembershipFactory,
    SkillFactory,
    UserFactory,
    member,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    user = UserFactory(email="operator@example.com", is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


@pytest.fixture
def brand(client):
    """Signed in as the administrator of an account; `brand.account` is theirs."""
    client.account = AccountFactory(name="Ours")
    client.user = member(Role.ADMINISTRATOR, client.account, email="boss@ours.example")
    client.force_login(client.user)
    return client


def rows_of(account):
    """One row of each kind in the account, by model."""
    rows = [
        SkillFactory(account=account),
        AppFactory(account=account),
        ApiClientFactory(account=account),
        MembershipFactory(account=account, role=Role.AGENT),
    ]
    return {type(row): row for row in [account, *rows]}


def page(model, *rest):
    return "/".join(["/admin/accounts", model._meta.model_name, *map(str, rest), ""])


@pytest.mark.parametrize("model", [Account, Skill, App, ApiClient, Membership])
def test_j6_a_brand_s_administrator_sees_and_opens_their_own_rows_only(brand, model):
    ours, theirs = rows_of(brand.account)[model], rows_of(AccountFactory(name="Theirs"))[model]

    listed = brand.get(page(model)).context["cl"].queryset

    assert ours in listed
    assert theirs not in listed
    assert brand.get(page(model, ours.pk, "change")).status_code == 200
    for action in ("change", "delete", "history"):
        assert brand.get(page(model, theirs.pk, action)).status_code in {302, 403}


@pytest.mark.parametrize("model", [Account, Skill, App, ApiClient, Membership, User, AuditEvent])
def test_an_operator_sees_all_rows(operator, model):
    rows = [rows_of(AccountFactory()), rows_of(AccountFactory())]
    wanted = [row[model] for row in rows if model in row]

    listed = operator.get(page(model)).context["cl"].queryset

    assert set(wanted) <= set(listed)
    assert listed.exists()


@pytest.mark.parametrize("model", [Skill, App, ApiClient, Membership])
def test_choices_and_filters_offer_no_other_account(brand, model):
    rows_of(brand.account)
    theirs = rows_of(AccountFactory(name="Theirs"))

    pages = [brand.get(page(model)), brand.get(page(model, "add"))]

    for response in pages:
        text = response.content.decode()
        assert "Ours" in text
        assert "Theirs" not in text
        assert theirs[Skill].name not in text


@pytest.mark.parametrize(
    ("model", "form"),
    [
        (Skill, {"name": "Cards", "target_minutes": 5}),
        (App, {"bundle_id": "a.b", "name": "A", "platforms": "ios"}),
        (ApiClient, {"name": "CRM", "scopes": "campaigns:send"}),
        (Membership, {"email": "spy@ours.example", "role": "administrator"}),
    ],
)
def test_nothing_can_be_put_into_another_account(brand, model, form):
    theirs = AccountFactory()

    response = brand.post(page(model, "add"), {**form, "account": theirs.pk})

    assert "account" in response.context["adminform"].form.errors
    assert not model.objects.filter(account=theirs).exists()


@pytest.mark.parametrize("role", [Role.CAMPAIGN_MANAGER, Role.AGENT_MANAGER, Role.AGENT])
def test_other_roles_do_not_get_into_admin(client, role):
    client.force_login(member(role))

    for path in ("/admin/", page(Skill)):
        assert "/admin/login/" in client.get(path)["Location"]


def test_who_is_administrator_no_more_sees_nothing(brand):
    member(Role.ADMINISTRATOR, brand.account)
    row = Membership.objects.get(user=brand.user)
    brand.post(page(Membership, row.pk, "delete"), {"post": "yes"})

    assert "/admin/login/" in brand.get(page(Skill))["Location"]


def test_a_brand_s_administrator_sees_their_people_and_changes_none(brand):
    person = member(Role.AGENT, brand.account)
    User.objects.filter(pk=person.pk).update(last_login=timezone.now())
    stranger = member(Role.AGENT)

    listed = brand.get(page(User)).context["cl"].queryset
    changed = brand.post(
        page(User, person.pk, "change"), {"email": "mine@ours.example", "is_superuser": "on"}
    )
    link = brand.post(
        page(User), {"action": "show_password_link", "_selected_action": [person.pk]}, follow=True
    )

    assert set(listed) == {brand.user, person}
    assert stranger not in listed
    assert changed.status_code == 403
    assert "/password/reset/" not in link.content.decode()
    person.refresh_from_db()
    assert (person.email.startswith("person"), person.is_superuser) == (True, False)


@pytest.mark.parametrize(
    ("path", "lookup"),
    [
        ("/admin/accounts/user/", "password__startswith"),
        ("/admin/consumers/device/", "token__startswith"),
        ("/admin/accounts/apiclient/", "secrets__digest__startswith"),
    ],
)
def test_no_list_tells_a_hidden_field_letter_by_letter(brand, operator, path, lookup):
    assert operator.get(path, {lookup: "a"}).status_code == 400
    brand.force_login(brand.user)
    assert brand.get(path, {lookup: "a"}).status_code == 400


def test_what_another_brand_knows_of_somebody_is_not_told_to_who_invites_them(brand):
    known = member(Role.ADMINISTRATOR, name="Bo Ek", email="bo@theirs.example", is_superuser=True)
    User.objects.filter(pk=known.pk).update(last_login=timezone.now())
    MembershipFactory(user=known, account=brand.account, role=Role.AGENT)

    listed = brand.get(page(User)).context["cl"].queryset
    opened = brand.get(page(User, known.pk, "change"))
    by_name = brand.get(page(Membership), {"q": "Bo Ek"}).context["cl"].queryset
    by_address = brand.get(page(Membership), {"q": "bo@theirs"}).context["cl"].queryset
    own = brand.get(page(User, brand.user.pk, "change")).content.decode()

    assert list(listed) == [brand.user]
    assert opened.status_code == 302
    assert (by_name.count(), by_address.count()) == (0, 1)
    assert "Superuser" not in own


def test_an_invitation_is_mailed_again_and_its_link_shown_to_nobody_else(brand, settings):
    settings.HAS_EMAIL = True
    row = MembershipFactory(account=brand.account, role=Role.AGENT)

    answer = brand.post(
        page(Membership), {"action": "invite_again", "_selected_action": [row.pk]}, follow=True
    )

    assert f"mailed to {row.user.email}" in answer.content.decode()
    assert "/invitation/" not in answer.content.decode()
    assert AuditEvent.objects.get(verb="invitation_repeated").actor == "boss@ours.example"


def test_a_brand_s_administrator_cannot_raise_limits_that_operators_set(brand):
    account = brand.account
    form = {
        "name": "Renamed",
        "time_zone": "Europe/Stockholm",
        "return_after_minutes": 10,
        "close_after_hours": 168,
        "max_recipients": 9999,
        "requests_per_second": 9999,
        "daily_recipients": 9999,
        "messages_per_second": 9999,
        "region": "NA",
        "number": 1,
    }

    response = brand.post(page(Account, account.pk, "change"), form)

    assert response.status_code == 302
    account.refresh_from_db()
    assert (account.name, account.time_zone) == ("Renamed", "Europe/Stockholm")
    limits = (account.max_recipients, account.requests_per_second, account.daily_recipients)
    assert (*limits, account.messages_per_second) == (100, 100_000, 100_000, None)
    assert (account.region, account.number != 1) == ("EMEA", True)
    assert AuditEvent.objects.get(verb="account_changed").changes == {
        "name": ["Ours", "Renamed"],
        "time_zone": ["UTC", "Europe/Stockholm"],
    }


def test_an_operator_sets_an_account_s_send_rate_and_the_audit_log_has_it(operator):
    """D8"""
    account = AccountFactory(name="Theirs", requests_per_second=10)
    form = {
        "name": "Theirs",
        "time_zone": "UTC",
        "region": "EMEA",
        "return_after_minutes": 10,
        "close_after_hours": 168,
        "max_recipients": 100,
        "requests_per_second": 10,
        "daily_recipients": 100_000,
        "messages_per_second": 9,
    }

    refused = operator.post(page(Account, account.pk, "change"), {**form, "messages_per_second": 0})
    assert list(refused.context["adminform"].form.errors) == ["messages_per_second"]
    operator.post(page(Account, account.pk, "change"), form)

    account.refresh_from_db()
    assert account.messages_per_second == 9
    changes = AuditEvent.objects.get(verb="account_changed").changes
    assert changes == {"messages_per_second": [None, 9]}


def test_only_operators_make_accounts_and_nobody_deletes_them(brand, operator):
    operator.force_login(brand.user)

    assert brand.get(page(Account, "add")).status_code == 403
    assert brand.post(page(Account, brand.account.pk, "delete")).status_code == 403


def test_an_operator_makes_an_account_with_its_first_administrator(operator):
    response = operator.post(
        page(Account, "add"),
        {
            "name": "Larkfield",
            "number": 4711,
            "region": "EMEA",
            "time_zone": "UTC",
            "default_skill_name": "default",
            "admin_email": "priya@larkfield.example",
        },
        follow=True,
    )

    account = Account.objects.get(number=4711)
    user = User.objects.get(email="priya@larkfield.example")
    assert "administer" in permissions_on(user, account)
    assert "/invitation/" in response.content.decode()
    assert AuditEvent.objects.get(verb="account_created").actor == "operator@example.com"


def test_saving_a_membership_goes_through_grant_role(brand):
    skill = SkillFactory(account=brand.account, name="Cards")

    invited = brand.post(
        page(Membership, "add"),
        {
            "account": brand.account.pk,
            "email": "ann@ours.example",
            "name": "Ann",
            "role": "agent",
            "skills": [skill.pk],
        },
        follow=True,
    )
    row = Membership.objects.get(user__email="ann@ours.example")
    brand.post(page(Membership, row.pk, "change"), {"role": "campaign_manager", "skills": []})

    assert "/invitation/" in invited.content.decode()
    row.refresh_from_db()
    assert row.role == "campaign_manager"
    assert list(row.skills.all()) == []
    user = User.objects.get(pk=row.user_id)
    assert permissions_on(user, brand.account) == {"view_campaigns", "manage_handoffs"}
    changes = AuditEvent.objects.filter(verb="role_granted", actor="boss@ours.example")
    assert [event.changes["role"] for event in changes.order_by("pk")] == [
        [None, "agent"],
        ["agent", "campaign_manager"],
    ]


def test_a_deleted_membership_takes_its_permissions_along(brand):
    people = [member(Role.AGENT, brand.account) for _ in range(2)]
    rows = [Membership.objects.get(user=person) for person in people]

    brand.post(page(Membership, rows[0].pk, "delete"), {"post": "yes"})
    brand.post(
        page(Membership),
        {"action": "delete_selected", "_selected_action": [rows[1].pk], "post": "yes"},
    )

    for person in people:
        assert permissions_on(User.objects.get(pk=person.pk), brand.account) == frozenset()


def test_the_last_administrator_s_membership_is_not_deleted_and_told_why(brand):
    row = Membership.objects.get(user=brand.user)

    one = brand.post(page(Membership, row.pk, "delete"), {"post": "yes"}, follow=True)
    many = brand.post(
        page(Membership),
        {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
        follow=True,
    )

    for response in (one, many):
        assert "last administrator" in response.content.decode()
    assert Membership.objects.get() == row


def test_a_new_client_s_secret_is_shown_once_and_stored_nowhere(brand):
    shown = brand.post(
        page(ApiClient, "add"),
        {"account": brand.account.pk, "name": "CRM", "scopes": ["campaigns:send"]},
        follow=True,
    ).content.decode()
    [secret] = re.findall(r"secret ([\w-]{43})\. The secret is not shown again", shown)
    client = ApiClient.objects.get()

    again = brand.get(page(ApiClient, client.pk, "change")).content.decode()

    assert tokens.find_client(client_id=client.client_id, secret=secret, now=timezone.now())
    assert secret not in again
    assert secret not in dump()
    assert LogEntry.objects.get().object_repr == "CRM"


def test_a_secret_is_rotated_and_replaced_by_an_action(brand):
    client = ApiClientFactory(account=brand.account)
    secrets = [client.secret]
    for action in ("rotate", "replace"):
        shown = brand.post(
            page(ApiClient), {"action": action, "_selected_action": [client.pk]}, follow=True
        )
        secrets += re.findall(r"secret ([\w-]{43})\. ", shown.content.decode())

    works = [
        bool(tokens.find_client(client_id=client.client_id, secret=secret, now=timezone.now()))
        for secret in secrets
    ]

    assert works == [False, False, True]


def test_another_account_s_secret_is_not_rotated_by_an_action(brand):
    theirs = ApiClientFactory()

    brand.post(page(ApiClient), {"action": "replace", "_selected_action": [theirs.pk]})

    assert theirs.secrets.count() == 1


def test_a_rescoped_client_loses_its_tokens(brand):
    client = ApiClientFactory(account=brand.account)
    token = tokens.new_secret()
    tokens.mint(client=client, token=token, scopes=client.scopes, now=timezone.now())

    brand.post(
        page(ApiClient, client.pk, "change"),
        {
            "name": "CRM 2",
            "scopes": ["campaigns:read"],
            "is_enabled": "on",
            "secrets-TOTAL_FORMS": 0,
            "secrets-INITIAL_FORMS": 0,
        },
    )

    client.refresh_from_db()
    assert (client.name, client.scopes) == ("CRM 2", ["campaigns:read"])
    with pytest.raises(tokens.TokenUnknown):
        tokens.look_up(token, now=timezone.now())


def test_a_taken_client_id_is_told_in_the_form(brand):
    ApiClientFactory(client_id="taken")

    response = brand.post(
        page(ApiClient, "add"),
        {
            "account": brand.account.pk,
            "name": "CRM",
            "scopes": ["campaigns:send"],
            "client_id": "taken",
        },
        follow=True,
    )

    assert "taken" in response.content.decode()
    assert ApiClient.objects.count() == 1


def test_the_audit_log_is_read_only_and_shows_the_own_account(brand):
    rows_of(AccountFactory())
    event = AuditEvent.objects.filter(account_number=brand.account.number).first()

    listed = brand.get(page(AuditEvent)).context["cl"].queryset

    assert {row.account_number for row in listed} == {brand.account.number}
    assert brand.get(page(AuditEvent, "add")).status_code == 403
    assert brand.post(page(AuditEvent, event.pk, "delete"), {"post": "yes"}).status_code == 403
    assert brand.post(page(AuditEvent, event.pk, "change"), {"verb": "x"}).status_code == 403


def test_an_operator_gives_out_a_link_for_a_forgotten_password(operator):
    person = member(Role.AGENT, password="long enough, surely")

    response = operator.post(
        page(User), {"action": "show_password_link", "_selected_action": [person.pk]}, follow=True
    )

    assert "/password/reset/" in response.content.decode()
    shown = AuditEvent.objects.get(verb="password_link_shown")
    assert (shown.actor, shown.target_label) == ("operator@example.com", person.email)


def test_s10_the_oauth_library_s_own_models_are_not_in_admin():
    labels = {model._meta.label for model in admin.site._registry}

    assert not {label for label in labels if label.startswith(("oauth2_provider", "auth."))}


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_clients_takes_the_same_queries_for_any_length(
    operator, count, django_assert_num_queries
):
    account = AccountFactory()
    for _ in range(count):
        ApiClientFactory(account=account)

    with django_assert_num_queries(6):
        operator.get(page(ApiClient))
