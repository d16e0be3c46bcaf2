"""C2: where a phone is, when its app does not say."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from consumers.models import Device
from consumers.places import check_geoip_file

ROOT = Path(__file__).resolve().parents[2]
MALMO = {"country": {"iso_code": "SE"}, "city": {"names": {"en": "Malmö", "de": "Malmö"}}}
OSLO = {"country": {"iso_code": "NO"}, "city": {"names": {"en": "Oslo"}}}
SWEDISH, NORWEGIAN, UNLISTED = "81.2.69.160", "2a02:cf40::1", "203.0.113.9"


def write_database(path, networks):
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-City")
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return str(path)


@pytest.fixture
def geoip(settings, tmp_path):
    """Switches a GeoIP file on: a Swedish network and a Norwegian one, unless told otherwise."""

    def switch_on(networks=None):
        networks = networks or {"81.2.69.0/24": MALMO, "2a02:cf40::/29": OSLO}
        settings.GEOIP_FILE = write_database(tmp_path / "places.mmdb", networks)

    return switch_on


@pytest.fixture
def proxy(settings):
    """A proxy in front that tells where a call came from, in Cloudflare's words."""
    settings.GEO_COUNTRY_HEADER = "CF-IPCountry"
    settings.GEO_CITY_HEADER = "CF-IPCity"


def as_on_the_wire(text):
    """What WSGI makes of a header's UTF-8."""
    return text.encode().decode("latin-1")


@pytest.fixture
def register(sdk, app, phone):
    """Registers the phone and tells the place that is then known of it."""

    def call(facts=None, **headers):
        response = sdk.post("devices", phone | (facts or {}), **headers)
        assert response.status_code == 200, response.json()
        device = Device.objects.get()
        assert (response.json()["country"], response.json()["city"]) == (
            device.country,
            device.city,
        )
        return device.country, device.city

    return call


def test_place_is_unknown_unless_the_operator_names_a_source(register):
    headers = {"CF-IPCountry": "SE", "CF-IPCity": "Lund", "X-Forwarded-For": SWEDISH}

    assert register(**headers) == ("", "")


def test_place_is_what_the_named_headers_of_the_proxy_say(register, proxy):
    headers = {"CF-IPCountry": "se", "CF-IPCity": as_on_the_wire(" Malmö ")}

    assert register(**headers) == ("SE", "Malmö")


def test_percent_encoded_header_is_decoded(register, settings):
    settings.GEO_CITY_HEADER = "CloudFront-Viewer-City"

    assert register(**{"CloudFront-Viewer-City": "Malm%C3%B6%20S"}) == ("", "Malmö S")


def test_percent_sign_that_encodes_nothing_stays(register, proxy):
    assert register(**{"CF-IPCity": "100% Town"}) == ("", "100% Town")


@pytest.mark.parametrize(
    "country",
    ["XX", "xx", "T1", "", "S", "SWE", "S1", "S%00", "SE,NO", "ß", "é\xff", "<b", "Å" * 4000],
)
def test_header_that_is_no_country_is_ignored(register, proxy, country):
    assert register(**{"CF-IPCountry": as_on_the_wire(country)}) == ("", "")


@pytest.mark.parametrize(
    "city",
    ["c" * 101, "a\tb", "a%00b", "a%0D%0Ab", "a\x7fb", "%ED%A0%80", "%FF", "\xff", "%E2%80%AEa"],
)
def test_header_that_is_no_city_is_ignored(register, proxy, city):
    """Too long, not printable, or not UTF-8."""
    assert register(**{"CF-IPCountry": "SE", "CF-IPCity": city}) == ("SE", "")


def test_city_of_a_hundred_characters_fits(register, proxy):
    assert register(**{"CF-IPCity": as_on_the_wire("ö" * 100)}) == ("", "ö" * 100)


@pytest.mark.parametrize(
    ("address", "place"),
    [(SWEDISH, ("SE", "Malmö")), (NORWEGIAN, ("NO", "Oslo")), (UNLISTED, ("", ""))],
)
def test_place_is_looked_up_by_the_address_that_the_proxy_appended(register, geoip, address, place):
    geoip()

    assert register(**{"X-Forwarded-For": f"{UNLISTED}, {address}"}) == place


def test_place_is_looked_up_by_the_socket_where_there_is_no_proxy(register, geoip):
    geoip({"127.0.0.0/8": MALMO})

    assert register() == ("SE", "Malmö")


