"""What leads an empty account to its first message, told from what there is (G6)."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import Account, ApiClient
from consumers.models import Device
from handoffs.models import Channel, Handoff
from handoffs.programs import Call
from handoffs.snippets import Snippet, call_of, senders, snippets
from push.models import ProviderKind, PushCredential

DONE, NOW, LATER = "done", "now", "later"


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
    call: Call

    @property
    def done(self) -> int:
        return sum(step.state == DONE for step in self.steps)

    @property
    def snippets(self) -> Sequence[Snippet]:
        return snippets(self.call)

    @property
    def is_ready(self) -> bool:
        """Whether all that is left is the call itself."""
        return self.done == len(self.steps) - 1


def first_run(account: Account, *, has_lab: bool) -> Guide:
    """``has_lab``: the push lab can be opened."""
    found = _find(account)
    states = _states([*found.done, False])
    steps = [
        Step(title, text, state, view, action)
        for (title, text, view, action), state in zip(_texts(found, has_lab), states, strict=True)
    ]
    handoff = found.handoff or _any_handoff(account)
    return Guide(steps, call_of(handoff, consumer_ref=found.consumer))


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
    return Found(
        app=app.bundle_id if app else "",
        provider=credential.provider if credential else "",
        handoff=handoffs.order_by("pk").first(),
        client=senders(account).first(),
        consumer=device.consumer.ref if device else "",
    )


def _any_handoff(account: Account) -> Handoff:
    """Stands in the call, without an id, until there is one."""
    return Handoff(account=account, public_id="", title="First message", text="Hi ${{1}}")


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
            "Put the secret into the call below and run it. The campaign appears here by itself.",
            "lab:desk" if in_lab and has_lab else "",
            "Open the lab",
        ),
    ]
