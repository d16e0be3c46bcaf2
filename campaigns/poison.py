"""Messages that the engine itself cannot stand: tried a few times, then given up."""

import hashlib
import logging
import traceback
from datetime import datetime

from django.db.models import F

from campaigns.ledger import Claimed, Settled
from campaigns.models import PoisonReport, State
from campaigns.sending import again

logger = logging.getLogger(__name__)

MAX_POISON = 5


def report_poison(row: Claimed, error: Exception, now: datetime) -> Settled:
    """Count an unexpected error by its stack; the row is tried again, and given up at the fifth."""
    stack = "".join(traceback.format_tb(error.__traceback__))
    stack_hash = hashlib.sha256(stack.encode()).hexdigest()[:16]
    logger.error("Message %s failed with %s, stack %s", row.id, type(error).__name__, stack_hash)
    report, is_new = PoisonReport.objects.get_or_create(
        message_id=row.id,
        stack_hash=stack_hash,
        defaults={"summary": type(error).__name__, "last_at": now},
    )
    if is_new:
        return again(row, 1.0)
    PoisonReport.objects.filter(pk=report.pk).update(count=F("count") + 1, last_at=now)
    if report.count + 1 >= MAX_POISON:
        return Settled(row.id, row.fence, State.FAILED, "internal")
    return again(row, 2.0**report.count)
