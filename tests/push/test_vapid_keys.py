"""D1: an app's key pair for Web Push, by one command or one click."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.services import grant_role
from push.credentials import CredentialInvalid, provider_settings, switch_off
from push.models import PushCredential
from push.vapid_keys import (
    VapidKeysExist,
    application_server_key,
    find_vapid_keys,
    make_vapid_keys,
)
from tests.factories.accounts import AppFactory, UserFactory
from tests.factories.push import PushCredentialFactory

CONTACT = "mailto:push@brand.example"
PRIVATE_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
PUBLIC_KEY = (
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
)


@pytest.fixture
def app(db):
    return AppFactory(platforms=["web"])


def make(app, **changes):
    return make_vapid_keys(app=app, contact=CONTACT, by="anna@brand.example", **changes)


def test_made_pair_is_the_apps_way_to_browsers(app):
    made = make(app)

    credential = PushCredential.objects.get()
    assert (credential.platform, credential.provider) == ("web", "webpush")
    assert provider_settings(credential).contact == CONTACT
    assert re.fullmatch(r"B[\w-]{86}", application_server_key(made))


def test_public_key_belongs_to_the_private_one(app):
    settings = {"vapid_private_key": PRIVATE_KEY, "contact": CONTACT}
    credential = PushCredentialFactory(
        app=app, platform="web", provider="webpush", settings=settings
    )

    assert application_server_key(credential) == PUBLIC_KEY


def test_private_key_stands_nowhere_in_clear(app):
    """J5, S19."""
    private_key = provider_settings(make(app)).vapid_private_key

    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text, convert_from(sealed, 'UTF8') FROM push_pushcredential t")
        stored = str(cursor.fetchall())
    assert private_key not in stored
    assert private_key not in str(AuditEvent.objects.get().changes)


def test_pair_there_is_stays_unless_it_is_to_be_replaced(app):
    first = application_server_key(make(app))

    with pytest.raises(VapidKeysExist, match=first):
        make(app)

    assert application_server_key(find_vapid_keys(app)) == first
    assert application_server_key(make(app, is_replacing=True)) != first


def test_pair_that_was_switched_off_is_not_forgotten(app):
    switch_off(credential=make(app), by="anna@brand.example", now=timezone.now())

    with pytest.raises(VapidKeysExist):
        make(app)


def test_contact_that_push_services_refuse_makes_no_pair(app):
    with pytest.raises(CredentialInvalid) as caught:
        make_vapid_keys(app=app, contact="push@localhost", by="anna@brand.example")

    assert caught.value.pointer == "/settings/contact"
    assert not PushCredential.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_a_pair_at_once_one_does():
    app = AppFactory(platforms=["web"])

    def attempt(_):
        try:
            return application_server_key(make(app))
        except VapidKeysExist:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = [key for key in pool.map(attempt, range(4)) if key]

    assert made == [application_server_key(PushCredential.objects.get())]


def run_command(app, *options, contact=CONTACT):
    call_command(
        "make_vapid_keys",
        *("--account", str(app.account.number), "--app", app.bundle_id, "--contact", contact),
        *options,
    )


def test_command_makes_the_pair_and_prints_what_the_web_app_needs(app, capsys):
    run_command(app)

    key = application_server_key(PushCredential.objects.get())
    assert capsys.readouterr().out == f"applicationServerKey: {key}\n"


def test_command_says_what_a_second_pair_would_do(app):
    run_command(app)
    first = application_server_key(PushCredential.objects.get())

    with pytest.raises(CommandError, match=f"ends the subscription of every browser.*{first}"):
        run_command(app)
    run_command(app, "--replace")

    assert application_server_key(PushCredential.objects.get()) != first


def test_command_names_what_is_wrong(app):
    with pytest.raises(CommandError, match=r"mailto:push@example\.com"):
        run_command(app, contact="push")
    with pytest.raises(CommandError, match="has no app com.other"):
        call_command(
            "make_vapid_keys", "--account", "1", "--app", "com.other", "--contact", CONTACT
        )


@pytest.fixture
def administrator(client, app):
    user = UserFactory(is_staff=True)
    grant_role(user=user, account=app.account, role="administrator", by="tests")
    client.force_login(user)


def form(app, **settings):
    return {
        "app": app.pk,
        "platform": "web",
        "provider": "webpush",
        "contact": CONTACT,
        **settings,
    }


def test_administrator_gets_a_pair_by_saving_and_sees_its_public_key(client, app, administrator):
    response = client.post(reverse("admin:push_pushcredential_add"), form(app))

    credential = PushCredential.objects.get()
    page = client.get(reverse("admin:push_pushcredential_change", args=[credential.pk]))
    assert response.status_code == 302
    assert application_server_key(credential).encode() in page.content
    assert provider_settings(credential).vapid_private_key.encode() not in page.content


def test_new_contact_keeps_the_pair(client, app, administrator):
    first = make(app)
    url = reverse("admin:push_pushcredential_change", args=[first.pk])

    client.post(url, form(app, contact="https://brand.example/push"))

    credential = PushCredential.objects.get()
    assert provider_settings(credential).contact == "https://brand.example/push"
    assert application_server_key(credential) == application_server_key(first)


def test_brand_that_moves_brings_its_own_pair(client, app, administrator):
    make(app)

    client.post(reverse("admin:push_pushcredential_add"), form(app, vapid_private_key=PRIVATE_KEY))

    assert application_server_key(PushCredential.objects.get()) == PUBLIC_KEY


@pytest.mark.parametrize(
    ("name", "value"), [("contact", "push@localhost"), ("vapid_private_key", PUBLIC_KEY)]
)
def test_wrong_setting_is_said_beside_its_field(client, app, administrator, name, value):
    response = client.post(reverse("admin:push_pushcredential_add"), form(app, **{name: value}))

    assert list(response.context["adminform"].form.errors) == [name]
    assert not PushCredential.objects.exists()


def test_web_push_reaches_browsers_alone(client, app, administrator):
    response = client.post(reverse("admin:push_pushcredential_add"), form(app, platform="ios"))

    assert "does not reach" in str(response.context["adminform"].form.errors)
    assert not PushCredential.objects.exists()


def test_administrator_replaces_a_pair_by_an_action(client, app, administrator):
    credential = make(app)
    first = application_server_key(credential)
    of_phones = PushCredentialFactory(app=app)

    client.post(
        reverse("admin:push_pushcredential_changelist"),
        {
            "action": "replace_vapid_keys",
            "_selected_action": [credential.pk, of_phones.pk],
        },
    )

    again = PushCredential.objects.get(provider="webpush")
    assert application_server_key(again) != first
    assert provider_settings(again).contact == CONTACT
    assert AuditEvent.objects.filter(verb="push_credential_saved").count() == 3
