"""Time that passes without anybody waiting: everything that is stored becomes so much older."""

from datetime import timedelta

from django.db.models import F

from campaigns.models import OutboundMessage
from push.models import Breaker, PushCredential


def pass_time(seconds: float) -> None:
    shift = timedelta(seconds=seconds)
    for model, names in (
        (OutboundMessage, ("created_at", "due_at", "expires_at")),
        (Breaker, ("opened_at", "probe_at", "counted_from", "noticed_at")),
        (PushCredential, ("switched_off_at",)),
    ):
        model.objects.update(**{name: F(name) - shift for name in names})
