"""What a brand's IVR asks about its callers."""

from datetime import timedelta
from typing import Any

from handoffs.models import Handoff
from tests.campaigns.conftest import Brand
from tests.factories.handoffs import HandoffFactory

PHONE = "+12061234567"


def ivr_handoff(brand: Brand) -> Handoff:
    """The brand's only one for its IVR, made when it is first asked for."""
    found = brand.account.handoffs.filter(kind="ivr").first()
    return found or HandoffFactory(
        account=brand.account,
        title="Instead of waiting",
        kind="ivr",
        text="Write to us here instead of waiting on the phone 📞",
        lookback=timedelta(days=1),
    )


def caller(brand: Brand, **changes: Any) -> dict[str, Any]:
    """LivePerson's sample, with the brand's own names."""
    return {
        "consumerPhoneNumber": PHONE,
        "handoffId": ivr_handoff(brand).public_id,
        "skill": brand.skill.name,
        "ivrNumber": "180000",
        "consumerId": "anna",
        **changes,
    }
