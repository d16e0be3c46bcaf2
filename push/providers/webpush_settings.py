"""What a brand sets for Web Push: its key pair, and whom push services may write to."""

import re
from dataclasses import dataclass, field

from push.providers.base import SettingInvalid
from push.providers.setting_values import Settings, refuse_unknown, text
from push.providers.site import Site
from push.providers.vapid import read_private_key

NAMES = ("vapid_private_key", "contact")
LONGEST_CONTACT = 255
CONTACT = re.compile(
    r"(?:mailto:[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@|https://)"
    r"(?P<host>(?:[A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]+)(?::\d+)?(?:/[!-~]*)?"
)
# Domains that nobody can be reached at (RFC 6761): Apple refuses every push with such a contact.
NOWHERE = (".local", ".localhost", ".localdomain", ".invalid", ".test", ".internal")


@dataclass(frozen=True, slots=True)
class WebPushSettings:
    """`vapid_private_key` is in base64url; `contact` is a mailto: or https: URL."""

    vapid_private_key: str = field(repr=False)
    contact: str

    def validate(self) -> None:
        """:raises SettingInvalid: (a ValueError) for the first setting that cannot be used."""
        self._check_key()
        self._check_contact()

    def _check_key(self) -> None:
        try:
            read_private_key(self.vapid_private_key)
        except ValueError:
            raise SettingInvalid(
                "vapid_private_key", "It is no P-256 private key: 32 bytes in base64url."
            ) from None

    def _check_contact(self) -> None:
        found = CONTACT.fullmatch(self.contact)
        if found is None or len(self.contact) > LONGEST_CONTACT:
            raise SettingInvalid(
                "contact", "It must be like mailto:push@example.com or https://example.com/push."
            )
        if found["host"].lower().endswith(NOWHERE):
            raise SettingInvalid("contact", "Push services must be able to reach it.")


def read_web_push_settings(settings: Settings, site: Site) -> WebPushSettings:
    """:raises SettingInvalid: for the first setting that cannot be used."""
    refuse_unknown(settings, NAMES)
    made = WebPushSettings(**{name: text(settings, name) for name in NAMES})
    made.validate()
    return made
