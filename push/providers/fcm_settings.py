"""What a brand sets for FCM: the service account of its Firebase project."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from push.providers.base import SettingInvalid
from push.providers.setting_values import Settings, refuse_unknown
from push.providers.site import Site

NAME = "service_account"
LONGEST_FILE = 20_000
FEWEST_BITS = 2048
# It stands in the path of each request. Old ones have a domain in front: "example.com:project".
PROJECT_ID = re.compile(r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+:)?[a-z][a-z0-9-]{2,60}[a-z0-9]")
CLIENT_EMAIL = re.compile(r"[a-z0-9._-]{1,100}@[a-z0-9.-]{1,100}\.gserviceaccount\.com")
KEY_ID = re.compile(r"[A-Za-z0-9._-]{0,100}")
UNIVERSE = "googleapis.com"


@dataclass(frozen=True, slots=True)
class FcmSettings:
    """A key of a service account. Of its file nothing else is used, least of all `token_uri`: where
    tokens are asked for is not a brand's to say."""

    project_id: str
    client_email: str
    private_key: str = field(repr=False)
    private_key_id: str = ""

    def validate(self) -> None:
        """:raises SettingInvalid: (a ValueError) for the first setting that cannot be used."""
        if not PROJECT_ID.fullmatch(self.project_id):
            raise SettingInvalid(NAME, "Its project_id is missing, or is no project's id.")
        if not CLIENT_EMAIL.fullmatch(self.client_email):
            raise SettingInvalid(NAME, "Its client_email is missing, or is no service account's.")
        if not KEY_ID.fullmatch(self.private_key_id):
            raise SettingInvalid(NAME, "Its private_key_id is not one of Google's.")
        self._check_key()

    def _check_key(self) -> None:
        try:
            key = load_pem_private_key(self.private_key.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise SettingInvalid(NAME, "Its private_key is missing, or is no RSA key in PEM.")
        if key.key_size < FEWEST_BITS:
            raise SettingInvalid(NAME, "Its private_key must have 2,048 bits or more.")


def read_fcm_settings(settings: Settings, site: Site) -> FcmSettings:
    """From `service_account`: the JSON file that Google gives, as an object or as its text.

    :raises SettingInvalid: for the first setting that cannot be used.
    """
    refuse_unknown(settings, (NAME,))
    file = _read_file(settings.get(NAME))
    made = FcmSettings(
        project_id=_text(file, "project_id"),
        client_email=_text(file, "client_email"),
        private_key=_text(file, "private_key"),
        private_key_id=_text(file, "private_key_id"),
    )
    made.validate()
    return made


def _read_file(given: Any) -> Mapping[str, Any]:
    if isinstance(given, str):
        given = _load(given)
    if not isinstance(given, Mapping) or not given:
        raise SettingInvalid(
            NAME, "The JSON file of a service account's key is needed, the whole of it."
        )
    if "project_info" in given:
        raise SettingInvalid(
            NAME,
            "This is the app's google-services.json. The key of a service account is meant: in the"
            " Firebase console under project settings, service accounts.",
        )
    if given.get("type") != NAME:
        raise SettingInvalid(NAME, "Its type must be service_account.")
    if given.get("universe_domain", UNIVERSE) != UNIVERSE:
        raise SettingInvalid(NAME, "Its universe_domain must be googleapis.com.")
    return given


def _load(text: str) -> Any:
    try:
        return orjson.loads(text) if len(text) <= LONGEST_FILE else None
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None


def _text(file: Mapping[str, Any], name: str) -> str:
    value = file.get(name, "")
    return value if isinstance(value, str) else ""
