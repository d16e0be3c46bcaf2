"""A brand whose phones stand in the push lab."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.models import Account, App, Skill
from campaigns.delivery import deliver
from campaigns.parsing import parse_call
from campaigns.services import CreatedCampaign, create_campaign
from consumers.models import Device
from handoffs.models import Handoff
from tests.factories.accounts import AccountFactory, AppFactory, SkillFactory
from tests.factories.consumers import ConsumerFactory, DeviceFactory
from tests.factories.handoffs import HandoffFactory
from tests.factories.push import PushCredentialFactory

PLATFORMS = ("ios", "android", "web")


@dataclass(frozen=True)
class LabBrand:
    account: Account
    app: App
    billing: Skill
    handoff: Handoff

    def phone(self, ref: str, *, platform: str = "ios", name: str = "", **device: Any) -> Device:
        """A consumer who has signed in on a phone of the lab."""
        consumer = ConsumerFactory(account=self.account, ref=ref, name=name)
        return DeviceFactory(consumer=consumer, app=self.app, platform=platform, **device)

    def send(self, texts: dict[str, str]) -> CreatedCampaign:
        """A campaign to these consumers, brought to their phones as a worker would."""
        created = self.accept(texts)
        deliver_all()
        return created

    def accept(self, texts: dict[str, str]) -> CreatedCampaign:
        """A campaign to these consumers, which waits for a worker."""
        body = {
            "campaignName": "Card renewal",
            "skill": self.billing.name,
            "templateId": self.handoff.public_id,
            "consent": True,
            "consumers": [
                {"consumerContent": {"inapp": ref}, "variables": {"1": text}}
                for ref, text in texts.items()
            ],
        }
        return create_campaign(
            account=self.account,
            call=parse_call(body, max_recipients=100),
            client_id="tests",
            trace_id=uuid4(),
            now=timezone.now(),
        )


def deliver_all() -> None:
    """What a worker does when it is woken."""
    while any(deliver(lane).claimed for lane in ("none", "lab")):
        pass


def lab_brand(**account: Any) -> LabBrand:
    brand = AccountFactory(**{"name": "Larkfield Bank", **account})
    brand.default_skill = SkillFactory(account=brand, name="Support")
    brand.save(update_fields=["default_skill"])
    app = AppFactory(
        account=brand, bundle_id="com.larkfield.mobile", name="Larkfield", platforms=list(PLATFORMS)
    )
    for platform in PLATFORMS:
        PushCredentialFactory(app=app, platform=platform)
    return LabBrand(
        account=brand,
        app=app,
        billing=SkillFactory(account=brand, name="Billing"),
        handoff=HandoffFactory(
            account=brand,
            app_names=[app.bundle_id],
            notification_title="Your new card",
            text="Your new Larkfield card is on its way 💳 Reply here if the address has changed.",
        ),
    )
