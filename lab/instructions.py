"""What a person reads when the product serves: where to look, how to sign in, what to paste."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.utils import timezone

from accounts.models import User
from accounts.tokens import find_client
from lab import brand, stubs
from lab.brand import Secrets

TOKEN_PATH = "/sentinel/api/account/{number}/app/token?v=1.0&grant_type=client_credentials"
TOKEN = f"""\
URL={{url}}
TOKEN=$(curl -s "$URL{TOKEN_PATH}" \\
  -d client_id={{client_id}} \\
  -d client_secret={{client_secret}} |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')"""

CAMPAIGN = """\
curl -s -w '\\n' "$URL/api/v2/account/{number}/campaign" \\
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{body}'"""


def instructions(*, url: str, secrets: Secrets) -> str:
    """`url` is where the installation answers. Nothing is wider than 100 characters."""
    parts = (
        f"Proactive serves {brand.NAME}, a brand for trying things out.",
        _table(_places(url)),
        *_stubs(),
        "Sign in with\n" + _table(_sign_ins(secrets.password)),
        f"The brand's own system calls with, for account {brand.NUMBER}\n"
        + _table(_client(secrets.client_secret)),
        "1. A token, good for an hour\n\n" + token_command(url=url, secrets=secrets),
        f"2. A message to {brand.TESTER}\n\n" + campaign_command(),
        _first(url),
    )
    return "\n\n".join(parts)


def token_command(*, url: str, secrets: Secrets) -> str:
    return TOKEN.format(
        url=url,
        number=brand.NUMBER,
        client_id=brand.CLIENT_ID,
        client_secret=quote_plus(secrets.client_secret),
    )


def campaign_command() -> str:
    return CAMPAIGN.format(number=brand.NUMBER, body=brand.SAMPLE_BODY)


def _places(url: str) -> Iterator[tuple[str, str]]:
    yield f"{url}/sign-in/", "the web tool: campaigns, handoffs, the workspace, settings"
    if settings.LAB != "off":
        door = "no sign-in" if settings.LAB == "open" else "for who sees campaigns"
        phones = "phones" if stubs.are_there() else "five phones"
        yield f"{url}/lab/", f"the push lab: {phones} in the browser, {door}"
        yield f"{url}/demo/", "the brand's web app: real notifications in your own browser"
    yield f"{url}/api/docs/", "the API, to read and to try"
    yield f"{url}/admin/", "everything that is stored, for operator and administrator"


def _stubs() -> Iterator[str]:
    if not stubs.are_there():
        return
    addresses = (
        ("FCM", settings.FCM_URL),
        ("APNs", settings.APNS_URL),
        ("Web Push", settings.LAB_WEB_PUSH_URL),
        ("Push proxy", settings.LAB_PROXY_URL),
    )
    rows = [
        (vendor, f"{address}, {_short(stubs.folder() / f'{name}.jsonl')}")
        for (vendor, address), name in zip(addresses, stubs.LOGS, strict=True)
    ]
    yield "Stubs take the pushes, and write down what they were asked\n" + _table(rows)


def _short(path: Path) -> Path:
    """From where the person stands, if it is below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _sign_ins(password: str) -> Iterator[tuple[str, str]]:
    """A password that a person has changed is theirs, and not told."""
    emails = [person.email for person in brand.PEOPLE]
    stored = dict(User.objects.filter(email__in=emails).values_list("email", "password"))
    is_ours = {encoded: check_password(password, encoded) for encoded in set(stored.values())}
    for person in brand.PEOPLE:
        if person.email in stored:
            own = "" if is_ours[stored[person.email]] else "; has a password of their own"
            yield person.email, person.may + own
    yield "Password", password


def _client(secret: str) -> Iterator[tuple[str, str]]:
    found = find_client(
        client_id=brand.CLIENT_ID,
        secret=secret,
        now=timezone.now(),
        account_number=brand.NUMBER,
    )
    yield "Client id", brand.CLIENT_ID
    yield "Client secret", secret if found else f"{secret} (no longer valid)"


def _first(url: str) -> str:
    if settings.LAB == "off":
        return "Try this first: paste 1 and 2 into a shell, and read the answer."
    return f"Try this first: open {url}/lab/, paste 1 and 2 into a shell, tap what rings."


def _table(rows: Iterable[tuple[str, str]]) -> str:
    rows = list(rows)
    width = max([28, *(len(left) for left, _ in rows)])
    return "\n".join(f"  {left:<{width}}  {right}" for left, right in rows)