@pytest.mark.parametrize("address", ["unknown", "81.2.69", "81.2.69.160:443", "é", "1" * 5000])
def test_address_that_is_none_has_no_place(register, geoip, address):
    geoip()

    assert register(**{"X-Forwarded-For": address}) == ("", "")


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"country": {"iso_code": "SE"}}, ("SE", "")),
        ({"city": {"names": {"en": "Lund"}}}, ("", "Lund")),
        ({"city": {"names": {"de": "Lund"}}}, ("", "")),
        ({"country": "SE", "city": "Lund"}, ("", "")),
        ({"country": {"iso_code": 46}, "city": {"names": ["Lund"]}}, ("", "")),
        ({"city": {"names": {"en": "c" * 101}}}, ("", "")),
        ({"autonomous_system_number": 64500}, ("", "")),
        ("SE", ("", "")),
    ],
)
def test_record_of_the_file_is_taken_as_far_as_it_goes(register, geoip, record, place):
    geoip({"81.2.69.0/24": record})

    assert register(**{"X-Forwarded-For": SWEDISH}) == place


def test_headers_go_before_the_file_which_fills_in_the_rest(register, proxy, geoip):
    geoip()
    from_sweden = {"X-Forwarded-For": SWEDISH}

    assert register(**from_sweden, **{"CF-IPCountry": "SE"}) == ("SE", "Malmö")
    assert register(**from_sweden, **{"CF-IPCity": "Lund"}) == ("SE", "Lund")
    assert register(**from_sweden, **{"CF-IPCountry": "XX"}) == ("SE", "Malmö")


def test_what_the_app_says_always_wins(register, proxy, geoip):
    geoip()
    headers = {"X-Forwarded-For": SWEDISH, "CF-IPCountry": "SE", "CF-IPCity": "Lund"}

    assert register({"country": "dk", "city": "Aarhus"}, **headers) == ("DK", "Aarhus")
    assert register({"city": "Ystad"}, **headers) == ("SE", "Ystad")
    assert register({"country": "SE"}, **headers) == ("SE", "Lund")


def test_city_of_another_country_is_not_joined_to_the_apps(register, proxy, geoip):
    geoip()
    headers = {"X-Forwarded-For": SWEDISH, "CF-IPCountry": "NO", "CF-IPCity": "Oslo"}

    assert register({"country": "DK"}, **headers) == ("DK", "")


def test_login_elsewhere_moves_the_place(register, proxy):
    assert register(**{"CF-IPCountry": "SE", "CF-IPCity": "Lund"}) == ("SE", "Lund")
    assert register(**{"CF-IPCountry": "NO"}) == ("NO", "")


def test_refresh_without_values_keeps_the_place(sdk, register, proxy):
    register(**{"CF-IPCountry": "SE", "CF-IPCity": "Lund"})
    device = Device.objects.get()

    travelling = {"CF-IPCountry": "NO", "CF-IPCity": "Oslo"}
    kept = sdk.call("patch", f"devices/{device.public_id}", {"osVersion": "18.0"}, **travelling)

    assert (kept.json()["country"], kept.json()["city"]) == ("SE", "Lund")


def test_file_that_breaks_later_costs_the_place_and_not_the_login(
    register, settings, tmp_path, caplog
):
    settings.GEOIP_FILE = str(tmp_path / "gone.mmdb")

    with caplog.at_level(logging.WARNING, logger="consumers.places"):
        assert register(**{"X-Forwarded-For": SWEDISH}) == ("", "")

    assert "The GeoIP file could not be read" in caplog.text
    assert SWEDISH not in caplog.text


def test_usable_geoip_file_passes_the_check(geoip):
    geoip()

    assert check_geoip_file() == []


def test_no_geoip_file_passes_the_check(settings):
    settings.GEOIP_FILE = ""

    assert check_geoip_file() == []


def missing(path):
    """Nothing is written."""


def empty(path):
    path.write_bytes(b"")


def folder(path):
    path.mkdir()


def other_format(path):
    path.write_bytes(b"PK\x03\x04" + b"\0" * 4096)


def cut_short(path):
    write_database(path, {"81.2.69.0/24": MALMO})
    path.write_bytes(path.read_bytes()[:-100])


def without_tree(path):
    write_database(path, {"81.2.69.0/24": MALMO})
    raw = path.read_bytes()
    path.write_bytes(raw[raw.rindex(b"\xab\xcd\xefMaxMind.com") :])


@pytest.mark.parametrize("make", [missing, empty, folder, other_format, cut_short, without_tree])
def test_geoip_file_that_is_of_no_use_is_told_by_the_system_check(settings, tmp_path, make):
    settings.GEOIP_FILE = str(tmp_path / "places.mmdb")
    make(tmp_path / "places.mmdb")

    errors = [found for found in run_checks() if found.id == "consumers.E001"]

    assert len(errors) == 1
    assert errors[0].is_serious()
    assert errors[0].msg.startswith("GEOIP_FILE cannot be used: ")


def test_web_server_does_not_start_with_a_missing_geoip_file(tmp_path):
    env = {**os.environ, "GEOIP_FILE": str(tmp_path / "gone.mmdb")}
    command = [sys.executable, "-c", "import proactive_site.wsgi"]

    started = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)

    assert started.returncode == 1
    assert "GEOIP_FILE cannot be used" in started.stderr
