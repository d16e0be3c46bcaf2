"""B1, B3, B4 in Django admin: the same rules, and only one's own accounts."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Role
from handoffs.models import Handoff
from tests.factories.accounts import AccountFactory, AppFactory, UserFactory, member
from tests.factories.handoffs import HandoffFactory

ADD = "admin:handoffs_handoff_add"
LIST = "admin:handoffs_handoff_changelist"


@pytest.fixture
def account(db):
    return AppFactory(bundle_id="com.brand.app").account


@pytest.fixture
def admin(client, account):
    """A browser in which the brand's administrator is signed in."""
    client.force_login(member(Role.ADMINISTRATOR, account, email="boss@brand.example"))
    return client


def page(handoff):
    return reverse("admin:handoffs_handoff_change", args=[handoff.pk])


def form(account, **changes):
    return {
        "account": account.pk,
        "kind": "proactive",
        "public_id": "H484592",
        "title": "Cards",
        "channels": ["inapp"],
        "app_names": "com.brand.app",
        "text": "Hello ${{1}} 👋",
        "notification_title": "",
        "lookback": "30 00:00:00",
        "push_when_logged_in": "on",
        "device_choice": "newest",
        "language": "en",
        "is_active": "on",
        **changes,
    }


def test_a_handoff_is_made_through_the_service(admin, account):
    response = admin.post(reverse(ADD), form(account))

    assert response.status_code == 302, response.content.decode()
    handoff = Handoff.objects.get()
    assert (handoff.account, handoff.public_id) == (account, "H484592")
    assert (handoff.text, handoff.push_when_logged_out) == ("Hello ${{1}} 👋", False)
    assert AuditEvent.objects.get(verb="handoff_created").actor == "boss@brand.example"


def test_a_handoff_is_edited_through_the_service(admin, account):
    handoff = HandoffFactory(account=account, title="Old", public_id="H484592")

    admin.post(page(handoff), form(account, title="New", public_id="H9", kind="ivr"))

    stored = Handoff.objects.get()
    assert (stored.title, stored.public_id, stored.kind) == ("New", "H484592", "proactive")
    event = AuditEvent.objects.get(verb="handoff_edited")
    assert event.changes["title"] == ["Old", "New"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title", "a <b>", "A title has no &lt; and no &gt;."),
        ("title", "taken", "Another handoff has this title."),
        ("channels", ["inapp", "sms"], "In-App does not go with SMS or WhatsApp"),
        ("app_names", "com.brand.other", "The account has no app"),
        ("app_names", "a,b,c,d,e", "Name 1 to 4 apps; there are 5."),
        ("lookback", "00:30:00", "The lookback is 1 hour to 30 days"),
        ("text", "\u200b", "There is nothing to see in this text."),
        ("public_id", "12345", "A handoff id is H and 1 to 15 digits."),
        ("public_id", "H1", "Handoff with this Account and Handoff id already exists."),
    ],
)
def test_what_breaks_a_rule_is_said_in_the_form(admin, account, field, value, sentence):
    HandoffFactory(account=account, title="Taken", public_id="H1")

    response = admin.post(reverse(ADD), form(account, **{field: value}))

    assert response.status_code == 200
    assert sentence in " ".join(map(str, response.context["errors"])).replace("\n", " ")
    assert Handoff.objects.count() == 1


def test_an_archived_handoff_is_only_looked_at(admin, account):
    handoff = HandoffFactory(account=account, archived_at="2026-01-01T00:00Z", archived_by="ann")

    assert admin.get(page(handoff)).status_code == 200
    assert admin.post(page(handoff), form(account, title="New")).status_code == 403


def test_a_handoff_is_never_deleted(admin, account):
    handoff = HandoffFactory(account=account)

    url = reverse("admin:handoffs_handoff_delete", args=[handoff.pk])
    assert admin.post(url, {"post": "yes"}).status_code == 403
    admin.post(
        reverse(LIST),
        {"action": "delete_selected", "_selected_action": [handoff.pk], "post": "yes"},
    )
    assert Handoff.objects.count() == 1


def test_another_brands_handoff_does_not_exist(admin, account):
    theirs = HandoffFactory(account=AccountFactory(), title="Their plan")

    assert "Their plan" not in admin.get(reverse(LIST)).content.decode()
    assert admin.get(page(theirs)).status_code == 302
    admin.post(page(theirs), form(account, title="Mine"))
    assert Handoff.objects.get().title == "Their plan"


def test_no_handoff_is_made_in_another_brand(admin, account):
    other = AppFactory(bundle_id="com.brand.app", account=AccountFactory()).account

    response = admin.post(reverse(ADD), form(other))

    assert "Select a valid choice" in response.content.decode()
    assert not Handoff.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.AGENT_MANAGER, Role.CAMPAIGN_MANAGER])
def test_only_administrators_and_operators_open_the_admin(client, account, role):
    client.force_login(member(role, account))

    assert client.get(reverse(LIST)).status_code == 302


def test_an_operator_sees_every_brand(client, account):
    HandoffFactory(account=account, title="One")
    HandoffFactory(account=AccountFactory(), title="Two")
    client.force_login(UserFactory(is_staff=True, is_superuser=True))

    html = client.get(reverse(LIST)).content.decode()

    assert "One" in html
    assert "Two" in html


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.ADMINISTRATOR, True),
        (Role.CAMPAIGN_MANAGER, True),
        (Role.AGENT_MANAGER, False),
        (Role.AGENT, False),
    ],
)
def test_campaign_managers_and_administrators_may_manage_handoffs(account, role, may):
    user = member(role, account)

    assert user.has_perm("accounts.manage_handoffs", account) is may
    assert not user.has_perm("accounts.manage_handoffs", AccountFactory())
