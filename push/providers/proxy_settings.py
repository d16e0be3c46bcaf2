"""What a brand sets for its push proxy, and what it may set."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_network

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from common.guard import AddressGuard, AddressRefused
from common.signatures import SigningSecret
from push.providers.base import SettingInvalid
from push.providers.setting_values import Settings, pairs, refuse_unknown, text
from push.providers.site import Site

TEXTS = ("url", "username", "password", "client_cert_pem", "client_key_pem")
MOST_HEADERS = 4
HEADER_NAME = re.compile(r"[A-Za-z]{1,24}")
HEADER_VALUE = re.compile(r"[A-Za-z0-9\-_$&@.#*]{1,300}")
# Ours, or the connection's: HTTP/2 knows no Connection, and a second Host is another site.
TAKEN_NAMES = frozenset({"authorization", "connection", "expect", "host", "te", "trailer"})
TAKEN_NAMES |= {"upgrade", "cookie"}


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """`client_cert_pem` and `client_key_pem` are texts, `ca_file` a path that the operator gives;
    `allowed_networks` and `allow_http` are the operator's too, not the brand's. The `signing`
    secrets are ours, and told to the brand."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    client_cert_pem: str = field(default="", repr=False)
    client_key_pem: str = field(default="", repr=False)
    ca_file: str = ""
    allowed_networks: tuple[str, ...] = ()
    allow_http: bool = False
    signing: tuple[SigningSecret, ...] = ()

    def validate(self) -> None:
        """:raises SettingInvalid: (a ValueError) for the first setting that cannot be used."""
        self._check_networks()
        self._check_url()
        self._check_login()
        self._check_headers()
        self._check_certificate()

    def _check_networks(self) -> None:
        try:
            for network in self.allowed_networks:
                ip_network(network)
        except ValueError as error:
            raise SettingInvalid("allowed_networks", str(error)) from None

    def _check_url(self) -> None:
        guard = AddressGuard(self.allowed_networks, self.allow_http)
        try:
            guard.check_setting(self.url)
        except AddressRefused as refusal:
            raise SettingInvalid("url", str(refusal)) from None

    def _check_login(self) -> None:
        if ":" in self.username or not self.username.isprintable():
            raise SettingInvalid("username", "It must not hold a colon or a control character.")
        if not self.password.isprintable():
            raise SettingInvalid("password", "It must not hold a control character.")
        if self.password and not self.username:
            raise SettingInvalid("username", "A password needs a user name.")

    def _check_headers(self) -> None:
        if len(self.headers) > MOST_HEADERS:
            raise SettingInvalid("headers", f"At most {MOST_HEADERS} headers can be set.")
        names = [name.lower() for name, _ in self.headers]
        if len(set(names)) < len(names):
            raise SettingInvalid("headers", "Each name can be set once.")
        for name, value in self.headers:
            if not HEADER_NAME.fullmatch(name):
                raise SettingInvalid("headers", "A name is 1 to 24 letters.")
            if name.lower() in TAKEN_NAMES:
                raise SettingInvalid("headers", f"{name} cannot be set here.")
            if not HEADER_VALUE.fullmatch(value):
                raise SettingInvalid(
                    "headers", "A value is 1 to 300 letters, digits or - _ $ & @ . # *"
                )

    def _check_certificate(self) -> None:
        if not (self.client_cert_pem or self.client_key_pem):
            return
        try:
            certificate = load_pem_x509_certificate(self.client_cert_pem.encode())
        except ValueError:
            raise SettingInvalid("client_cert_pem", "It is no certificate in PEM.") from None
        try:
            key = load_pem_private_key(self.client_key_pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise SettingInvalid(
                "client_key_pem", "It is no private key in PEM without a pass phrase."
            ) from None
        if key.public_key() != certificate.public_key():
            raise SettingInvalid("client_key_pem", "It does not belong to the certificate.")


def read_proxy_settings(settings: Settings, site: Site) -> ProxySettings:
    """The brand says where and with which secrets; which networks are open is the operator's.

    :raises SettingInvalid: for the first setting that cannot be used.
    """
    refuse_unknown(settings, (*TEXTS, "headers"))
    made = ProxySettings(
        **{name: text(settings, name) for name in TEXTS},
        headers=pairs(settings, "headers"),
        ca_file=site.ca_file,
        allowed_networks=site.allowed_networks,
        allow_http=site.allow_http,
        signing=(),
    )
    made.validate()
    return made
