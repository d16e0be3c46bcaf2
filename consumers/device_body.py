"""What an app may tell of its device: from a JSON body to a registration, and back."""

from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from django.conf import settings

from accounts.models import Account, App, Platform
from common import base64url
from common.body import Fields
from common.guard import AddressGuard, AddressRefused
from consumers.models import Device
from consumers.places import COUNTRY
from consumers.sdk_versions import missing_sdk_version, version_numbers
from consumers.services import Registration

MAX_TOKEN = 4096
MAX_WARNINGS = 20
ENVIRONMENTS = ("production", "sandbox")
UNKNOWN_APP = (
    "The account has no app of this bundle id. Compare it letter by letter (upper and lower case"
    " differ, debug builds end in -Dev), or have an administrator add the app in Settings."
)


class Address(NamedTuple):
    token: str
    p256dh: str = ""
    auth: str = ""


def read_registration(fields: Fields, account: Account) -> Registration:
    """:raises InvalidRequest: naming every wrong field."""
    platform = fields.choice("platform", Platform.values, required=True)
    app = _read_app(fields, account, platform)
    address = _read_address(fields, platform, None)
    return _read_facts(fields, app, platform, address, Device())


def read_changes(fields: Fields, device: Device) -> Registration:
    """What is absent or null stays as it is.

    :raises InvalidRequest: naming every wrong field.
    """
    current = Address(device.token, device.p256dh, device.auth)
    address = _read_address(fields, device.platform, current)
    return _read_facts(fields, device.app, device.platform, address, device)


def _read_app(fields: Fields, account: Account, platform: str) -> App | None:
    bundle_id = fields.text("appName", required=True, max_length=155)
    if not bundle_id:
        return None
    app = App.objects.filter(account=account, bundle_id=bundle_id).first()
    if app is None:
        fields.fail("appName", "unknown_app", UNKNOWN_APP)
    elif platform and platform not in app.platforms:
        offered = ", ".join(app.platforms) or "none yet"
        detail = f"The app is not set up for {platform} (it is for: {offered}). See Settings."
        fields.fail("platform", "platform_not_set_up", detail)
    return app


def _read_address(fields: Fields, platform: str, current: Address | None) -> Address:
    """A token, or for a browser the subscription that its push service gave it."""
    subscription = fields.nested("subscription")
    is_required = subscription is None and current is None
    token = fields.text("token", required=is_required, max_length=MAX_TOKEN)
    if subscription is None:
        return current if current is not None and not token else Address(token)
    if platform != Platform.WEB or token:
        detail = "Only platform web has a subscription, and it comes without a token."
        fields.fail("subscription", "not_allowed", detail)
    return _read_subscription(subscription)


def _read_subscription(subscription: Fields) -> Address:
    endpoint = subscription.text("endpoint", required=True, max_length=MAX_TOKEN)
    if endpoint:
        _check_endpoint(subscription, endpoint)
    keys = subscription.nested("keys", required=True)
    if keys is None:
        return Address(endpoint)
    p256dh = keys.text("p256dh", required=True, max_length=200)
    if p256dh and not _is_point(_from_base64url(p256dh)):
        keys.fail("p256dh", "not_a_key", "p256dh must be a P-256 public key in base64url.")
    auth = keys.text("auth", required=True, max_length=100)
    if auth and len(_from_base64url(auth)) != 16:
        keys.fail("auth", "not_a_key", "auth must be 16 bytes in base64url.")
    return Address(endpoint, p256dh, auth)


def _check_endpoint(subscription: Fields, endpoint: str) -> None:
    """We are going to call it, so it must be a push service that browsers use."""
    guard = AddressGuard(
        tuple(settings.EGRESS_ALLOWED_NETWORKS), hosts=tuple(settings.WEB_PUSH_HOSTS)
    )
    try:
        guard.check_url(endpoint)
    except AddressRefused as refusal:
        detail = f"endpoint is not of a push service that this installation calls. {refusal}"
        subscription.fail("endpoint", "not_a_push_service", detail)


def _from_base64url(text: str) -> bytes:
    try:
        return base64url.decode(text)
    except ValueError:
        return b""


def _is_point(raw: bytes) -> bool:
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
    except ValueError:
        return False
    return len(raw) == 65


def _read_facts(
    fields: Fields, app: App | None, platform: str, address: Address, current: Device
) -> Registration:
    is_sdk_required = platform not in ("", Platform.WEB) and not current.sdk_version
    # Never empty again: without a version a device is held to no minimum (C3).
    sdk_version = (
        fields.text("sdkVersion", required=is_sdk_required, max_length=20) or current.sdk_version
    )
    if sdk_version and version_numbers(sdk_version) is None:
        fields.fail("sdkVersion", "not_a_version", "sdkVersion must be like 6.2 or 5.23.1.")
    country = fields.text("country", max_length=60, default=current.country)
    if country and not COUNTRY.fullmatch(country):
        fields.fail("country", "not_a_country", "country must be two letters (ISO 3166), as SE.")
    facts: dict[str, Any] = {
        "environment": fields.choice("environment", ENVIRONMENTS, default=current.environment),
        "is_androidx": fields.boolean("androidX", default=current.is_androidx),
        "os_version": fields.text("osVersion", max_length=50, default=current.os_version),
        "model": fields.text("model", max_length=100, default=current.model),
        "locale": fields.text("locale", max_length=35, default=current.locale),
        "time_zone": fields.time_zone("timeZone") or current.time_zone,
        "city": fields.text("city", max_length=100, default=current.city),
    }
    fields.raise_if_invalid()
    assert app is not None  # or appName was among the errors
    return Registration(
        app=app,
        platform=platform,
        token=address.token,
        p256dh=address.p256dh,
        auth=address.auth,
        sdk_version=sdk_version,
        country=country.upper(),
        **facts,
    )


def device_json(device: Device) -> dict[str, Any]:
    """The device as its own app sees it. The token is not repeated, its digest tells it apart."""
    return {
        "id": str(device.public_id),
        "appName": device.app.bundle_id,
        "platform": device.platform,
        "tokenSha256": device.token_digest,
        "environment": device.environment,
        "sdkVersion": device.sdk_version,
        "androidX": device.is_androidx,
        "osVersion": device.os_version,
        "model": device.model,
        "locale": device.locale,
        "timeZone": device.time_zone,
        "country": device.country,
        "city": device.city,
        "loggedIn": device.is_logged_in,
        "unregisterType": device.logout_type or None,
        "registeredAt": device.registered_at,
        "lastSeenAt": device.last_seen_at,
    }


def warnings_for(device: Device, unknown: list[str]) -> list[dict[str, str]]:
    """What was accepted but is worth knowing, in the shape of a problem's errors."""
    warnings = []
    minimum = missing_sdk_version(device)
    if minimum:
        detail = f"This device is not pushed to: its SDK is older than {minimum}."
        warnings.append({"pointer": "#/sdkVersion", "code": "sdk_too_old", "detail": detail})
    for name in unknown[:MAX_WARNINGS]:
        pointer = "#/" + name[:100].replace("~", "~0").replace("/", "~1")
        detail = "This field is not known here and was ignored."
        warnings.append({"pointer": pointer, "code": "unknown_field", "detail": detail})
    return warnings
