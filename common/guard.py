"""Which addresses a request may go to: the public internet and what the operator allows."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

HTTPS_PORTS = (443, 8443)
HTTP_PORTS = (80, 8080)
DEFAULT_PORTS = {"https": HTTPS_PORTS[0], "http": HTTP_PORTS[0]}
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")

# Python's is_private and is_global differ between releases, so the list is ours. From IANA's
# registries of special-purpose addresses, and one cloud's host agent.
CLOSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
OPEN_V6 = IPv6Network("2000::/3")
CLOSED_V6 = tuple(
    IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")
)
NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefused(ValueError):
    """The URL or the address behind it is not one that requests may go to."""


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """`allowed_networks` are the operator's exceptions, such as "10.1.0.0/16" or "127.0.0.1": there
    each port is open, elsewhere only `ports`. `hosts`, where given, are the only ones: names, and
    "*.example.com" for all below it."""

    allowed_networks: tuple[str, ...] = ()
    allow_http: bool = False
    ports: tuple[int, ...] = HTTPS_PORTS
    hosts: tuple[str, ...] | None = None

    def check_url(self, url: str) -> None:
        """Refuse what the URL alone gives away; the address is checked when it is connected.

        :raises AddressRefused: saying why.
        """
        refusal = _find_refusal(url, self.allow_http, self.hosts)
        if refusal:
            raise AddressRefused(refusal)

    def check_setting(self, url: str) -> None:
        """Refuse all that can be seen when a brand saves the URL: its port too, and an address in
        place of a name.

        :raises AddressRefused: saying why.
        """
        self.check_url(url)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
        if not self.is_usual(port) and not self.allowed_networks:
            raise AddressRefused("The port must be 443 or 8443.")
        if _is_literal(host) and not self.is_allowed(host, port):
            raise AddressRefused("The address is not one that requests may go to.")

    def is_allowed(self, address: str, port: int) -> bool:
        """Decide for an address about to be connected: the operator's are open on each port."""
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        inner = _embedded(parsed) or parsed
        if any(inner in network or parsed in network for network in _parse(self.allowed_networks)):
            return True
        return self.is_usual(port) and is_public(parsed)

    def is_usual(self, port: int) -> bool:
        return port in self.ports or (self.allow_http and port in HTTP_PORTS)


def is_listed(host: str, hosts: Collection[str]) -> bool:
    """A host in any other spelling (with a last dot, or escaped) might be read as another one."""
    return HOST.fullmatch(host) is not None and any(
        host == listed or (listed.startswith("*.") and host.endswith(listed[1:]))
        for listed in hosts
    )


@lru_cache(maxsize=1024)
def _find_refusal(url: str, allow_http: bool, hosts: tuple[str, ...] | None) -> str:
    """What is wrong with the URL, empty for nothing. Kept, as most calls go where the last went."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "The URL has characters that do not belong there."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "The URL cannot be read."
    if parts.scheme not in (("https", "http") if allow_http else ("https",)):
        return "The URL must begin with https://."
    if "@" in parts.netloc:
        return "The URL must not carry a user name or password."
    if not host or port == 0:
        return "The URL has no host."
    if hosts is not None and not is_listed(host, hosts):
        return "The URL's host is not one of those that may be called."
    return ""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in CLOSED_V4)
    embedded = _embedded(address)
    if embedded is not None:
        return is_public(embedded)
    return address in OPEN_V6 and not any(address in network for network in CLOSED_V6)


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a mapped, translated (NAT64) or tunnelled (6to4) one leads to."""
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


@lru_cache(maxsize=256)
def _parse(networks: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """:raises ValueError: for a network that is none; settings are checked when they are saved."""
    return tuple(ip_network(network) for network in networks)
