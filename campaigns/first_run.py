"""What leads an empty account to its first message, told from what there is (G6)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Account, ApiClient
from consumers.models import Device
from handoffs.models import Channel, Handoff
from handoffs.placeholders import placeholders
from push.models import ProviderKind, PushCredential

DONE, NOW, LATER = "done", "now", "later"
_TOKEN = """\
TOKEN=$(curl -s '{url}/sentinel/api/account/{number}/app/token' \\
  -d v=1.0 -d grant_type=client_credentials \\
  -d client_id={client_id} -d client_secret="$CLIENT_SECRET" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')"""
_CALL = """\
curl '{url}/api/v2/account/{number}/campaign' \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -H 'Idempotency-Key: first-message-1' \\
  -d '{body}'"""


@dataclass(frozen=True, slots=True)
class Step:
    """``view`` is where it is done, by its name, which takes the account's number, or none."""

    title: str
    text: str
    state: str
    view: str
    action: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the account has of what a first call needs; empty or None is not there."""

    app: str
    provider: str
    handoff: Handoff | None
    client: ApiClient | None
    skill: str
    consumer: str

    @property
    def done(self) -> Sequence[bool]:
        return (
            bool(self.app),
            bool(self.provider),
            self.handoff is not None,
            self.client is not None,
        )


@dataclass(frozen=True, slots=True)
class Guide:
    steps: Sequence[Step]
    token: str
    call: str

    @property
    def done(self) -> int:
        return sum(step.state == DONE for step in self.steps)

    @property
    def is_ready(self) -> bool:
        """Whether all that is left is the call itself."""
        return self.done == len(self.steps) - 1


def first_run(account: Account, *, url: str, has_lab: bool) -> Guide:
    """``url`` is where the installation answers; ``has_lab``: the push lab can be opened."""
    found = _find(account)
    states = _states([*found.done, False])
    steps = [
        Step(title, text, state, view, action)
        for (title, text, view, action), state in zip(_texts(found, has_lab), states, strict=True)
    ]
    client_id = found.client.client_id if found.client else "$CLIENT_ID"
    named = {"url": url, "number": account.number, "client_id": client_id}
    body = json.dumps(_body(found), ensure_ascii=False, indent=2)
    # In a shell's single quotes only the quote itself means something.
    quoted = body.replace("'", "'\\''")
    return Guide(steps, _TOKEN.format(**named), _CALL.format(**named, body=quoted))


def _find(account: Account) -> Found:
    credential = (
        PushCredential.objects.filter(account=account, is_enabled=True)
        .order_by("pk")
        .select_related("app")
        .first()
    )
    app = credential.app if credential else account.apps.order_by("pk").first()
    handoffs = (
        account.handoffs.live()
        .proactive()
        .filter(is_active=True, channels__contains=[Channel.INAPP])
    )
    device = (
        Device.objects.registered()
        .filter(account=account)
        .order_by("pk")
        .select_related("consumer")
        .first()
    )
    skill = account.default_skill
    return Found(
        app=app.bundle_id if app else "",
        provider=credential.provider if credential else "",
        handoff=handoffs.order_by("pk").first(),
        client=account.api_clients.filter(is_enabled=True).order_by("pk").first(),
        skill=skill.name if skill else "",
        consumer=device.consumer.ref if device else "",
    )


def _states(done: Sequence[bool]) -> list[str]:
    """The first that is not done is the one for now."""
    now = done.index(False)
    return [DONE if is_done else NOW if n == now else LATER for n, is_done in enumerate(done)]


def _texts(found: Found, has_lab: bool) -> list[tuple[str, str, str, str]]:
    """Title, text, view and the words of its button, of each step."""
    in_lab = found.provider == ProviderKind.LAB
    provider = dict(ProviderKind.choices).get(found.provider, "")
    return [
        (
            "An app to send to",
            f"{found.app} is set up." if found.app else "Name it as its stores do: com.brand.app.",
            "settings_apps",
            "Add an app",
        ),
        (
            "A way to its phones",
            "The push lab: phones in the browser, no Apple or Google account needed."
            if in_lab
            else f"{provider} has a credential."
            if provider
            else "A credential of Apple or Google, or the push lab, which needs none.",
            "settings_apps",
            "Set up push",
        ),
        (
            "A handoff",
            f"{found.handoff.title} is switched on."
            if found.handoff
            else "Choose the words and the rules. You get an id for the call.",
            "handoff_list",
            "Make a handoff",
        ),
        (
            "An API client",
            f"{found.client} may call."
            if found.client
            else "A client id and a secret, shown once, for the system that will call.",
            "settings_api",
            "Add a client",
        ),
        (
            "The first call",
            "Paste the two calls below into a terminal. The campaign appears here by itself.",
            "lab:desk" if in_lab and has_lab else "",
            "Open the lab",
        ),
    ]


def _body(found: Found) -> Mapping[str, Any]:
    numbers = placeholders(found.handoff.text) if found.handoff else []
    variables = {str(number): f"text {number}" for number in sorted(set(numbers))}
    return {
        "campaignName": "First message",
        "skill": found.skill or "…",
        "templateId": found.handoff.public_id if found.handoff else "H…",
        "consent": True,
        "consumers": [
            {
                "consumerContent": {"inapp": found.consumer or "…"},
                "variables": variables or {"1": "Hello! This is our first message."},
            }
        ],
    }
