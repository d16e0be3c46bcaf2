"""The demo brand of a fresh installation, and what is printed of it."""

import json
import os
import re
import shutil
import subprocess
from io import StringIO
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Account, ApiClient, Skill, User
from accounts.permissions import permissions_on
from accounts.roles import PERMISSIONS
from accounts.services import rotate_secret
from campaigns.models import OutboundMessage
from consumers.models import Device
from handoffs.models import Handoff
from handoffs.placeholders import placeholders
from lab import brand
from lab.brand import Secrets
from lab.caller import Caller, consumer_token
from lab.instructions import campaign_command, token_command
from lab.services import send_to_all
from lab.story import StepFailed, Story
from push.models import LabPush
from tests.factories.lab import deliver_all
from tests.needs import leave_out

URL = "http://127.0.0.1:48000"
PASSWORD = "ab12-cd34-ef56-7890"
SECRET = "0123456789-a-secret-of-the-demo-client_0123"


@pytest.fixture(scope="module")
def idp_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def secrets(idp_key: str, monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """In the environment as the supervisor puts them there: a key has one line."""
    monkeypatch.setenv("DEMO_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("DEMO_PASSWORD", PASSWORD)
    monkeypatch.setenv("DEMO_IDP_PRIVATE_KEY", idp_key.replace("\n", "\\n"))
    monkeypatch.setenv("PROACTIVE_URL", URL)
    return Secrets.read()


@pytest.fixture
def account(db: None, secrets: Secrets) -> Account:
    call_command("load_demo", stdout=StringIO())
    return Account.objects.get(number=brand.NUMBER)


def everything_stored() -> dict[str, list[dict[str, Any]]]:
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models()
    }


def demo_info() -> str:
    said = StringIO()
    call_command("demo_info", stdout=said)
    return said.getvalue()


def test_loading_the_demo_brand_twice_changes_nothing(account: Account) -> None:
    before = everything_stored()

    call_command("load_demo", stdout=StringIO())

    assert everything_stored() == before
    assert {name: len(before[name]) for name in ("accounts.User", "accounts.App")} == {
        "accounts.User": 5,
        "accounts.App": 3,
    }


def test_what_people_edit_or_delete_in_the_demo_brand_stays(account: Account) -> None:
    Handoff.objects.filter(public_id=brand.PLAIN_HANDOFF).update(text="Ours", is_active=False)
    Skill.objects.filter(name=brand.BILLING).update(name="invoices")
    Device.objects.filter(consumer__ref="mei").delete()
    user = User.objects.get(email="agent@larkfield.example")
    user.set_password("a password of my own")
    user.save()
    before = everything_stored()

    call_command("load_demo", stdout=StringIO())

    assert everything_stored() == before


def test_demo_brand_that_was_deleted_comes_back_and_its_people_keep_their_passwords(
    account: Account,
) -> None:
    user = User.objects.get(email="admin@larkfield.example")
    user.set_password("a password of my own")
    user.save()
    Account.objects.update(default_skill=None)
    account.delete()

    call_command("load_demo", stdout=StringIO())

    again = Account.objects.get(number=brand.NUMBER)
    admin = User.objects.get(email="admin@larkfield.example")
    assert admin.check_password("a password of my own")
    assert permissions_on(admin, again) == PERMISSIONS["administrator"]


def test_demo_brand_names_the_variable_that_is_missing(
    db: None, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEMO_PASSWORD")

    with pytest.raises(CommandError, match=r"^DEMO_PASSWORD is not set\."):
        call_command("load_demo", stdout=StringIO())

    assert not Account.objects.exists()


def test_demo_brand_has_two_skills_and_a_default_one(account: Account) -> None:
    assert account.default_skill is not None
    assert account.default_skill.name == "support"
    assert sorted(account.skills.values_list("name", flat=True)) == ["billing", "sales", "support"]


def test_demo_brand_has_an_active_handoff_with_placeholders_and_one_without(
    account: Account,
) -> None:
    handoffs = Handoff.objects.live().filter(account=account, is_active=True).order_by("id")

    assert [(one.public_id, placeholders(one.text)) for one in handoffs] == [
        (brand.CARD_HANDOFF, [1]),
        ("H1234567890", []),
    ]


@pytest.mark.parametrize("person", brand.PEOPLE, ids=lambda person: person.mailbox)
def test_demo_brand_has_a_sign_in_for_each_role(
    account: Account, client: Client, person: brand.Person
) -> None:
    form = {"username": person.email, "password": PASSWORD}

    response = client.post("/sign-in/", form)

    user = User.objects.get(email=person.email)
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)
    assert user.is_superuser == (person.mailbox == "operator")
    if not user.is_superuser:
        assert permissions_on(user, account) == PERMISSIONS[person.role]


@pytest.mark.parametrize("mailbox", ["operator", "admin"])
def test_django_admin_is_open_to_operator_and_administrator_of_the_demo(
    account: Account, client: Client, mailbox: str
) -> None:
    client.force_login(User.objects.get(email=f"{mailbox}@larkfield.example"))

    assert client.get("/admin/").status_code == 200


def test_message_to_all_rings_on_every_phone_of_the_demo(account: Account) -> None:
    people = send_to_all(account=account, now=timezone.now())
    deliver_all()

    states = OutboundMessage.objects.values_list("state", flat=True)
    assert (people, list(states)) == (5, ["sent"] * 5)
    assert LabPush.objects.get(device_id=device_of("leila")).body.startswith("Hi ليلى, your new")


def device_of(ref: str) -> int:
    return Device.objects.get(consumer__ref=ref).pk


@pytest.mark.parametrize("phone", brand.PHONES, ids=lambda phone: phone.ref)
def test_identity_provider_of_the_demo_signs_its_consumers_in(
    account: Account, client: Client, secrets: Secrets, phone: brand.Phone
) -> None:
    token = consumer_token(phone.ref, secrets)
    headers = {"authorization": f"Bearer {token}"}

    response = client.get(f"/api/sdk/v1/account/{brand.NUMBER}/devices/", headers=headers)

    devices = response.json()["devices"]
    assert [(one["platform"], one["appName"]) for one in devices] == [(phone.platform, phone.app)]


def test_printed_instructions_hold_all_that_is_needed_within_100_columns(account: Account) -> None:
    said = demo_info()

    lines = said.strip().splitlines()
    assert max(len(line) for line in lines) <= 100
    assert [person.email for person in brand.PEOPLE if person.email not in said] == []
    assert [one for one in (PASSWORD, SECRET, brand.CLIENT_ID) if one not in said] == []
    assert lines[-1].startswith("Try this first: ")
    places = [line for line in lines if line.startswith("  http")]
    assert len({line.rstrip().rindex("  ") for line in places}) == 1


def test_printed_body_is_livepersons_sample(account: Account) -> None:
    body = re.search(r"-d '(\{.*\})'", demo_info(), re.DOTALL)

    assert body is not None
    assert json.loads(body[1]) == {
        "campaignName": "TestInappProactiveAPI",
        "skill": "sales",
        "templateId": "H1234567890",
        "consent": True,
        "consumers": [
            {
                "consumerContent": {"inapp": "user1"},
                "variables": {"1": "Hi user1, welcome to proactive messaging."},
            }
        ],
    }


def test_instructions_tell_which_passwords_and_secrets_are_no_longer_the_printed_ones(
    account: Account,
) -> None:
    user = User.objects.get(email="agent@larkfield.example")
    user.set_password("a password of my own")
    user.save()
    before = demo_info()

    for _ in range(2):
        rotate_secret(client=ApiClient.objects.get(), by="tests")
    after = demo_info()

    assert before.count("has a password of their own") == 1
    assert ("(no longer valid)" in before, "(no longer valid)" in after) == (False, True)


@pytest.fixture
def served(transactional_db: None, secrets: Secrets, live_server: Any) -> str:
    call_command("load_demo", stdout=StringIO())
    return str(live_server.url)


def test_printed_calls_can_be_pasted_into_a_shell(served: str, secrets: Secrets) -> None:
    if not shutil.which("curl"):
        leave_out("NO CURL: the printed calls are not tried.")
    script = f"{token_command(url=served, secrets=secrets)}\n\n{campaign_command()}\n"

    done = subprocess.run(
        ["sh"],
        input=script,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )

    accepted = json.loads(done.stdout)["acceptedConsumers"]
    assert [one["consumerContent"] for one in accepted] == [{"inapp": "user1"}]
    deliver_all()
    push = LabPush.objects.get(device_id=device_of("user1"))
    assert push.body == "Hi user1, welcome to proactive messaging."


def test_demo_says_what_was_expected_and_what_came_and_exits_1(
    served: str, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROACTIVE_URL", served)
    monkeypatch.setenv("DEMO_CLIENT_SECRET", "a secret that was never given out")
    said = StringIO()

    with pytest.raises(SystemExit) as stopped:
        call_command("demo", stdout=said)

    last = said.getvalue().splitlines()[-1]
    assert stopped.value.code == 1
    assert last.startswith("✗ Token")
    assert 'expected 200; got 401 {"error": "invalid_client"' in last


def test_demo_does_not_wait_for_ever_for_a_worker(served: str, secrets: Secrets) -> None:
    story = Story(Caller(served, secrets), patience=0.1)
    story.get_token()

    with pytest.raises(StepFailed, match=r"suppressed within 0\.1 s; got queued"):
        story.send_again()


def test_demo_names_the_address_that_does_not_answer(secrets: Secrets) -> None:
    (told,) = Story(Caller("http://127.0.0.1:9", secrets)).tell()

    assert not told.is_held
    assert told.came.startswith("no answer from http://127.0.0.1:9")
