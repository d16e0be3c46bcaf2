"""D7: what the app tells of a message: forward only, counted once, and only of its own."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from campaigns.invariants import check_store
from campaigns.models import MessageEvent, OutboundMessage
from campaigns.receipts import UnknownMessage, record_event
from conversations.models import MessageState, ReplyRoute
from tests.campaigns.conftest import deliver_all, make_brand
from tests.consumers import tokens
from tests.consumers.conftest import Sdk
from tests.factories.consumers import IdentityProviderFactory

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def message(brand):
    """A message that was sent to anna's phone."""
    brand.consumer("anna")
    brand.send("anna")
    deliver_all()
    return OutboundMessage.objects.get()


@pytest.fixture
def sdk(brand):
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    return Sdk(brand.account)


def told(message, kind, minutes, **changes):
    return record_event(
        account=message.campaign.account,
        message_id=message.public_id,
        kind=kind,
        now=NOON + timedelta(minutes=minutes),
        **changes,
    )


def times(message):
    message.refresh_from_db()
    return [
        at and (at - NOON) // timedelta(minutes=1)
        for at in (message.delivered_at, message.opened_at)
    ]


def tallied(message):
    totals = message.campaign.tallies.all().totals()
    return totals.get("delivered", 0), totals.get("opened", 0)


def receipts(message):
    events = MessageEvent.objects.filter(message=message, kind__in=["delivered", "opened"])
    return list(events.order_by("id").values_list("kind", flat=True))


def test_a_receipt_is_recorded_and_counted(message):
    assert told(message, "delivered", 1)
    assert (times(message), tallied(message)) == ([1, None], (1, 0))
    assert ReplyRoute.objects.get().state == MessageState.DELIVERED

    assert told(message, "opened", 2)
    assert (times(message), tallied(message)) == ([1, 2], (1, 1))
    assert ReplyRoute.objects.get().state == MessageState.OPENED
    assert receipts(message) == ["delivered", "opened"]


def test_a_repeated_receipt_changes_nothing_and_is_not_counted(message):
    for minutes in (1, 5, 9):
        assert told(message, "delivered", minutes) == (minutes == 1)
    for minutes in (2, 6):
        assert told(message, "opened", minutes) == (minutes == 2)

    assert (times(message), tallied(message)) == ([1, 2], (1, 1))
    assert receipts(message) == ["delivered", "opened"]


def test_who_opened_a_message_was_delivered_it(message):
    told(message, "opened", 3)

    assert (times(message), tallied(message)) == ([3, 3], (1, 1))


def test_a_late_receipt_never_overwrites_a_later_one(message):
    """Opened came first: delivered is known by then."""
    told(message, "opened", 3)

    assert not told(message, "delivered", 1)
    assert (times(message), tallied(message)) == ([3, 3], (1, 1))
    assert ReplyRoute.objects.get().state == MessageState.OPENED
    assert receipts(message) == ["opened"]


def test_a_receipt_does_not_move_the_message_s_own_state(message):
    told(message, "opened", 3)

    message.refresh_from_db()
    assert (message.state, message.attempts) == ("sent", 1)
    assert check_store(now=timezone.now()) == []


def test_a_receipt_after_the_lookback_is_still_recorded(message):
    assert told(message, "delivered", 60 * 24 * 40)
    assert tallied(message) == (1, 0)


def test_the_app_tells_of_its_own_messages(sdk, message):
    for path in (f"messages/{message.public_id}", f"messages/{message.public_id.hex}"):
        for kind in ("delivered", "opened", "opened/"):
            response = sdk.signed_in("anna").post(f"{path}/{kind}")
            assert response.status_code == 200, response.content
    assert response.json() == {"id": str(message.public_id), "recorded": False}
    assert tallied(message) == (1, 1)


def test_nobody_tells_of_another_consumer_s_message(sdk, message):
    response = sdk.signed_in("bo").post(f"messages/{message.public_id}/opened")

    assert response.status_code == 404
    assert (times(message), receipts(message)) == ([None, None], [])


def test_nobody_tells_of_another_brand_s_message(sdk, message):
    other = make_brand()
    other.consumer("anna")
    other.send("anna")
    theirs = OutboundMessage.objects.get(account=other.account)

    response = sdk.signed_in("anna").post(f"messages/{theirs.public_id}/opened")

    assert response.status_code == 404
    with pytest.raises(UnknownMessage):
        record_event(
            account=message.campaign.account,
            message_id=theirs.public_id,
            kind="opened",
            now=NOON,
        )


def test_an_unknown_message_is_404(sdk, message):
    assert sdk.post(f"messages/{uuid4()}/opened").status_code == 404
    assert sdk.post("messages/nonsense/opened").status_code == 404
    assert sdk.post(f"messages/{message.public_id}/eaten").status_code == 404


def test_a_receipt_needs_a_token_and_is_a_post(sdk, message):
    path = f"messages/{message.public_id}/opened"

    assert sdk.bearing("nonsense").post(path).status_code == 401
    assert sdk.get(path).status_code == 405
    assert receipts(message) == []
