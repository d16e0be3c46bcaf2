"""What is promised whatever crashes, checked against the ledger and the provider's own log."""

from django.utils import timezone

from campaigns.invariants import check_log, check_store
from campaigns.models import PENDING, OutboundMessage
from tests.campaigns.conftest import Brand
from tests.live import StubProxy


def pending() -> int:
    return OutboundMessage.objects.filter(state__in=PENDING).count()


def send_in_calls(brand: Brand, count: int, *, size: int = 100) -> None:
    """As a brand would: campaigns of 100."""
    refs = [f"c{n}" for n in range(1, count + 1)]
    for at in range(0, count, size):
        brand.send(*refs[at : at + size])


def assert_promise_kept(proxy: StubProxy, count: int) -> int:
    """0 lost, every row sent, the provider's log in the books; returns the pushes that were
    repeated."""
    entries = proxy.entries()
    assert check_store(now=timezone.now()) == []
    assert check_log(entries) == []
    rows = OutboundMessage.objects.all()
    assert dict.fromkeys(rows.values_list("state", flat=True)) == {"sent": None}
    ledger = {(row.public_id.hex, f"token-{row.consumer_ref}") for row in rows}
    asked = {(entry["message"], entry["token"]) for entry in entries}
    assert asked == ledger
    assert len(ledger) == count
    return len(entries) - len(asked)
