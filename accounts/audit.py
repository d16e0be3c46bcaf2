"""Who changed what, written in the transaction of the change."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Model

from accounts.models import Account, AuditEvent, User


def record(
    *,
    by: str | User,
    account: Account | None,
    verb: str,
    target: Model,
    changes: Mapping[str, Sequence[Any]] | None = None,
    label: str | None = None,
) -> AuditEvent:
    """Write one line of the audit log.

    ``changes`` is ``{"field": [before, after]}``; never put secrets or message texts there.
    ``label`` stands for the target's own name, where that says who a consumer is.
    """
    return AuditEvent.objects.create(
        account_number=account.number if account else None,
        actor=str(by)[:254],
        verb=verb,
        target_type=target._meta.model_name or "",
        target_id=str(target.pk),
        target_label=(str(target) if label is None else label)[:255],
        changes=_plain(changes or {}),
    )


def changes_between(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """What differs, in the shape that `record` takes."""
    return {
        name: (before.get(name), value)
        for name, value in after.items()
        if before.get(name) != value
    }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return str(value)
