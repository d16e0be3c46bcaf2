"""A brand as its people know it: everything that the console has a page for, made once a test."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Account, Role, User
from campaigns.models import Campaign, DailyFigure
from campaigns.services import CreatedCampaign
from conversations.models import FramingOrigin, NamedWidget
from handoffs.models import HandoffDraft
from handoffs.services import edit_handoff
from tests.consumers.tokens import pem, rsa_key
from tests.factories.accounts import ApiClientFactory, UserFactory, member
from tests.factories.consumers import IdentityProviderFactory, OwnConsumerFactory
from tests.factories.conversations import CannedReplyFactory
from tests.factories.handoffs import HandoffDraftFactory
from tests.factories.lab import LabBrand, lab_brand
from tests.factories.push import PushCredentialFactory
from tests.factories.webhooks import WebhookEndpointFactory
from tests.talks import Talks, make_talks
from webhooks.events import EventType, NewEvent
from webhooks.models import DeliveryState
from webhooks.services import publish

ROLES = (Role.ADMINISTRATOR, Role.CAMPAIGN_MANAGER, Role.AGENT_MANAGER, Role.AGENT)


@dataclass(frozen=True)
class World:
    brand: LabBrand
    people: dict[str, User]

    @cached_property
    def sent(self) -> CreatedCampaign:
        """A campaign of which one message is sent, one suppressed, and one waits."""
        self.brand.phone("lab:down", name="Mona", platform="web", label="Mona’s browser")
        return self.brand.send({"ingrid": "Your card 💳", "stranger": "Hello", "lab:down": "Hi"})

    @cached_property
    def talks(self) -> Talks:
        """What stands in the workspace, and a canned reply."""
        CannedReplyFactory(account=self.account, shortcut="hours", text="We are here 8 to 20.")
        return make_talks(self.brand, self.administrator)

    @property
    def campaign(self) -> Campaign:
        return self.sent.campaign

    @property
    def recipient(self) -> UUID:
        return self.sent.accepted[0].public_id

    @property
    def account(self) -> Account:
        return self.brand.account

    @property
    def administrator(self) -> User:
        return self.people[Role.ADMINISTRATOR]

    @property
    def draft(self) -> HandoffDraft:
        return self.account.handoff_drafts.get()

    @property
    def campaign_manager(self) -> User:
        return self.people[Role.CAMPAIGN_MANAGER]


def make_world(*, name: str = "Larkfield Bank", mail: str = "larkfield.example") -> World:
    """A brand with its people, two consumers, a system that calls, and a half-made handoff."""
    brand = lab_brand(name=name, time_zone="Europe/Stockholm")
    people = {
        role: member(role, brand.account, email=f"{role}@{mail}", name=person)
        for role, person in zip(
            ROLES, ("Astrid Lind", "Carl Berg", "Agnes Holm", "Amir Nouri"), strict=True
        )
    }
    people[Role.AGENT].memberships.get().skills.add(brand.billing)
    # Who was invited and has not come yet; nobody signs in as them.
    member(Role.AGENT, brand.account, email=f"invited@{mail}")
    people["stranger"] = UserFactory(email=f"stranger@not.{mail}")
    ApiClientFactory(account=brand.account, name="cards-core")
    _webhook_that_fails(brand.account)
    PushCredentialFactory(
        app=brand.app,
        platform="huawei",
        provider="proxy",
        settings={"url": "https://push.brand.example/lp"},
    )
    IdentityProviderFactory(account=brand.account, public_key=pem(rsa_key()))
    NamedWidget.objects.create(
        account=brand.account, name="Orders", url="https://orders.larkfield.example/agent"
    )
    FramingOrigin.objects.create(account=brand.account, origin="https://desk.larkfield.example")
    ingrid = brand.phone("ingrid", name="Ingrid", label="Ingrid’s iPhone", os_version="19.1")
    brand.phone("kola", name="Kola", platform="android", label="Kola’s Pixel", os_version="16")
    now = timezone.now()
    edit_handoff(handoff=brand.handoff, changes={"language": "sv"}, by="Carl", now=now)
    OwnConsumerFactory(user=people[Role.ADMINISTRATOR], consumer=ingrid.consumer)
    HandoffDraftFactory(account=brand.account, by=people[Role.CAMPAIGN_MANAGER].email)
    return World(brand, people)


# Of a message in ten thousand that were accepted: what became of them.
_SHARES = {
    ("accepted", ""): 10_000,
    ("sent", ""): 9_420,
    ("delivered", ""): 8_870,
    ("opened", ""): 4_310,
    ("replied", ""): 918,
    ("suppressed", "open_conversation"): 260,
    ("suppressed", "never_logged_in"): 190,
    ("suppressed", "opted_out"): 70,
    ("failed", "token_gone"): 60,
}


def make_history(brand: LabBrand) -> None:
    """Two months of daily figures behind a brand, with quieter weekends."""
    today = timezone.now().date()
    days = [today - timedelta(days=n) for n in range(1, 61)]
    DailyFigure.objects.bulk_create(
        DailyFigure(
            account_id=brand.account.pk,
            day=day,
            handoff_id=brand.handoff.pk,
            skill_id=brand.billing.pk,
            state=state,
            reason=reason,
            n=share * (3 if day.weekday() > 4 else 8 + day.day % 5) // 10,
        )
        for day in days
        for (state, reason), share in _SHARES.items()
    )


def _webhook_that_fails(account: Account) -> None:
    """One event was given up after its last try."""
    now = timezone.now()
    endpoint = WebhookEndpointFactory(account=account, failing_since=now)
    with transaction.atomic():
        publish(events=[NewEvent(account.pk, EventType.RECIPIENT_SENT, now, {"status": "sent"})])
    endpoint.deliveries.update(
        state=DeliveryState.DEAD,
        attempts=10,
        last_tried_at=now,
        last_status=503,
        last_error="refused",
        last_elapsed_ms=184,
        finished_at=now,
    )
