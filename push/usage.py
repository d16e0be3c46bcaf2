"""When pushes by a credential last got through, for who looks after it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Q

from push.models import PushCredential

EVERY = timedelta(minutes=1)

# Of this process, so that it does not ask the database after each slice.
_noted: dict[tuple[int, str], datetime] = {}
_MOST_NOTED = 1000


def note_worked(fingerprints: Mapping[int, str], *, now: datetime) -> None:
    """Pushes got through by these credentials, by their primary keys, with these settings.

    Written once a minute; what was sent with settings that were replaced since tells nothing of
    those that came after. Outside a transaction: rows are written one by one, so that two workers
    never wait for each other.
    """
    due = [entry for entry in fingerprints.items() if not _is_fresh(_noted.get(entry), now)]
    if len(_noted) > _MOST_NOTED:
        _noted.clear()
    for pk, fingerprint in due:
        _noted[pk, fingerprint] = now
        rows = PushCredential.objects.filter(pk=pk, fingerprint=fingerprint)
        old = Q(last_worked_at=None) | Q(last_worked_at__lte=now - EVERY)
        rows.filter(old).update(last_worked_at=now)


def _is_fresh(noted_at: datetime | None, now: datetime) -> bool:
    return noted_at is not None and timedelta(0) <= now - noted_at < EVERY
