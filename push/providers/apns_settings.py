"""What a brand sets for APNs: a key of its developer team, and for which app and environment."""

import re
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from push.providers.base import SettingInvalid
from push.providers.setting_values import Settings, refuse_unknown, text
from push.providers.site import Site

NAMES = ("team_id", "key_id", "private_key", "topic", "environment")
PRODUCTION, SANDBOX = "production", "sandbox"
APPLES_ID = re.compile(r"[A-Z0-9]{10}")
TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,154}")
LONGEST_KEY = 5000


@dataclass(frozen=True, slots=True)
class ApnsSettings:
    """`private_key` is the text of Apple's .p8 file. `topic` is the bundle id by which Apple knows
    the app, the app's own where it is empty; `environment` is that of devices that tell none."""

    team_id: str
    key_id: str
    private_key: str = field(repr=False)
    topic: str = ""
    environment: str = PRODUCTION

    def validate(self) -> None:
        """:raises SettingInvalid: (a ValueError) for the first setting that cannot be used."""
        if not APPLES_ID.fullmatch(self.team_id):
            raise SettingInvalid("team_id", "It is 10 capital letters and digits, as DEF123GHIJ.")
        if not APPLES_ID.fullmatch(self.key_id):
            raise SettingInvalid("key_id", "It is 10 capital letters and digits, as ABC123DEFG.")
        if "PRIVATE KEY" not in self.private_key:
            raise SettingInvalid("private_key", "The text of the .p8 file is needed, all of it.")
        try:
            read_signing_key(self.private_key)
        except ValueError as error:
            raise SettingInvalid("private_key", str(error)) from None
        if self.topic and not TOPIC.fullmatch(self.topic):
            raise SettingInvalid("topic", "It is a bundle id, as com.brand.app.")
        if self.environment not in (PRODUCTION, SANDBOX):
            raise SettingInvalid("environment", "It is production or sandbox.")


def read_signing_key(pem: str) -> EllipticCurvePrivateKey:
    """:raises ValueError: it is none."""
    try:
        key = load_pem_private_key(pem[:LONGEST_KEY].encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("It is no private key in PEM without a pass phrase.") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("It is no key of Apple's, which are of the curve P-256.")
    return key


def read_apns_settings(settings: Settings, site: Site) -> ApnsSettings:
    """:raises SettingInvalid: for the first setting that cannot be used."""
    refuse_unknown(settings, NAMES)
    given = {name: text(settings, name) for name in NAMES}
    made = ApnsSettings(**given | {"environment": given["environment"] or PRODUCTION})
    made.validate()
    return made
