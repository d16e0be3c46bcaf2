"""G1, J6: signing in, invitations, forgotten passwords."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from celery import current_app
from django.contrib.auth import get_user
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

from accounts import services
from accounts.forms import LINKS_FOR_ONE, LINKS_TO_ONE, SIGN_IN_FAILURES
from accounts.models import Role
from accounts.permissions import AccountPermissionMixin
from tests.factories.accounts import PASSWORD, AccountFactory, UserFactory, member

pytestmark = pytest.mark.django_db

NEW = "a new long pass phrase"


def sign_in(client, email, password=PASSWORD, **extra):
    return client.post("/sign-in/", {"username": email, "password": password}, **extra)


@pytest.fixture
def has_email(settings):
    settings.HAS_EMAIL = True
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


def test_a_person_signs_in_without_regard_to_case_and_out_by_post(client):
    user = UserFactory(email="Ann@brand.example", password=PASSWORD)

    response = sign_in(client, "ann@BRAND.example")

    assert (response.status_code, response["Location"]) == (302, "/")
    assert get_user(client) == user
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert not get_user(client).is_authenticated


@pytest.mark.parametrize("make", ["wrong", "unknown", "inactive"])
def test_every_refusal_of_sign_in_looks_the_same(client, make):
    UserFactory(email="ann@brand.example", password=PASSWORD, is_active=make != "inactive")
    email = "bob@brand.example" if make == "unknown" else "ann@brand.example"

    response = sign_in(client, email, "nonsense" if make == "wrong" else PASSWORD)

    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == ["E-mail or password is wrong."]


@pytest.mark.parametrize("email", ["a\0@b.example", "x" * 300, ""])
def test_sign_in_bears_what_is_no_address(client, email):
    assert sign_in(client, email).status_code == 200


def test_sign_in_goes_back_where_the_person_came_from_and_nowhere_else(client):
    UserFactory(email="ann@brand.example", password=PASSWORD)
    form = {"username": "ann@brand.example", "password": PASSWORD}

    inside = client.post("/sign-in/", {**form, "next": "/account/1/"})
    outside = Client().post("/sign-in/", {**form, "next": "https://evil.example/"})

    assert (inside["Location"], outside["Location"]) == ("/account/1/", "/")


def test_g1_sign_in_is_throttled_for_address_and_e_mail(client):
    UserFactory(email="ann@brand.example", password=PASSWORD)
    UserFactory(email="bob@brand.example", password=PASSWORD)

    for _ in range(SIGN_IN_FAILURES.failures):
        sign_in(client, "ann@brand.example", "nonsense")
    right = sign_in(client, "ANN@brand.example")
    other = sign_in(Client(), "bob@brand.example")

    assert "Too many tries" in right.content.decode()
    assert other.status_code == 302
    assert right.status_code == 429
    assert 1 <= int(right["Retry-After"]) <= 900


def test_django_admin_has_no_door_of_its_own(client):
    """One that would ask for neither patience nor a second factor."""
    UserFactory(email="ann@brand.example", password=PASSWORD, is_staff=True, is_superuser=True)

    for answer in (
        client.get("/admin/login/?next=/admin/"),
        client.post("/admin/login/", {"username": "ann@brand.example", "password": PASSWORD}),
    ):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/")
    assert not get_user(client).is_authenticated


def test_django_admin_changes_no_password_where_guesses_are_not_counted(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))

    for answer in (client.get("/admin/password_change/"), client.post("/admin/password_change/")):
        assert answer["Location"] == "/profile/password/"


def test_j6_an_invitation_is_a_link_to_copy_that_works_once(client):
    account = AccountFactory()
    invitation = services.invite_user(
        account=account, email="ann@brand.example", name="Ann", role=Role.AGENT, by="tests"
    )
    assert not invitation.is_mailed
    link = "/" + invitation.url.split("/", 3)[3]

    page = client.get(link, follow=True)
    done = client.post(page.request["PATH_INFO"], {"new_password1": NEW, "new_password2": NEW})

    assert "ann@brand.example" in page.content.decode()
    assert done.status_code == 302
    assert get_user(client) == invitation.membership.user
    again = Client().get(link, follow=True)
    assert "used up" in again.content.decode()
    assert sign_in(Client(), "ann@brand.example", NEW).status_code == 302


def test_a_weak_password_is_refused_with_its_reason(client):
    invitation = services.invite_user(
        account=AccountFactory(), email="ann@brand.example", name="", role=Role.AGENT, by="tests"
    )
    page = client.get("/" + invitation.url.split("/", 3)[3], follow=True)

    response = client.post(
        page.request["PATH_INFO"], {"new_password1": "short", "new_password2": "short"}
    )

    assert "too short" in response.content.decode()
    invitation.membership.user.refresh_from_db()
    assert not invitation.membership.user.has_usable_password()


@pytest.mark.parametrize(
    "link",
    [
        "/invitation/MQ/abc-def/",
        "/password/reset/MQ/abc-def/",
        "/invitation/x/y/",
        "/password/reset/%00/%00/",
    ],
)
def test_a_made_up_link_opens_nothing(client, link):
    response = client.get(link)

    assert response.status_code == 200
    assert "used up" in response.content.decode()


def test_an_invitation_is_no_password_reset_and_the_reverse(client):
    invitation = services.invite_user(
        account=AccountFactory(), email="ann@brand.example", name="", role=Role.AGENT, by="tests"
    )
    link = "/" + invitation.url.split("/", 3)[3]

    response = client.get(link.replace("/invitation/", "/password/reset/"))

    assert "used up" in response.content.decode()


@pytest.mark.usefixtures("has_email")
def test_an_invitation_is_mailed_where_there_is_e_mail(
    client, settings, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        invitation = services.invite_user(
            account=AccountFactory(name="Larkfield"),
            email="ann@brand.example",
            name="Ann <b>",
            role=Role.AGENT,
            by="tests",
        )

    [message] = mail.outbox
    assert invitation.is_mailed
    assert message.to == ["ann@brand.example"]
    assert message.subject == "Your access to Larkfield"
    assert "Hello Ann <b>," in message.body
    [link] = re.findall(rf"{settings.PUBLIC_URL}(/invitation/\S+)", message.body)
    assert "ann@brand.example" in client.get(link, follow=True).content.decode()


@pytest.mark.usefixtures("has_email")
def test_j6_a_forgotten_password_is_chosen_anew_by_a_mailed_link(client, settings):
    UserFactory(email="ann@brand.example", password=PASSWORD)

    sent = client.post("/password/reset/", {"email": "ANN@brand.example"})
    [link] = re.findall(rf"{settings.PUBLIC_URL}(/\S+)", mail.outbox[0].body)
    page = client.get(link, follow=True)
    done = client.post(page.request["PATH_INFO"], {"new_password1": NEW, "new_password2": NEW})

    assert sent["Location"] == "/password/reset/sent/"
    assert done["Location"] == "/password/reset/done/"
    assert sign_in(client, "ann@brand.example", NEW).status_code == 302


@pytest.mark.usefixtures("has_email")
@pytest.mark.parametrize(
    "email", ["nobody@brand.example", "off@brand.example", "new@brand.example"]
)
def test_who_has_no_password_here_gets_the_same_answer_and_no_mail(client, email):
    UserFactory(email="off@brand.example", password=PASSWORD, is_active=False)
    UserFactory(email="new@brand.example")

    response = client.post("/password/reset/", {"email": email})

    assert (response.status_code, response["Location"]) == (302, "/password/reset/sent/")
    assert mail.outbox == []


@pytest.mark.usefixtures("has_email")
def test_a_mailbox_gets_a_few_links_an_hour_and_a_caller_asks_for_a_few_more(client):
    UserFactory(email="ann@brand.example", password=PASSWORD)
    tries = range(LINKS_FOR_ONE.quota)

    asked = [client.post("/password/reset/", {"email": "Ann@brand.example"}) for _ in tries]
    refused = client.post("/password/reset/", {"email": "bob@brand.example"})

    assert {answer["Location"] for answer in asked} == {"/password/reset/sent/"}
    assert len(mail.outbox) == LINKS_TO_ONE.quota
    assert "Too many tries. Wait 60 min" in refused.content.decode()


def test_without_e_mail_the_page_of_forgotten_passwords_says_so(client, settings):
    settings.HAS_EMAIL = False

    assert "sends no e-mail" in client.get("/password/reset/").content.decode()


@pytest.mark.parametrize(
    "page", ["/sign-in/", "/password/reset/", "/password/reset/sent/", "/password/reset/done/"]
)
def test_signed_out_pages_are_served(client, page):
    assert client.get(page).status_code == 200


def test_links_of_invitations_and_resets_never_reach_the_log(client, caplog):
    caplog.set_level("DEBUG")

    client.get("/invitation/MQ/c4n4ry-1/")
    client.get("/password/reset/MQ/c4n4ry-2/")
    client.get("/sign-in/?next=/c4n4ry")

    said = "\n".join(str(record.__dict__) for record in caplog.records)
    assert "/invitation/…" in said
    assert "c4n4ry" not in said


class Handoffs(AccountPermissionMixin):
    required_permission = "accounts.manage_handoffs"

    def load(self):
        self.loaded = True

    def get(self, request, **kwargs):
        return HttpResponse(f"{self.account.number} {self.loaded}")


urlpatterns = [
    path("account/<int:account_number>/handoffs/", Handoffs.as_view()),
    path("", include("accounts.urls")),
    path("", Handoffs.as_view(), name="home"),
]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.ADMINISTRATOR, 200),
        (Role.CAMPAIGN_MANAGER, 200),
        (Role.AGENT_MANAGER, 403),
        (Role.AGENT, 403),
    ],
)
def test_b4_only_campaign_managers_and_administrators_manage_handoffs(client, role, status):
    account = AccountFactory()
    client.force_login(member(role, account))

    assert client.get(f"/account/{account.number}/handoffs/").status_code == status


@pytest.mark.urls(__name__)
def test_b4_another_account_does_not_exist(client):
    theirs = AccountFactory()
    client.force_login(member(Role.ADMINISTRATOR))

    for number in (theirs.number, 1, 10**40):
        assert client.get(f"/account/{number}/handoffs/").status_code == 404


@pytest.mark.urls(__name__)
def test_who_has_not_signed_in_is_asked_to_whether_the_account_exists_or_not(client):
    for number in (AccountFactory().number, 1):
        page = f"/account/{number}/handoffs/"
        plain, htmx = client.get(page), client.get(page, headers={"HX-Request": "true"})

        assert plain["Location"] == f"/sign-in/?next={page}"
        assert htmx["HX-Redirect"] == f"/sign-in/?next={page}"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("method", "headers", "back"),
    [
        ("get", {"HX-Request": "true", "HX-Current-URL": "{host}/account/1/"}, "/account/1/"),
        ("post", {"HX-Request": "true", "HX-Current-URL": "{host}/account/1/"}, "/account/1/"),
        ("post", {"Referer": "{host}/account/1/?q=a"}, "/account/1/?q=a"),
        ("post", {"Referer": "https://evil.example/account/1/"}, "/"),
        ("post", {"Referer": "https://[x"}, "/"),
        ("post", {}, "/"),
    ],
)
def test_after_signing_in_one_is_on_the_page_again_not_on_its_part_or_form(
    client, method, headers, back
):
    given = {name: value.format(host="http://testserver") for name, value in headers.items()}

    answer = getattr(client, method)("/account/1/handoffs/?live=mine", headers=given)

    sign_in = answer.headers.get("HX-Redirect") or answer["Location"]
    assert parse_qs(urlsplit(sign_in).query)["next"] == [back]


def test_a_form_of_an_old_session_is_answered_in_our_words():
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "ann@brand.example"})

    assert answer.status_code == 403
    assert "This page was open for too long" in answer.content.decode()


@pytest.mark.urls(__name__)
def test_superusers_may_see_every_account(client):
    account = AccountFactory()
    client.force_login(UserFactory(is_superuser=True, is_staff=True))

    assert client.get(f"/account/{account.number}/handoffs/").status_code == 200
