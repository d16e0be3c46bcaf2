"""One person of the brand: found by id, what was sent to them, and whether each app reaches them.

A person is a consumer, or only an id that messages were addressed to: who never signed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Account, App
from campaigns.eligibility import Allowed, CampaignFacts, Refused, decide
from campaigns.facts import fetch_unlocked
from campaigns.ledger import Claimed
from campaigns.models import OutboundMessage, State
from campaigns.reasons import Reason, reason
from campaigns.windows import Schedule
from common.ids import uuid7s
from common.json_body import is_storable
from consumers.models import Consumer
from conversations.models import Source

MOST_FOUND = 25
# As a handoff would that pushes whether people are signed in or out.
ANY_HANDOFF = {
    "push_when_logged_in": True,
    "push_when_logged_out": True,
    "device_choice": "all",
}


@dataclass(frozen=True, slots=True)
class Person:
    """``key`` is how pages name the person, without saying the brand's own id."""

    account: Account
    ref: str
    consumer: Consumer | None
    key: str


@dataclass(frozen=True, slots=True)
class Found:
    """``is_exact``: the first one has the very id that was looked for."""

    people: Sequence[Person]
    is_exact: bool
    has_more: bool


@dataclass(frozen=True, slots=True)
class AppReach:
    """``why`` is None where the app reaches the person now, on so many devices."""

    app: App
    devices: int
    why: Reason | None


def find_people(account: Account, text: str) -> Found:
    """Who has the id, then those whose id begins with it, in the order of ids."""
    if not text or len(text) > 255 or not is_storable(text):
        return Found([], is_exact=False, has_more=False)
    exact = find_by_ref(account, text)
    begins = Consumer.objects.filter(account=account, ref__startswith=text).exclude(ref=text)
    others = list(begins.order_by("ref")[: MOST_FOUND + 1])
    people = [_person(account, consumer) for consumer in others[:MOST_FOUND]]
    return Found(
        [exact, *people] if exact else people,
        is_exact=exact is not None,
        has_more=len(others) > MOST_FOUND,
    )


def find_by_ref(account: Account, ref: str) -> Person | None:
    consumer = Consumer.objects.filter(account=account, ref=ref).first()
    if consumer is not None:
        return _person(account, consumer)
    message = messages_to(account, ref).order_by("-pk").first()
    return Person(account, ref, None, message.public_id.hex) if message else None


def find_by_key(account: Account, key: str) -> Person | None:
    """By a consumer's primary key, or the id of any message that was addressed to the person."""
    if len(key) < 32:
        consumer = Consumer.objects.filter(account=account, pk=int(key)).first()
        return _person(account, consumer) if consumer else None
    message = OutboundMessage.objects.filter(account=account, public_id=UUID(key)).first()
    if message is None or message.is_erased:
        return None
    return find_by_ref(account, message.consumer_ref)


def messages_to(account: Account, ref: str) -> "QuerySet[OutboundMessage]":
    return OutboundMessage.objects.filter(account=account, consumer_ref=ref)


def reach_of(person: Person, *, now: datetime) -> list[AppReach]:
    """What the rules of delivery (D4) say of a message to the person now, for each app."""
    account = person.account
    apps = list(account.apps.order_by("bundle_id"))
    campaigns = {app.pk: _any_campaign(account, app) for app in apps}
    rows = [_any_message(account, app, person.ref, now) for app in apps]
    named = {app.pk: app for app in apps}
    return [
        _reach(named[row.campaign_id], decide(facts, now=now))
        for row, facts in fetch_unlocked(rows, campaigns, now=now)
    ]


def _reach(app: App, verdict: object) -> AppReach:
    if isinstance(verdict, Allowed):
        return AppReach(app, len(verdict.devices), None)
    assert isinstance(verdict, Refused)  # there is no schedule to wait for
    return AppReach(app, 0, reason(verdict.reason))


def _person(account: Account, consumer: Consumer) -> Person:
    return Person(account, consumer.ref, consumer, str(consumer.pk))


def _any_campaign(account: Account, app: App) -> CampaignFacts:
    """A campaign to this app alone, of which the rules know no more than that."""
    return CampaignFacts(
        id=app.pk,
        public_id="",
        account_number=account.number,
        account_id=account.pk,
        name="",
        engagement_name="",
        skill_id=0,
        le_campaign_id=0,
        le_engagement_id=0,
        source=Source.API,
        is_cancelled=False,
        handoff=ANY_HANDOFF,
        app_ids=(app.pk,),
        schedule=Schedule(),
        time_zone=account.time_zone,
    )


def _any_message(account: Account, app: App, ref: str, now: datetime) -> Claimed:
    return Claimed(
        id=app.pk,
        public_id=uuid7s(1)[0],
        account_id=account.pk,
        campaign_id=app.pk,
        consumer_ref=ref,
        title="",
        text="",
        fence=1,
        attempts=0,
        expires_at=now + timedelta(days=1),
        created_at=now,
        was=State.QUEUED,
    )
