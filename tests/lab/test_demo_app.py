"""The demo brand's own app, and who may open it."""

from io import StringIO

import jwt
import pytest
from django.core.management import call_command

from accounts.models import Account, App, Role
from consumers.models import IdentityProvider
from lab import brand
from push.models import ProviderKind, PushCredential
from tests.factories.accounts import UserFactory, member

PATHS = ("/demo/", "/demo/sw.js")


@pytest.fixture
def account(db):
    call_command("load_demo", stdout=StringIO())
    return Account.objects.get(number=brand.NUMBER)


def test_the_demo_brand_has_an_app_that_real_browsers_subscribe_to(account, settings):
    app = App.objects.get(bundle_id=brand.DEMO_APP)
    credential = PushCredential.objects.get(app=app)

    assert (app.origins, app.platforms) == ([brand.origin()], ["web"])
    assert (credential.provider, credential.settings["contact"]) == (
        ProviderKind.WEBPUSH,
        brand.CONTACT,
    )
    assert all(brand.DEMO_APP in one.app_names for one in account.handoffs.all())


def test_signing_in_hands_over_a_token_of_the_brands_identity_provider(client, account):
    answer = client.post("/demo/sign-in/", {"person": "mei"})

    provider = IdentityProvider.objects.get(account=account)
    claims = jwt.decode(answer.json()["token"], provider.public_key, ["ES256"], issuer=brand.ISSUER)
    assert claims["sub"] == "mei"


def test_nobody_signs_in_as_somebody_who_is_not_of_the_demo(client, account):
    answer = client.post("/demo/sign-in/", {"person": "astrid"})

    assert (answer.status_code, answer.json()["detail"]) == (400, "There is no such person.")


def test_the_worker_is_one_line_and_serves_the_folder_of_the_app(client, account):
    answer = client.get("/demo/sw.js")

    assert answer.content == b'importScripts("/sdk/v1/sw.js");\n'
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_a_brand_that_was_made_before_the_app_says_so(client, account):
    App.objects.filter(bundle_id=brand.DEMO_APP).update(bundle_id="com.larkfield.other")

    page = client.get("/demo/").content.decode()

    assert "This brand was made before it had this app." in page
    assert '<select id="person"' not in page


def test_the_demo_app_is_not_there_when_the_lab_is_off(client, account, settings):
    settings.LAB = "off"

    assert [client.get(path).status_code for path in PATHS] == [404, 404]
    assert client.post("/demo/sign-in/", {"person": "mei"}).status_code == 404


def test_the_demo_app_of_members_is_for_those_who_see_the_campaigns(client, account, settings):
    settings.LAB = "members"
    assert client.get("/demo/").headers["Location"] == "/sign-in/?next=/demo/"
    statuses = {}
    for name, person in (
        ("manager", member(Role.CAMPAIGN_MANAGER, account)),
        ("agent", member(Role.AGENT, account)),
        ("stranger", UserFactory()),
    ):
        client.force_login(person)
        statuses[name] = [client.get(path).status_code for path in PATHS]

    assert statuses == {"manager": [200, 200], "agent": [403, 403], "stranger": [404, 404]}
