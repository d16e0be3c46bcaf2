"""What a brand says of itself: name, time zone, welcome, and where conversations go by default."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import Account, User
from common.errors import DomainError

# A message text is not for the audit log: of it only the length is kept.
TEXTS = frozenset({"welcome_message"})


class AccountInvalid(DomainError):
    key: ClassVar[str] = "account_invalid"


@transaction.atomic
def change_account(*, account: Account, changes: Mapping[str, Any], by: str | User) -> Account:
    """Set the named fields; those that stay as they are are neither written nor audited.

    :raises AccountInvalid: a value does not hold, or the skill is another account's.
    """
    locked = Account.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)
    before = {name: getattr(locked, name) for name in changes}
    for name, value in changes.items():
        setattr(locked, name, value)
    _check(locked, changes)
    changed = audit.changes_between(before, changes)
    if changed:
        locked.save(update_fields=[*changed])
        audit.record(
            by=by,
            account=locked,
            verb="account_changed",
            target=locked,
            changes={name: _told(name, values) for name, values in changed.items()},
        )
    return locked


def _check(account: Account, changes: Mapping[str, Any]) -> None:
    try:
        account.clean_fields(exclude={field.name for field in account._meta.fields} - {*changes})
    except ValidationError as error:
        name, words = next(iter(error.message_dict.items()))
        raise AccountInvalid(" ".join(words), pointer=f"/{name}") from error
    skill = account.default_skill
    if skill is not None and skill.account_id != account.pk:
        raise AccountInvalid("A skill belongs to another account.", pointer="/default_skill")


def _told(name: str, values: tuple[Any, Any]) -> tuple[Any, Any]:
    if name not in TEXTS:
        return values
    before, after = values
    return f"{len(before)} characters", f"{len(after)} characters"
