"""F4: named widgets of an account; F2: who may frame ours. Set in the settings."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import AuditEvent
from conversations.models import FramingOrigin, NamedWidget
from conversations.widget_context import origin_of
from conversations.widgets import (
    MOST_ORIGINS,
    OriginInvalid,
    TooManyOrigins,
    TooManyWidgets,
    WidgetInvalid,
    WidgetNameTaken,
    add_widget,
    allow_framing,
    framing_origins,
    read_origin,
    widget_link,
    widgets_of,
)
from tests.factories.accounts import AccountFactory
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
URL = "https://orders.brand.example/agent?tab=1"


@pytest.fixture
def account():
    return AccountFactory(region="APAC", number=4821)


def test_inapp_widget_is_there_from_the_start_and_others_come_after_it(account):
    add_widget(account=account, name="Orders", url=URL, by="tests")

    assert [(widget.name, widget.row is None) for widget in widgets_of(account)] == [
        ("InApp-Widget", True),
        ("Orders", False),
    ]


def test_its_link_is_on_the_host_of_the_accounts_region(account, settings):
    settings.REGION_HOSTS = {"APAC": "sy.proactive.example"}
    settings.PUBLIC_URL = "https://proactive.example"

    link = "https://sy.proactive.example/api/cx-widget/account/4821/auth/url"
    assert widget_link(account) == link
    settings.REGION_HOSTS = {}
    assert widget_link(account) == link.replace("sy.", "")


@pytest.mark.parametrize("host", ["orders.brand.example", "Orders.Brand.example:443"])
def test_a_widget_is_known_by_its_origin_as_browsers_write_it(host):
    assert origin_of(f"https://{host}/agent") == "https://orders.brand.example"
    assert origin_of(f"https://{host.partition(':')[0]}:8443/") == (
        "https://orders.brand.example:8443"
    )


@pytest.mark.parametrize("name", ["inapp-widget", "InApp-Widget ", "ORDERS"])
def test_a_name_is_taken_once(account, name):
    add_widget(account=account, name="Orders", url=URL, by="tests")

    with pytest.raises(WidgetNameTaken):
        add_widget(account=account, name=name, url=URL, by="tests")


@pytest.mark.parametrize(
    "url",
    [
        *("http://orders.brand.example/", "javascript:alert(1)", "data:text/html,x", "//x.example"),
        *("https://", "https://user:pw@x.example/", "https://x.example/ y", "https://x\n.example/"),
        *("https://[::1", "https://*.brand.example/", "ftp://x.example/", "https://ü.example/"),
    ],
)
def test_a_widgets_url_is_https_and_nothing_else(account, url):
    with pytest.raises(WidgetInvalid):
        add_widget(account=account, name="Orders", url=url, by="tests")
    assert not NamedWidget.objects.exists()


def test_an_account_has_ten_widgets_of_its_own_at_most(account):
    for number in range(10):
        add_widget(account=account, name=f"Widget {number}", url=URL, by="tests")

    with pytest.raises(TooManyWidgets):
        add_widget(account=account, name="One more", url=URL, by="tests")


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://desk.brand.com", "https://desk.brand.com"),
        (" HTTPS://Desk.Brand.com:443/ ", "https://desk.brand.com"),
        ("https://desk.brand.com:8443", "https://desk.brand.com:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(typed, origin):
    assert read_origin(typed) == origin


@pytest.mark.parametrize(
    "typed",
    [
        *("*", "https://*", "https://*.brand.com", "https:", "null", "'self'", "desk.brand.com"),
        *("https://a.com https://b.com", "https://a.com;script-src", "https://a.com/desk"),
        *("https://a.com?x", "https://a.com#x", "https://u@a.com", "http://desk.brand.com"),
        *("https://a.com:99999", "javascript:alert(1)", "https://ü.com", "https://" + "a" * 300),
    ],
)
def test_what_would_let_others_frame_it_is_no_origin(account, typed):
    with pytest.raises(OriginInvalid):
        allow_framing(account=account, origin=typed, by="tests")
    assert framing_origins(account) == []


def test_an_origin_is_listed_once_and_twenty_fit(account):
    for number in range(MOST_ORIGINS):
        allow_framing(account=account, origin=f"https://desk{number}.brand.com", by="tests")
    allow_framing(account=account, origin="https://desk0.brand.com/", by="tests")

    with pytest.raises(TooManyOrigins):
        allow_framing(account=account, origin="https://more.brand.com", by="tests")
    assert len(framing_origins(account)) == MOST_ORIGINS


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def administrator(world: World) -> Client:
    client = Client()
    client.force_login(world.administrator)
    return client


def url(world, view, *named):
    return reverse(view, args=[world.account.number, *named])


def test_widgets_and_origins_are_added_and_removed_in_settings(world, administrator):
    administrator.post(url(world, "settings_widgets"), {"name": "CRM", "url": URL})
    administrator.post(url(world, "settings_origins"), {"origin": "https://crm.brand.com/"})

    page = administrator.get(url(world, "settings_widgets"))
    for word in ("InApp-Widget", "/auth/url", "CRM", "https://crm.brand.com"):
        assertContains(page, word)

    crm = NamedWidget.objects.get(name="CRM")
    site = FramingOrigin.objects.get(origin="https://crm.brand.com")
    administrator.post(url(world, "settings_widget_remove", crm.pk))
    administrator.post(url(world, "settings_origin_remove", site.pk))

    assert framing_origins(world.account) == ["https://desk.larkfield.example"]
    verbs = AuditEvent.objects.filter(account_number=world.account.number)
    assert {"widget_added", "widget_removed", "framing_allowed", "framing_forbidden"} <= set(
        verbs.values_list("verb", flat=True)
    )


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(world, administrator):
    widget = administrator.post(url(world, "settings_widgets"), {"name": "CRM", "url": "ftp://x"})
    origin = administrator.post(url(world, "settings_origins"), {"origin": "https://*.x.com"})

    assertContains(widget, "The URL must be https")
    assertContains(widget, 'value="CRM"')
    assertContains(origin, "An origin is a scheme and a host")
    assertContains(origin, 'value="https://*.x.com"')


def test_who_may_not_change_widgets_sees_them_without_buttons(world):
    client = Client()
    client.force_login(world.campaign_manager)

    page = client.get(url(world, "settings_widgets"))

    assertContains(page, "https://desk.larkfield.example")
    for word in ("btn--danger", "Add the widget", "Allow the origin"):
        assertNotContains(page, word)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_of_widgets_costs_the_same_however_many_there_are(
    world, administrator, django_assert_num_queries, rows
):
    for number in range(rows - 1):
        add_widget(account=world.account, name=f"Widget {number}", url=URL, by="tests")
        allow_framing(account=world.account, origin=f"https://d{number}.brand.com", by="tests")

    with django_assert_num_queries(6):
        administrator.get(url(world, "settings_widgets"))
