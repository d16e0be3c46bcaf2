"""S5: no URL of a brand leads inside, as those see who would be connected."""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from common.guard import AddressGuard, AddressRefused
from tests.common.one_machine_world import PUBLIC, RESOLVER_SECONDS
from tests.common.test_guard import PUBLIC_ADDRESSES
from tests.needs import leave_out

NAMESPACES = ("unshare", "--map-root-user", "--net", "--mount")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each attempt, by kind of attempt."""
    folder = tmp_path_factory.mktemp("world")
    if not _can_make_namespaces():
        leave_out("NO NAMESPACES: who is connected for which URL is not tested.")
    world = (*NAMESPACES, sys.executable, "-m", "tests.common.one_machine_world", str(folder))
    done = subprocess.run(world, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    kinds: dict[str, Any] = json.loads(done.stdout)
    return kinds


def _can_make_namespaces() -> bool:
    if not (shutil.which("unshare") and shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin")):
        return False
    return subprocess.run([*NAMESPACES, "true"], capture_output=True).returncode == 0


def connects(attempts: list[dict[str, Any]]) -> list[list[str]]:
    return [attempt["connected"] for attempt in attempts]


def test_none_of_60_urls_that_lead_inside_is_connected(told: dict[str, Any]) -> None:
    """G11"""
    closed = told["closed"]

    assert len(closed) >= 60
    assert connects(closed) == [[]] * len(closed)
    assert [one["url"] for one in closed if not one["is_refused"]] == []


# To many at once, or of one link.
UNREACHED = ("224.0.0.1", "239.255.255.250", "255.255.255.255", "[fe80::1]", "[fe80::1%eth0]")
UNREACHED += ("[ff02::1]",)


def test_without_the_guard_those_urls_are_connected(told: dict[str, Any]) -> None:
    """So the test above can fail."""
    reached = {one["url"] for one in told["unguarded"] if one["connected"]}

    assert reached >= {one["url"] for one in told["closed"]} - {
        f"https://{host}/" for host in UNREACHED
    }
    assert {"https://2130706433/", "https://169.254.169.254/", "https://[::]/"} <= reached


def test_public_addresses_are_connected(told: dict[str, Any]) -> None:
    assert [len(seen) for seen in connects(told["public"])] == [1] * len(PUBLIC_ADDRESSES)


def test_public_address_is_connected_on_the_https_ports_alone(told: dict[str, Any]) -> None:
    assert [seen for seen in connects(told["ports"]) if seen] == [
        [f"{PUBLIC} 443"],
        [f"{PUBLIC} 8443"],
    ]


@pytest.mark.parametrize("kind", ["rebound", "rebound6"])
def test_name_that_is_bound_anew_to_the_loopback_is_not_followed_there(
    told: dict[str, Any], kind: str
) -> None:
    """The answer is judged as it is connected, not when the URL was set."""
    first, second = told[kind]

    assert (first["connected"], first["is_refused"]) == ([f"{PUBLIC} 443"], False)
    assert (second["connected"], second["is_refused"]) == ([], True)


def test_of_a_names_addresses_only_the_public_one_is_connected(told: dict[str, Any]) -> None:
    [mixed] = told["mixed"]

    assert mixed["connected"] == [f"{PUBLIC} 443"]


def test_redirect_to_the_loopback_is_answered_and_not_followed(told: dict[str, Any]) -> None:
    redirected = told["redirected"]

    assert [one["status"] for one in redirected] == [301, 302, 303, 307, 308]
    assert connects(redirected) == [[f"{PUBLIC} 80"]] * 5


def test_single_call_does_not_outlast_its_time_while_a_name_is_looked_up(
    told: dict[str, Any],
) -> None:
    """D12: a brand's keys, or Google's tokens, for which others wait."""
    assert told["waited"] < RESOLVER_SECONDS / 2


@pytest.mark.parametrize(
    "host",
    [
        "127\u30020\u30020\u30021",
        "127\uff0e0\uff0e0\uff0e1",
        "127\uff610\uff610\uff611",
        "\u2460\u2461\u2466.0.0.1",
        "localhost\u3002",
        "loc\u00adalhost",
        "ⓛocalhost",
    ],
)
def test_host_in_other_letters_and_dots_than_ascii_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        AddressGuard().check_url(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/%0d%0aHost:%20inside",
        "https://example.com/\rX: y",
        "https://example.com\n.evil.example/",
        "https://exa\tmple.com/",
    ],
)
def test_line_ends_reach_no_request(url: str) -> None:
    """Escaped ones are a path like any other; the others are refused."""
    try:
        AddressGuard().check_url(url)
    except AddressRefused:
        assert not url.isprintable()
    else:
        assert url.isprintable()
