"""Settings: apps (B1, C3, C9), and who may change them."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import App, AuditEvent
from tests.factories.accounts import AppFactory
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
FORM = {
    "bundle_id": "com.larkfield.shop",
    "name": "Shop",
    "platforms": ["ios", "web"],
    "min_ios_sdk": "6.2",
    "min_android_sdk": "4.7",
    "min_androidx_sdk": "5.5",
    "origins": "https://shop.larkfield.example\r\n\r\nhttps://www.larkfield.example:8443",
}


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def administrator(world: World) -> Client:
    client = Client()
    client.force_login(world.administrator)
    return client


def url(world, view, **named):
    return reverse(view, kwargs={"account_number": world.account.number, **named})


def test_an_app_is_added_with_its_minimum_sdks_and_web_origins(world, administrator):
    response = administrator.post(url(world, "settings_app_new"), FORM)

    app = App.objects.get(bundle_id="com.larkfield.shop")
    assert response.headers["Location"] == url(world, "settings_app", app_id=app.pk)
    assert app.platforms == ["ios", "web"]
    assert app.origins == ["https://shop.larkfield.example", "https://www.larkfield.example:8443"]
    assert AuditEvent.objects.get(verb="app_created").actor == world.administrator.email


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("bundle_id", "com larkfield", "A bundle id is letters"),
        ("bundle_id", "com.larkfield.mobile", "This account has an app named"),
        ("min_ios_sdk", "six", "A version is numbers and dots"),
        ("origins", "https://shop.example/path", "An origin is a scheme and a host"),
        ("platforms", [], "This field is required."),
    ],
)
def test_what_is_wrong_with_an_app_stands_beside_the_field(
    world, administrator, field, value, words
):
    response = administrator.post(url(world, "settings_app_new"), {**FORM, field: value})

    assert any(words in error for error in response.context["form"].errors[field])
    assertContains(response, 'value="Shop"')  # nothing that was typed is lost


def test_an_edit_is_audited_and_leaves_the_bundle_id(world, administrator):
    app = world.brand.app
    changed = {**FORM, "name": "Larkfield 2"}

    administrator.post(url(world, "settings_app_edit", app_id=app.pk), changed)

    app.refresh_from_db()
    assert (app.bundle_id, app.name) == ("com.larkfield.mobile", "Larkfield 2")
    changes = AuditEvent.objects.get(verb="app_changed").changes
    assert changes["name"] == ["Larkfield", "Larkfield 2"]
    assert "min_ios_sdk" not in changes


def test_who_may_not_change_an_app_sees_no_button_and_whom_to_ask(world):
    client = Client()
    client.force_login(world.campaign_manager)

    for view, named in (("settings_apps", {}), ("settings_app", {"app_id": world.brand.app.pk})):
        page = client.get(url(world, view, **named))
        assertContains(page, "Astrid Lind")
        for word in ("Add an app", "Edit app", "Test push", "Replace", "Switch off", "Set up"):
            assertNotContains(page, word)


@pytest.mark.parametrize("apps", [1, 3])
def test_the_list_of_apps_costs_the_same_however_many_there_are(
    world, administrator, django_assert_num_queries, apps
):
    AppFactory.create_batch(apps - 1, account=world.account)

    with django_assert_num_queries(5):
        administrator.get(url(world, "settings_apps"))
