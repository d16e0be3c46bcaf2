"""F1, F2, S15: the one page that others may frame, and the window that signs in for it."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts.models import Role
from conversations.models import WidgetCode
from conversations.widgets import allow_framing, widget_link
from tests.factories.accounts import AccountFactory, UserFactory, member
from tests.routes import EXAMPLES, ROUTES

NOBODY = ["'none'"]
DESK, CHATWOOT = "https://desk.brand.example", "https://chat.brand.example:8443"


@pytest.fixture
def account(account):
    for origin in (DESK, CHATWOOT):
        allow_framing(account=account, origin=origin, by="tests")
    return account


def frame_url(account):
    return f"/api/cx-widget/account/{account.number}/auth/url"


def sign_in_url(account):
    return f"/widget/{account.number}/sign-in/"


def policy(answer):
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";")]
    return {name: values for name, *values in parts}


def test_f2_s15_an_accounts_listed_origins_may_frame_its_widget_and_nobody_else(client, account):
    other, bare = AccountFactory(), AccountFactory()
    allow_framing(account=other, origin="https://other.example", by="tests")

    framers = {
        one.pk: policy(client.get(frame_url(one)))["frame-ancestors"]
        for one in (account, other, bare)
    }

    assert framers == {
        account.pk: ["'self'", CHATWOOT, DESK],
        other.pk: ["'self'", "https://other.example"],
        bare.pk: ["'self'"],
    }


def test_s15_only_the_frame_goes_without_x_frame_options(client, account):
    client.force_login(member(Role.AGENT, account))

    framed, window = client.get(frame_url(account)), client.get(sign_in_url(account))

    assert "X-Frame-Options" not in framed.headers
    assert window.headers["X-Frame-Options"] == "DENY"
    assert policy(window)["frame-ancestors"] == NOBODY


def test_f2_s15_every_other_path_refuses_to_be_framed(client, account):
    ids = EXAMPLES | {"account": str(account.number)}
    api = [(route.method, route.url(ids), route.name) for route in ROUTES]
    pages = [("GET", path, path) for path in ("/", "/sign-in/", "/health", "/nothing/", "/lab/")]

    framable = set()
    for method, url, name in api + pages:
        answer = client.generic(method, url)
        if "X-Frame-Options" not in answer.headers or policy(answer)["frame-ancestors"] != NOBODY:
            framable.add(name)

    assert framable == {"widget_frame", "widget_login"}


@pytest.mark.parametrize("end", ["", "/"])
def test_s16_the_frame_reads_no_cookie_and_sets_none(client, account, end):
    signed_in, nobody = Client(), client
    signed_in.force_login(member(Role.AGENT, account))

    answers = [one.get(frame_url(account) + end) for one in (signed_in, nobody)]

    assert answers[0].content == answers[1].content
    for answer in answers:
        assert answer.status_code == 200
        assert not answer.cookies
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_link_that_settings_show_is_the_frames(client, account):
    assert client.get(urlsplit(widget_link(account)).path).status_code == 200


@pytest.mark.parametrize("name", ["accountId", "brandId"])
@pytest.mark.parametrize("end", ["", "/"])
def test_the_older_link_takes_its_account_from_a_parameter(client, account, name, end):
    answer = client.get(f"/api/cx-widget/login{end}", {name: account.number})

    assert answer.content == client.get(frame_url(account)).content
    assert policy(answer)["frame-ancestors"] == ["'self'", CHATWOOT, DESK]


@pytest.mark.parametrize("number", ["", "x", "1" * 19, "-1", "４８"])
def test_the_older_link_without_an_account_asks_for_it(client, db, number):
    answer = client.get("/api/cx-widget/login", {"accountId": number} if number else {})

    assert answer.status_code == 200
    assert "?accountId=" in answer.content.decode()
    assert policy(answer)["frame-ancestors"] == ["'self'"]


def test_a_widget_of_no_account_does_not_exist(client, db):
    for url in ("/api/cx-widget/account/7/auth/url", "/api/cx-widget/login?accountId=7"):
        assert client.get(url).status_code == 404


class Scripts(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page.content.decode())

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.found.append(dict(attrs)["src"])


def test_livepersons_script_runs_where_operator_and_link_ask_for_it_alone(
    client, account, settings
):
    sdk = "https://lp.example/agent/sdk.js"
    asked = {"sdk": "liveperson"}
    without = client.get(frame_url(account), asked)
    settings.LIVEPERSON_SDK_URL = sdk
    unasked, loads = client.get(frame_url(account)), client.get(frame_url(account), asked)

    for page in (without, unasked):
        assert policy(page)["script-src"] == ["'self'"]
        assert not [src for src in Scripts(page).found if "//" in src]
    assert policy(loads)["script-src"] == ["'self'", sdk]
    assert sdk in Scripts(loads).found


def test_an_agents_window_makes_a_code_and_keeps_its_opener(client, account):
    client.force_login(member(Role.AGENT, account))

    page, made = client.get(sign_in_url(account)), client.post(sign_in_url(account))

    assert made.status_code == 201
    assert set(made.json()) == {"code"}
    for answer in (page, made):
        assert answer.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
        assert "no-store" in answer.headers["Cache-Control"]


def test_who_has_not_signed_in_is_asked_to_in_a_tab_of_its_own(client, account):
    """A redirect would cut the tie to the frame: the sign-in page keeps no opener."""
    page = client.get(sign_in_url(account))

    assert page.status_code == 200
    assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert f"/sign-in/?next=%2Fwidget%2F{account.number}%2Fsign-in%2F" in page.content.decode()
    assert client.post(sign_in_url(account)).status_code == 403
    assert not WidgetCode.objects.exists()


def test_the_window_makes_no_code_for_who_may_not_answer_conversations(client, account):
    for user, status in (
        (member(Role.CAMPAIGN_MANAGER, account), 403),
        (member(Role.AGENT), 404),
        (UserFactory(), 404),
    ):
        client.force_login(user)
        assert client.get(sign_in_url(account)).status_code == status
        assert client.post(sign_in_url(account)).status_code == status
    assert not WidgetCode.objects.exists()


def test_s14_another_sites_form_makes_no_code(account):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member(Role.AGENT, account))

    assert client.post(sign_in_url(account)).status_code == 403
    assert not WidgetCode.objects.exists()
