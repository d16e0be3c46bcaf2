from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from push.providers.base import SettingInvalid
from push.providers.fcm_settings import read_fcm_settings
from push.providers.site import Site
from tests.providers.fcm_accounts import make_file

FILE: dict[str, Any] = make_file()


def pem(key: Any, encryption: KeySerializationEncryption | None = None) -> str:
    form = (Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return str(key.private_bytes(*form).decode())


def read(given: Any) -> Any:
    return read_fcm_settings({"service_account": given}, Site())


@pytest.mark.parametrize(
    "given", [FILE, orjson.dumps(FILE).decode(), f"\n{orjson.dumps(FILE).decode()}\n"]
)
def test_service_account_is_the_file_that_google_gives_or_its_text(given: Any) -> None:
    made = read(given)

    assert (made.project_id, made.client_email) == (FILE["project_id"], FILE["client_email"])
    assert (made.private_key, made.private_key_id) == (FILE["private_key"], FILE["private_key_id"])


@pytest.mark.parametrize(
    "changes",
    [
        {"project_id": "example.com:larkfield-app"},
        {"client_email": "104857600000-compute@developer.gserviceaccount.com"},
        {"client_email": "push@larkfield-app.example.com.iam.gserviceaccount.com"},
        {"private_key_id": ""},
        {"something_new": [1, {"a": None}]},
    ],
)
def test_other_forms_of_googles_are_taken(changes: dict[str, Any]) -> None:
    read(FILE | changes)


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        {},
        [],
        7,
        "not JSON",
        "[]",
        '"service_account"',
        '{"type": "service_account"',
        '{"type": "\ud800"}',
        orjson.dumps(FILE | {"more": "x" * 20_000}).decode(),
    ],
)
def test_what_is_no_file_at_all_is_refused(given: Any) -> None:
    with pytest.raises(SettingInvalid, match="The JSON file of a service account's key is needed"):
        read(given)


EC = pem(ec.generate_private_key(ec.SECP256R1()))
WEAK = pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))
LOCKED = pem(
    rsa.generate_private_key(public_exponent=65537, key_size=2048), BestAvailableEncryption(b"x")
)


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("google-services.json", {"project_info": {"project_id": "larkfield-app"}}),
        ("Its type must be", {"type": "authorized_user"}),
        ("Its type must be", {"type": None}),
        ("universe_domain", {"universe_domain": "example.com"}),
        ("project_id", {"project_id": ""}),
        ("project_id", {"project_id": 48213907}),
        ("project_id", {"project_id": "Larkfield"}),
        ("project_id", {"project_id": "a/../b"}),
        ("project_id", {"project_id": "larkfield-app\n"}),
        ("project_id", {"project_id": "larkfield-app?x="}),
        ("client_email", {"client_email": ""}),
        ("client_email", {"client_email": "push@larkfield.example"}),
        ("client_email", {"client_email": "push@gserviceaccount.com.example"}),
        ("client_email", {"client_email": "a b@x.iam.gserviceaccount.com"}),
        ("private_key_id", {"private_key_id": "a\nb"}),
        ("private_key is missing", {"private_key": ""}),
        ("private_key is missing", {"private_key": None}),
        ("private_key is missing", {"private_key": "junk"}),
        ("private_key is missing", {"private_key": FILE["private_key"][:900]}),
        ("private_key is missing", {"private_key": EC}),
        ("private_key is missing", {"private_key": LOCKED}),
        ("private_key must have 2,048 bits", {"private_key": WEAK}),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_the_key_is_not(
    words: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(SettingInvalid, match=words) as caught:
        read(FILE | changes)

    assert caught.value.field == "service_account"
    assert FILE["private_key"][40:80] not in caught.value.message


@pytest.mark.parametrize("name", ["token_uri", "project_id", "url", "fcm_url"])
def test_where_google_is_called_is_no_setting_of_a_brand(name: str) -> None:
    """S5."""
    with pytest.raises(SettingInvalid) as caught:
        read_fcm_settings({"service_account": FILE, name: "https://127.0.0.1/"}, Site())

    assert caught.value.field == name
