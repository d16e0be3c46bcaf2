"""How an app's ways to its phones stand, for the pages of the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

import orjson
from cryptography.x509 import load_pem_x509_certificate
from django.db.models import Q

from accounts.models import App, Platform
from push.health import FAILURES
from push.models import Breaker, ProviderKind, PushCredential
from push.reasons import sentence
from push.vapid_keys import application_server_key

# Answers that time may mend; any other that shuts a credential out needs a person.
PASSING = FAILURES | {"answer_lost"}
# Whose host all credentials share: there a breaker without a credential holds up this one too.
SHARED_HOSTS = (ProviderKind.FCM, ProviderKind.APNS)
Fact = tuple[str, str]


class Standing(StrEnum):
    WORKING = "working"
    UNUSED = "unused"
    HELD_UP = "held_up"
    REFUSED = "refused"
    SWITCHED_OFF = "switched_off"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class PlatformStanding:
    """One platform of an app. ``credential`` is the one in use, else the last that was switched
    off; ``explanation`` says why pushes wait, ``words`` are the provider's own."""

    platform: Platform
    standing: Standing
    credential: PushCredential | None = None
    since: datetime | None = None
    explanation: str = ""
    words: str = ""
    next_try_at: datetime | None = None
    facts: Sequence[Fact] = ()
    public_key: str = ""


def standings(app: App) -> list[PlatformStanding]:
    """The app's platforms, and those that only have a credential; three queries."""
    known = PushCredential.objects.filter(app=app).select_related("account", "app")
    latest: dict[str, PushCredential] = {}
    for credential in known.order_by("is_enabled", "switched_off_at", "pk"):
        latest[credential.platform] = credential
    breakers = list(_open_breakers(app))
    wanted = [p for p in Platform if p in app.platforms or p in latest]
    return [_stand(platform, latest.get(platform), breakers) for platform in wanted]


def _open_breakers(app: App) -> Sequence[Breaker]:
    own = Q(credential__app=app)
    shared = Q(credential=None, provider__in=SHARED_HOSTS)
    return list(Breaker.objects.open().filter(own | shared).order_by("opened_at", "pk"))


def _stand(
    platform: Platform, credential: PushCredential | None, breakers: Sequence[Breaker]
) -> PlatformStanding:
    if credential is None:
        return PlatformStanding(platform, Standing.MISSING)
    facts, public_key = _facts(credential), _public_key(credential)
    if not credential.is_enabled:
        return PlatformStanding(
            platform,
            Standing.SWITCHED_OFF,
            credential,
            since=credential.switched_off_at,
            facts=facts,
            public_key=public_key,
        )
    breaker = _breaker_of(credential, breakers)
    if breaker is None:
        standing = Standing.WORKING if credential.last_worked_at else Standing.UNUSED
        return PlatformStanding(platform, standing, credential, facts=facts, public_key=public_key)
    return PlatformStanding(
        platform,
        Standing.HELD_UP if breaker.reason in PASSING else Standing.REFUSED,
        credential,
        since=breaker.opened_at,
        explanation=sentence(breaker.reason),
        words=breaker.detail,
        next_try_at=breaker.probe_at,
        facts=facts,
        public_key=public_key,
    )


def _breaker_of(credential: PushCredential, breakers: Sequence[Breaker]) -> Breaker | None:
    """What holds it up; of several what needs a person, then the eldest."""
    own = [b for b in breakers if b.credential_id == credential.pk]
    shared = [b for b in breakers if b.credential_id is None and b.provider == credential.provider]
    holding = sorted(own + shared, key=lambda breaker: breaker.reason in PASSING)
    return next(iter(holding), None)


def _facts(credential: PushCredential) -> Sequence[Fact]:
    """What tells a credential from others and opens nothing. Of an address only the host: a path
    may hold a secret."""
    try:
        settings = credential.settings
    except ValueError:
        return [("Settings", "sealed for another account")]
    if credential.provider == ProviderKind.APNS:
        told = {"Key": settings["key_id"], "Team": settings["team_id"]}
        return [*told.items(), *_optional("Topic", settings.get("topic"))]
    if credential.provider == ProviderKind.FCM:
        return _optional("Project", _project(settings))
    if credential.provider == ProviderKind.WEBPUSH:
        return [("Contact", settings["contact"])]
    if credential.provider == ProviderKind.PROXY:
        return _proxy_facts(settings)
    return []


def _optional(name: str, value: str | None) -> list[Fact]:
    return [(name, value)] if value else []


def _project(settings: dict[str, object]) -> str:
    file = settings.get("service_account")
    parsed = orjson.loads(file) if isinstance(file, str) else file
    return str(parsed.get("project_id", "")) if isinstance(parsed, dict) else ""


def _proxy_facts(settings: dict[str, object]) -> list[Fact]:
    url = urlsplit(str(settings["url"]))
    facts = [("Host", f"{url.scheme}://{url.hostname}{f':{url.port}' if url.port else ''}")]
    certificate = settings.get("client_cert_pem")
    if certificate:
        ends_at = load_pem_x509_certificate(str(certificate).encode()).not_valid_after_utc
        facts.append(("Client certificate ends", f"{ends_at:%-d %b %Y}"))
    headers = settings.get("headers")
    if isinstance(headers, list) and headers:
        facts.append(("Headers", str(len(headers))))
    return facts


def _public_key(credential: PushCredential) -> str:
    if credential.provider != ProviderKind.WEBPUSH:
        return ""
    try:
        return application_server_key(credential)
    except ValueError:
        return ""
