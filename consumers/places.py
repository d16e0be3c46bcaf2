"""Where a phone is, as far as its app does not say: a proxy's headers, else a GeoIP file (C2)."""

import logging
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import maxminddb
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.http import HttpRequest

from common.address import address_of

logger = logging.getLogger(__name__)

COUNTRY = re.compile(r"[A-Za-z]{2}")
# Cloudflare's word; its "T1", for Tor, is no country by its form.
UNKNOWN_COUNTRY = "XX"
MAX_CITY = 100


class Place(NamedTuple):
    """`country` as ISO 3166 has it, two capital letters; "" where nobody knows."""

    country: str = ""
    city: str = ""


def complete(known: Place, request: HttpRequest) -> Place:
    """Fill in what the app did not say; what it said stands."""
    for guess in _guesses(request):
        if known.country and known.city:
            break
        known = _joined(known, guess)
    return known


def _guesses(request: HttpRequest) -> Iterator[Place]:
    yield _told_by_proxy(request)
    if settings.GEOIP_FILE:
        yield _looked_up(address_of(request))


def _joined(known: Place, guess: Place) -> Place:
    """A city of another country than the known one is no guess worth having."""
    if known.country and guess.country and known.country != guess.country:
        return known
    return Place(known.country or guess.country, known.city or guess.city)


def _told_by_proxy(request: HttpRequest) -> Place:
    return Place(
        _country(_header(request, settings.GEO_COUNTRY_HEADER)),
        _city(_header(request, settings.GEO_CITY_HEADER)),
    )


def _header(request: HttpRequest, name: str) -> str:
    """A header's text: UTF-8, plain (Cloudflare) or percent-encoded (CloudFront); else ""."""
    value = request.headers.get(name, "") if name else ""
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode()  # WSGI reads bytes as latin-1
    except UnicodeError:
        return ""


def _country(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    is_country = COUNTRY.fullmatch(text) and text.upper() != UNKNOWN_COUNTRY
    return text.upper() if is_country else ""


def _city(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= MAX_CITY and text.isprintable() else ""


def _looked_up(address: str) -> Place:
    try:
        record = _database(settings.GEOIP_FILE).get(address)
    except ValueError:  # no address, or IPv6 in a file of IPv4
        return Place()
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        logger.warning("The GeoIP file could not be read: %s", error)
        return Place()
    names = _part(_part(record, "city"), "names")
    return Place(_country(_part(_part(record, "country"), "iso_code")), _city(_part(names, "en")))


def _part(record: object, name: str) -> object:
    return record.get(name) if isinstance(record, dict) else None


@cache
def _database(path: str) -> maxminddb.Reader:
    """Opened once a process, mapped into memory: its pages are shared and read as needed.

    :raises OSError: there is no such file, or it may not be read.
    :raises maxminddb.InvalidDatabaseError: it is no MaxMind DB.
    """
    return maxminddb.open_database(path)


def check_geoip_file(**kwargs: Any) -> list[CheckMessage]:
    """Tell before the first request that GEOIP_FILE is of no use."""
    if not settings.GEOIP_FILE:
        return []
    try:
        _database(settings.GEOIP_FILE).get("192.0.2.1")
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        hint = "Name a MaxMind DB (.mmdb) with countries or cities, or leave GEOIP_FILE empty."
        return [Error(f"GEOIP_FILE cannot be used: {error}", hint=hint, id="consumers.E001")]
    return []
