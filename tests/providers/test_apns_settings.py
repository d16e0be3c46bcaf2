"""D1: what an administrator may set for APNs, checked at once."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from push.providers.apns_settings import ApnsSettings, read_apns_settings
from push.providers.base import SettingInvalid
from push.providers.site import Site
from tests.providers.apns_keys import make_credential
from tests.providers.certificates import make_certificate

GOOD = make_credential()
P256 = ec.generate_private_key(ec.SECP256R1())


def pem(key: Any, encryption: Any = None) -> str:
    given = (Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return key.private_bytes(*given).decode()


PUBLIC = P256.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"topic": ""},
        {"topic": "com.Brand-1.app"},
        {"environment": "sandbox"},
        {"environment": "production"},
        {"environment": ""},
        {"private_key": GOOD["private_key"].replace("\n", "\r\n")},
        {"private_key": f"\n  {GOOD['private_key']}\n"},
    ],
)
def test_settings_that_apple_gives_are_taken(changes: dict[str, str]) -> None:
    made = read_apns_settings(GOOD | changes, Site())

    assert made.environment == (changes.get("environment") or "production")
    assert made.topic == changes.get("topic", "com.larkfield.app")


def test_topic_and_environment_may_be_left_out() -> None:
    needed = {name: GOOD[name] for name in ("team_id", "key_id", "private_key")}

    assert read_apns_settings(needed, Site()) == ApnsSettings(**needed)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("team_id", {"team_id": ""}),
        ("team_id", {"team_id": "DEF123GHI"}),
        ("team_id", {"team_id": "DEF123GHIJK"}),
        ("team_id", {"team_id": "def123ghij"}),
        ("team_id", {"team_id": "DEF123GHI\n"}),
        ("team_id", {"team_id": "DEF123GHIÉ"}),
        ("team_id", {"team_id": 1234567890}),
        ("key_id", {"key_id": ""}),
        ("key_id", {"key_id": "AuthKey_ABC123DEFG.p8"}),
        ("private_key", {"private_key": ""}),
        ("private_key", {"private_key": "AuthKey_ABC123DEFG.p8"}),
        ("private_key", {"private_key": PUBLIC}),
        ("private_key", {"private_key": make_certificate("x").cert_pem}),
        ("private_key", {"private_key": pem(ec.generate_private_key(ec.SECP384R1()))}),
        ("private_key", {"private_key": pem(rsa.generate_private_key(65537, 2048))}),
        ("private_key", {"private_key": pem(P256, BestAvailableEncryption(b"secret"))}),
        ("private_key", {"private_key": GOOD["private_key"][:120]}),
        ("private_key", {"private_key": GOOD["private_key"].replace("PRIVATE", "PRIVATE\ud800")}),
        ("topic", {"topic": "com.brand_app"}),
        ("topic", {"topic": "com.brand.app\r\nx: y"}),
        ("topic", {"topic": "a" * 156}),
        ("environment", {"environment": "development"}),
        ("certificate", {"certificate": "x"}),
    ],
)
def test_setting_that_cannot_be_used_is_named(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SettingInvalid) as caught:
        read_apns_settings(GOOD | changes, Site())

    assert caught.value.field == field
    assert "PRIVATE" not in str(caught.value)
