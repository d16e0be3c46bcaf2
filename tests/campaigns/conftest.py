"""A brand that can send: skills, an app with the push lab, a handoff, consumers with devices."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Account, App, Skill
from campaigns.delivery import deliver
from campaigns.models import Campaign, OutboundMessage
from campaigns.parsing import parse_call
from campaigns.services import CreatedCampaign, create_campaign
from handoffs.models import Handoff
from tests.campaigns.caller import Api
from tests.factories.accounts import (
    AccountFactory,
    ApiClientFactory,
    AppFactory,
    SkillFactory,
    bearer,
)
from tests.factories.consumers import ConsumerFactory, DeviceFactory
from tests.factories.handoffs import HandoffFactory
from tests.factories.push import PushCredentialFactory


@dataclass
class Brand:
    account: Account
    app: App
    skill: Skill
    default_skill: Skill
    handoff: Handoff
    made: list[Any] = field(default_factory=list)

    def consumer(self, ref: str, *, platform: str = "ios", **device: Any) -> Any:
        """A consumer who has signed in, with one device."""
        consumer = ConsumerFactory(account=self.account, ref=ref)
        DeviceFactory(consumer=consumer, app=self.app, platform=platform, **device)
        return consumer

    def body(self, *refs: str, **changes: Any) -> dict[str, Any]:
        body = {
            "campaignName": "Card renewal",
            "skill": self.skill.name,
            "templateId": self.handoff.public_id,
            "consent": True,
            "consumers": [
                {"consumerContent": {"inapp": ref}, "variables": {"1": f"Hi {ref}"}} for ref in refs
            ],
        }
        return {**body, **changes}

    def send(self, *refs: str, now: Any = None, **changes: Any) -> CreatedCampaign:
        """Accept a campaign; nothing is delivered yet."""
        call = parse_call(self.body(*refs, **changes), max_recipients=10_000)
        return create_campaign(
            account=self.account,
            call=call,
            client_id="tests",
            trace_id=uuid4(),
            now=now or timezone.now(),
        )


def make_brand(**account: Any) -> Brand:
    owner = AccountFactory(**account)
    app = AppFactory(account=owner, bundle_id="com.brand.app", name="Brand")
    for platform in ("ios", "android"):
        PushCredentialFactory(app=app, platform=platform)
    default_skill = SkillFactory(account=owner, name="general")
    owner.default_skill = default_skill
    owner.save()
    return Brand(
        account=owner,
        app=app,
        skill=SkillFactory(account=owner, name="billing"),
        default_skill=default_skill,
        handoff=HandoffFactory(account=owner, title="Cards", lookback=timedelta(days=30)),
    )


@pytest.fixture
def brand(db: None) -> Brand:
    return make_brand()


@pytest.fixture
def api(brand: Brand) -> Api:
    """The brand's CRM, with a fresh token."""
    return Api(brand.account, bearer(ApiClientFactory(account=brand.account)))


def deliver_all(*lanes: str) -> None:
    """Deliver until nothing is due, following rows that change lanes."""
    todo = set(lanes or ("none", "lab", "proxy", "aside"))
    while todo:
        lane = todo.pop()
        done = deliver(lane)
        todo |= done.lanes | ({lane} if done.claimed else set())


def states(campaign: Campaign) -> dict[str, tuple[str, str]]:
    rows = OutboundMessage.objects.filter(campaign=campaign)
    return {row.consumer_ref: (row.state, row.reason) for row in rows}
