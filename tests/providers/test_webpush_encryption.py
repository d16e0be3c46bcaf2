"""RFC 8291, by its own example and by an implementation that is not ours."""

from os import urandom

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common import base64url
from push.providers.vapid import read_private_key
from push.providers.webpush_encryption import (
    LONGEST_BODY,
    LONGEST_PLAINTEXT,
    Receiver,
    encrypt,
    read_receiver,
    seal,
)

# Section 5 and appendix A.
PLAINTEXT = b"When I grow up, I want to be a watermelon"
UA_PUBLIC = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)
UA_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
AUTH_SECRET = "BTBZMqHH6r4Tts7J_aSIgg"
AS_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
    "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulc"
    "y4a-fN"
)


class Browser:
    def __init__(self) -> None:
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self.secret = urandom(16)
        point = self.private_key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self.p256dh, self.auth = base64url.encode(point), base64url.encode(self.secret)

    @property
    def receiver(self) -> Receiver:
        return read_receiver(self.p256dh, self.auth)

    def open(self, body: bytes) -> bytes:
        opened: bytes = http_ece.decrypt(
            body, private_key=self.private_key, auth_secret=self.secret, version="aes128gcm"
        )
        return opened


def test_example_of_the_rfc_is_made_byte_for_byte() -> None:
    receiver = read_receiver(UA_PUBLIC, AUTH_SECRET)

    body = seal(PLAINTEXT, receiver, read_private_key(AS_PRIVATE), base64url.decode(SALT))

    assert base64url.encode(body) == BODY


def test_example_of_the_rfc_is_what_our_browsers_open() -> None:
    """The tests' judge is itself judged."""
    browser = Browser()
    browser.private_key = read_private_key(UA_PRIVATE)
    browser.secret = base64url.decode(AUTH_SECRET)

    assert browser.open(base64url.decode(BODY)) == PLAINTEXT


@pytest.mark.parametrize("size", [0, 1, 100, 3992, 3993])
def test_message_is_opened_by_another_implementation(size: int) -> None:
    browser, plaintext = Browser(), urandom(size)

    body = encrypt(plaintext, browser.receiver)

    assert browser.open(body) == plaintext
    assert len(body) == size + 103


def test_longest_plaintext_fills_the_body_that_each_service_takes() -> None:
    body = encrypt(b"x" * LONGEST_PLAINTEXT, Browser().receiver)

    assert (LONGEST_PLAINTEXT, len(body)) == (3993, LONGEST_BODY)


def test_no_two_messages_share_key_or_salt() -> None:
    receiver = Browser().receiver

    bodies = [encrypt(PLAINTEXT, receiver) for _ in range(50)]

    assert len({body[:16] for body in bodies}) == 50
    assert len({body[21:86] for body in bodies}) == 50


def test_no_other_browser_can_open_it() -> None:
    body = encrypt(PLAINTEXT, Browser().receiver)

    with pytest.raises(http_ece.ECEException):
        Browser().open(body)


GOOD = Browser()
COMPRESSED = GOOD.private_key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", GOOD.auth),
        (GOOD.p256dh[:-4], GOOD.auth),
        (GOOD.p256dh + "AAAA", GOOD.auth),
        (base64url.encode(COMPRESSED), GOOD.auth),
        (base64url.encode(b"\x04" + b"\x01" * 64), GOOD.auth),
        (base64url.encode(b"\x00" * 65), GOOD.auth),
        ("é" * 87, GOOD.auth),
        ("not base64url!", GOOD.auth),
        (GOOD.p256dh, ""),
        (GOOD.p256dh, base64url.encode(b"x" * 15)),
        (GOOD.p256dh, base64url.encode(b"x" * 17)),
        (GOOD.p256dh, "A"),
    ],
    # The keys are new in each process.
    ids=range(12),
)
def test_keys_that_are_none_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(ValueError, match="."):
        read_receiver(p256dh, auth)


def test_keys_are_read_with_padding_too() -> None:
    padded = read_receiver(GOOD.p256dh + "=", GOOD.auth + "==")

    assert padded.point == GOOD.receiver.point
    assert padded.secret == GOOD.secret
