"""The providers that an app can choose: whom each reaches, how its settings are read, and how it
is made. A new vendor is a line here (``docs/adding-a-provider.md``)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings as configured

from accounts.models import Platform
from common.calls import Timeouts
from push.models import ProviderKind
from push.providers.apns import ApnsProvider
from push.providers.apns_settings import read_apns_settings
from push.providers.base import Provider, SettingInvalid
from push.providers.fcm import FcmProvider
from push.providers.fcm_settings import read_fcm_settings
from push.providers.proxy import ProxyProvider
from push.providers.proxy_settings import read_proxy_settings
from push.providers.setting_values import Settings, refuse_unknown
from push.providers.site import Site
from push.providers.webpush import WebPushProvider
from push.providers.webpush_settings import read_web_push_settings
from push.shelf import CacheShelf


@dataclass(frozen=True, slots=True)
class Vendor:
    """``read`` makes the provider's own settings of a brand's JSON, and raises SettingInvalid;
    ``make`` makes the provider of them. One that is signed has ``signing`` in its settings."""

    platforms: frozenset[str]
    read: Callable[[Settings, Site], Any]
    make: Callable[[Any, Site], Provider]
    is_signed: bool = False


def _read_lab_settings(settings: Settings, site: Site) -> None:
    refuse_unknown(settings, ())


def _make_lab(settings: None, site: Site) -> Provider:
    raise ValueError("push.services makes the lab, with a place to store its pushes.")


EVERY_PLATFORM = frozenset(Platform.values)
SHELF = CacheShelf()

VENDORS: dict[str, Vendor] = {
    ProviderKind.LAB: Vendor(EVERY_PLATFORM, _read_lab_settings, _make_lab),
    ProviderKind.PROXY: Vendor(
        EVERY_PLATFORM,
        read_proxy_settings,
        lambda settings, site: ProxyProvider(settings, site.timeouts),
        is_signed=True,
    ),
    ProviderKind.APNS: Vendor(
        frozenset({Platform.IOS}),
        read_apns_settings,
        lambda settings, site: ApnsProvider(settings, site, SHELF),
    ),
    ProviderKind.FCM: Vendor(
        frozenset({Platform.ANDROID}),
        read_fcm_settings,
        lambda settings, site: FcmProvider(settings, site, SHELF),
    ),
    ProviderKind.WEBPUSH: Vendor(
        frozenset({Platform.WEB}),
        read_web_push_settings,
        lambda settings, site: WebPushProvider(settings, site, SHELF),
    ),
}


def read_site() -> Site:
    """The operator's choices, from the settings module."""
    return Site(
        ca_file=configured.EGRESS_CA_FILE,
        allowed_networks=tuple(configured.EGRESS_ALLOWED_NETWORKS),
        allow_http=configured.EGRESS_ALLOW_HTTP,
        timeouts=Timeouts(
            connect=configured.DELIVERY_CONNECT_TIMEOUT, total=configured.DELIVERY_TOTAL_TIMEOUT
        ),
        fcm_url=configured.FCM_URL,
        fcm_token_url=configured.FCM_TOKEN_URL,
        apns_url=configured.APNS_URL,
        apns_sandbox_url=configured.APNS_SANDBOX_URL,
        web_push_hosts=tuple(configured.WEB_PUSH_HOSTS),
    )


def read_settings(kind: str, platform: str, settings: Settings) -> Any:
    """A brand's settings in the provider's own type.

    :raises SettingInvalid: naming the first that cannot be used.
    """
    vendor = VENDORS.get(kind)
    if vendor is None:
        raise SettingInvalid("", f"{kind!r} is no provider.")
    if platform not in vendor.platforms:
        raise SettingInvalid("", f"{ProviderKind(kind).label} does not reach {platform!r}.")
    return vendor.read(settings, read_site())


def make_provider(kind: str, settings: Any) -> Provider:
    """The provider of settings that `read_settings` made."""
    return VENDORS[kind].make(settings, read_site())
