"""An endpoint's health: since when it fails, and when it is switched off."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.audit import record
from accounts.models import User
from webhooks.models import DisabledReason, WebhookEndpoint

# An endpoint without one success for so long is switched off.
LONGEST_FAILING = timedelta(days=5)
ACTOR = "webhooks"


def note_results(
    *, succeeded: Collection[int], failed: Collection[int], gone: Collection[int], now: datetime
) -> None:
    """Tell endpoints, by primary key, what came of their calls; inside a transaction.

    Writes only where something changes: a healthy endpoint's row is left alone.
    """
    only_failed = set(failed) - set(succeeded)
    changing = WebhookEndpoint.objects.filter(is_enabled=True).filter(
        Q(pk__in=gone)
        | Q(pk__in=succeeded, failing_since__isnull=False)
        | Q(pk__in=only_failed, failing_since__isnull=True)
        | Q(pk__in=only_failed, failing_since__lte=now - LONGEST_FAILING)
    )
    locked = changing.defer("sealed").select_for_update(no_key=True).order_by("pk")
    for endpoint in locked:
        if endpoint.pk in gone:
            disable(endpoint=endpoint, reason=DisabledReason.GONE, by=ACTOR, now=now)
        elif endpoint.pk in succeeded:
            _set_failing_since(endpoint, None)
        elif endpoint.failing_since is None:
            _set_failing_since(endpoint, now)
        else:
            disable(endpoint=endpoint, reason=DisabledReason.FAILING, by=ACTOR, now=now)


def disable(
    *, endpoint: WebhookEndpoint, reason: DisabledReason, by: User | str, now: datetime
) -> None:
    """Switch it off: what waits is given up. The brand's people are told unless a person did it."""
    endpoint.is_enabled = False
    endpoint.disabled_reason = reason
    endpoint.disabled_at = now
    endpoint.is_notice_due = reason != DisabledReason.BY_HAND
    endpoint.save(update_fields=["is_enabled", "disabled_reason", "disabled_at", "is_notice_due"])
    record(
        by=by,
        account=endpoint.account,
        verb="webhook_disabled",
        target=endpoint,
        changes={"is_enabled": [True, False], "disabled_reason": ["", reason.value]},
    )


def _set_failing_since(endpoint: WebhookEndpoint, at: datetime | None) -> None:
    endpoint.failing_since = at
    endpoint.save(update_fields=["failing_since"])
