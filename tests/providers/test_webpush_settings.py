from typing import Any

import pytest

from push.providers.base import SettingInvalid
from push.providers.site import Site
from push.providers.vapid import new_private_key
from push.providers.webpush_settings import read_web_push_settings

PUBLIC_KEY = (
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
)
GOOD = {"vapid_private_key": new_private_key(), "contact": "mailto:push@larkfield.example"}


@pytest.mark.parametrize(
    "contact",
    [
        "mailto:push@example.com",
        "mailto:push+web@mail.example.co.uk",
        "https://example.com",
        "https://www.example.com:8443/push?a=b",
    ],
)
def test_contact_is_a_mail_address_or_a_page(contact: str) -> None:
    read_web_push_settings(GOOD | {"contact": contact}, Site())


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("contact", {"contact": ""}),
        ("contact", {"contact": "push@example.com"}),
        ("contact", {"contact": "mailto:push"}),
        ("contact", {"contact": "mailto: push@example.com"}),
        ("contact", {"contact": "mailto:push@localhost"}),
        ("contact", {"contact": "mailto:push@mail.local"}),
        ("contact", {"contact": "mailto:push@example.test"}),
        ("contact", {"contact": "mailto:push@127.0.0.1"}),
        ("contact", {"contact": "http://example.com"}),
        ("contact", {"contact": "https://localhost/push"}),
        ("contact", {"contact": "https://example.com/\r\nx"}),
        ("contact", {"contact": "mailto:push@éxample.com"}),
        ("contact", {"contact": f"https://example.com/{'x' * 250}"}),
        ("contact", {"contact": 7}),
        ("vapid_private_key", {"vapid_private_key": ""}),
        ("vapid_private_key", {"vapid_private_key": "A" * 43}),
        ("vapid_private_key", {"vapid_private_key": "_" * 42 + "8"}),
        ("vapid_private_key", {"vapid_private_key": "é" * 43}),
        ("vapid_private_key", {"vapid_private_key": PUBLIC_KEY}),
        ("vapid_private_key", {"vapid_private_key": 7}),
        ("public_key", {"public_key": PUBLIC_KEY}),
    ],
)
def test_setting_that_cannot_be_used_is_named(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SettingInvalid) as caught:
        read_web_push_settings(GOOD | changes, Site())

    assert caught.value.field == field
    assert GOOD["vapid_private_key"] not in str(caught.value)
