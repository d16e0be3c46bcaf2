import socket
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from common.guard import AddressGuard, AddressRefused
from common.transport import Call, Sent, Timeouts, fetch

LOCAL_SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "2130706433",
    "0.0.0.0",
    "0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
]

CLOSED_ADDRESSES = [
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:a9fe:a9fe::",
    "2002:c0a8:1::1",
    "3fff::1",
    "5f00::1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "not an address",
]

PUBLIC_ADDRESSES = [
    "1.1.1.1",
    "17.188.143.1",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "198.20.0.1",
    "223.255.255.254",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "2002:808:808::1",
    "64:ff9b::8.8.8.8",
    "::ffff:8.8.8.8",
]

REFUSED_URLS = [
    "http://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_PING",
    "example.com",
    "",
    "https://",
    "https:///path",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://example.com@127.0.0.1/",
    "https://@example.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/a b",
    "https://example.com/\r\nHost: inside",
    "https://example.com/\x00",
    "https://exämple.com/",
    "https://example.com:0/",
    "https://example.com:99999/",
    "https://example.com:x/",
    "https://[::1/",
]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Listens on every local address of both families, and never accepts by itself."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listening:
        listening.setblocking(False)
        yield listening


def count_connects(listening: socket.socket) -> int:
    connects = 0
    while True:
        try:
            connection, _ = listening.accept()
        except BlockingIOError:
            return connects
        connection.close()
        connects += 1


def make_call(url: str, guard: AddressGuard) -> Call[str]:
    return Call("tag", "key", "GET", url, timeouts=Timeouts(0.5, 0.5), guard=guard)


@pytest.mark.parametrize("host", LOCAL_SPELLINGS)
def test_local_address_is_never_connected_however_it_is_spelt(
    listener: socket.socket, host: str
) -> None:
    port = listener.getsockname()[1]

    answer = fetch(make_call(f"https://{host}:{port}/", AddressGuard(ports=(port,))))

    assert answer.sent is Sent.NOT_SENT
    assert answer.is_address_refused
    assert count_connects(listener) == 0


@pytest.mark.parametrize(
    ("host", "network"),
    [("127.0.0.1", "127.0.0.0/8"), ("localhost", "127.0.0.1"), ("[::1]", "::1")],
)
def test_address_on_the_operators_allowlist_is_connected(
    listener: socket.socket, host: str, network: str
) -> None:
    port = listener.getsockname()[1]

    answer = fetch(make_call(f"https://{host}:{port}/", AddressGuard((network,))))

    assert not answer.is_address_refused
    assert count_connects(listener) == 1


@pytest.mark.parametrize("address", CLOSED_ADDRESSES)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    assert not AddressGuard().is_allowed(address, 443)


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_public_address_is_open_on_the_https_ports_only(address: str) -> None:
    allowed = [
        port for port in (22, 80, 443, 6379, 8443) if AddressGuard().is_allowed(address, port)
    ]

    assert allowed == [443, 8443]


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [("10.1.2.3", True), ("10.2.0.1", False), ("::ffff:10.1.2.3", True), ("127.0.0.1", False)],
)
def test_allowlist_opens_its_networks_on_each_port(address: str, is_allowed: bool) -> None:
    guard = AddressGuard(("10.1.0.0/16", "fd00::/8"))

    assert guard.is_allowed(address, 9000) is is_allowed


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_url_that_gives_itself_away_is_refused_before_any_look_up(url: str) -> None:
    answer = fetch(make_call(url, AddressGuard()))

    assert answer.is_address_refused
    with pytest.raises(AddressRefused):
        AddressGuard().check_url(url)


def test_plain_http_is_open_only_where_the_operator_allows_it() -> None:
    AddressGuard(allow_http=True).check_url("http://example.com/push")

    with pytest.raises(AddressRefused, match="https://"):
        AddressGuard().check_url("http://example.com/push")


@pytest.mark.parametrize(
    ("host", "is_listed"),
    [
        ("push.example.com", True),
        ("PUSH.example.com", True),
        ("a.example.org", True),
        ("a.b.example.org", True),
        ("example.org", False),
        ("evilexample.org", False),
        ("a..example.org", False),
        (".example.org", False),
        ("a%2f.example.org", False),
        ("a_b.example.org", False),
        ("push.example.com.", False),
        ("push.example.com.example.net", False),
        ("sub.push.example.com", False),
    ],
)
def test_where_hosts_are_listed_no_other_is_called(host: str, is_listed: bool) -> None:
    guard = AddressGuard(hosts=("push.example.com", "*.example.org"))

    with nullcontext() if is_listed else pytest.raises(AddressRefused):
        guard.check_url(f"https://{host}/")


def test_empty_list_of_hosts_leaves_none() -> None:
    with pytest.raises(AddressRefused):
        AddressGuard(hosts=()).check_url("https://push.example.com/")
