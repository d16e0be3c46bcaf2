"""Named widgets of an account (F4), and the sites that may frame ours (F2)."""

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.domain_api import base_uri
from accounts.models import Account, User
from common.errors import Conflict, DomainError
from common.text import forbidden_character
from conversations.models import FramingOrigin, NamedWidget

OURS = "InApp-Widget"
# As many as people can tell apart, and a header can name.
MOST_WIDGETS = 10
MOST_ORIGINS = 20
# What a browser calls trustworthy without https: somebody tries things out.
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1"})
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


class WidgetInvalid(DomainError):
    """The name or the URL cannot be used; the pointer names it."""

    key: ClassVar[str] = "widget_invalid"


class WidgetNameTaken(Conflict):
    key: ClassVar[str] = "widget_name_taken"


class TooManyWidgets(Conflict):
    key: ClassVar[str] = "too_many_widgets"


class OriginInvalid(DomainError):
    """This is no origin that may frame a page."""

    key: ClassVar[str] = "origin_invalid"


class TooManyOrigins(Conflict):
    key: ClassVar[str] = "too_many_origins"


@dataclass(frozen=True, slots=True)
class Widget:
    """``row`` is None for ours, which is there from the start."""

    name: str
    url: str
    row: NamedWidget | None = None


def widget_link(account: Account) -> str:
    """Where our widget of the account is, on the host of its region."""
    scheme = urlsplit(settings.PUBLIC_URL).scheme
    return f"{scheme}://{base_uri(account)}/api/cx-widget/account/{account.number}/auth/url"


def widgets_of(account: Account) -> list[Widget]:
    """Ours, then those that were added, in that order."""
    added = NamedWidget.objects.filter(account=account).order_by("pk")
    return [Widget(OURS, widget_link(account)), *(Widget(row.name, row.url, row) for row in added)]


def framing_origins(account: Account) -> list[str]:
    rows = FramingOrigin.objects.filter(account=account).order_by("origin")
    return list(rows.values_list("origin", flat=True))


@transaction.atomic
def add_widget(*, account: Account, name: str, url: str, by: str | User) -> NamedWidget:
    """:raises WidgetInvalid: the name or the URL cannot be used.
    :raises WidgetNameTaken: the account has a widget of that name.
    :raises TooManyWidgets: it has as many as fit.
    """
    name = _checked_name(name)
    _check_url(url)
    _lock(account)
    if NamedWidget.objects.filter(account=account).count() >= MOST_WIDGETS:
        raise TooManyWidgets(f"An account may have {MOST_WIDGETS} widgets of its own.")
    widget = NamedWidget(account=account, name=name, url=url)
    try:
        with transaction.atomic():
            widget.save()
    except IntegrityError:
        raise WidgetNameTaken(f"There is a widget named {name}.", pointer="/name") from None
    changes = {"name": (None, name), "host": (None, urlsplit(url).hostname)}
    record(by=by, account=account, verb="widget_added", target=widget, changes=changes)
    return widget


@transaction.atomic
def remove_widget(*, widget: NamedWidget, by: str | User) -> None:
    record(by=by, account=widget.account, verb="widget_removed", target=widget)
    widget.delete()


@transaction.atomic
def allow_framing(*, account: Account, origin: str, by: str | User) -> FramingOrigin:
    """Let a site show our widget; one that may already stays as it is.

    :raises OriginInvalid: it is no origin.
    :raises TooManyOrigins: there are as many as fit.
    """
    origin = read_origin(origin)
    _lock(account)
    known = FramingOrigin.objects.filter(account=account)
    present = known.filter(origin=origin).first()
    if present is not None:
        return present
    if known.count() >= MOST_ORIGINS:
        raise TooManyOrigins(f"{MOST_ORIGINS} origins can be listed.")
    row = FramingOrigin.objects.create(account=account, origin=origin)
    record(by=by, account=account, verb="framing_allowed", target=row)
    return row


@transaction.atomic
def forbid_framing(*, origin: FramingOrigin, by: str | User) -> None:
    record(by=by, account=origin.account, verb="framing_forbidden", target=origin)
    origin.delete()


def read_origin(text: str) -> str:
    """As browsers write it: small letters, no usual port, nothing behind it.

    It goes into a header, where a wildcard or a second word would allow others.

    :raises OriginInvalid: saying what an origin is.
    """
    refused = OriginInvalid(
        "An origin is a scheme and a host, as https://desk.brand.com; https but on this machine.",
        pointer="/origin",
    )
    if not text.isascii() or len(text) > 255:
        raise refused
    try:
        parts = urlsplit(text.strip().lower())
        port = parts.port
    except ValueError:
        raise refused from None
    host = parts.hostname or ""
    if (
        not _HOST.fullmatch(host)
        or parts.username is not None
        or not _is_secure(parts.scheme, host)
    ):
        raise refused
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "?" in text or "#" in text:
        raise refused
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, usual} else "")


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 60 or forbidden_character(name):
        raise WidgetInvalid("A name has 1 to 60 characters.", pointer="/name")
    if name.lower() == OURS.lower():
        raise WidgetNameTaken(f"{OURS} is there from the start.", pointer="/name")
    return name


def _check_url(url: str) -> None:
    """It is opened by the agents' browsers, never called from here."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= 2000
    if not is_plain or not _HOST.fullmatch(host) or not _is_secure(parts.scheme, host):
        raise WidgetInvalid("The URL must be https, with a host: https://….", pointer="/url")
    if parts.username is not None or parts.password is not None:
        raise WidgetInvalid("The URL must not hold a user name or password.", pointer="/url")


def _is_secure(scheme: str, host: str) -> bool:
    return scheme == "https" or (scheme == "http" and host in LOCAL_HOSTS)


def _lock(account: Account) -> None:
    """So that two at once do not add one too many."""
    Account.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)
