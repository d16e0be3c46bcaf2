"""Apps of a brand: added, and changed in all but the bundle id, by which handoffs name them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import Account, App, User
from common.errors import Conflict, DomainError


class AppInvalid(DomainError):
    key: ClassVar[str] = "app_invalid"


class BundleIdTaken(Conflict):
    key: ClassVar[str] = "bundle_id_taken"


@transaction.atomic
def create_app(*, account: Account, fields: Mapping[str, Any], by: str | User) -> App:
    """:raises AppInvalid: a field does not hold.
    :raises BundleIdTaken: the account has an app of this bundle id.
    """
    app = App(account=account, **fields)
    _check(app, fields)
    try:
        with transaction.atomic():
            app.save()
    except IntegrityError:
        raise BundleIdTaken(
            f"This account has an app named {app.bundle_id}.", pointer="/bundle_id"
        ) from None
    changes = audit.changes_between({}, fields)
    audit.record(by=by, account=account, verb="app_created", target=app, changes=changes)
    return app


@transaction.atomic
def change_app(*, app: App, changes: Mapping[str, Any], by: str | User) -> App:
    """Set the named fields; those that stay as they are are neither written nor audited.

    :raises AppInvalid: a value does not hold.
    """
    rows = App.objects.select_related("account")
    locked = rows.select_for_update(of=("self",), no_key=True).get(pk=app.pk)
    before = {name: getattr(locked, name) for name in changes}
    for name, value in changes.items():
        setattr(locked, name, value)
    _check(locked, changes)
    changed = audit.changes_between(before, changes)
    if changed:
        locked.save(update_fields=[*changed])
        audit.record(
            by=by, account=locked.account, verb="app_changed", target=locked, changes=changed
        )
    return locked


def _check(app: App, named: Mapping[str, Any]) -> None:
    try:
        app.clean_fields(exclude={field.name for field in app._meta.fields} - {*named})
    except ValidationError as error:
        name, words = next(iter(error.message_dict.items()))
        raise AppInvalid(" ".join(words), pointer=f"/{name}") from error
