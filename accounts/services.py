"""Brands and their people: what the web tool, Django admin and the command line all call."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from guardian.shortcuts import assign_perm, get_user_perms, remove_perm

from accounts import audit, mail, tasks
from accounts.api_clients import change_api_client as change_api_client
from accounts.api_clients import create_api_client as create_api_client
from accounts.api_clients import revoke_secret as revoke_secret
from accounts.api_clients import rotate_secret as rotate_secret
from accounts.brand import AccountInvalid as AccountInvalid
from accounts.brand import change_account as change_account
from accounts.models import Account, Membership, Region, Role, Skill, User
from accounts.roles import PERMISSIONS
from accounts.skills import change_skill as change_skill
from accounts.skills import create_skill as create_skill
from accounts.skills import delete_skill as delete_skill
from common.errors import Conflict, DomainError


class AccountNumberTaken(Conflict):
    key: ClassVar[str] = "account_number_taken"


class EmailInvalid(DomainError):
    key: ClassVar[str] = "email_invalid"


class UnknownRole(DomainError):
    key: ClassVar[str] = "unknown_role"


class SkillOfAnotherAccount(DomainError):
    key: ClassVar[str] = "skill_of_another_account"


class LastAdministrator(Conflict):
    key: ClassVar[str] = "last_administrator"


@dataclass(frozen=True, slots=True)
class Invitation:
    """How a person gets in: ``url`` is for the inviter to pass on unless it is mailed."""

    membership: Membership
    url: str
    is_mailed: bool


@transaction.atomic
def create_account(
    *,
    name: str,
    number: int | None = None,
    region: str = Region.EMEA,
    time_zone: str = "UTC",
    default_skill_name: str = "default",
    admin_email: str,
    by: str | User,
) -> tuple[Account, Invitation]:
    """Make a brand, its default skill and its first administrator.

    :raises AccountInvalid: a field does not hold.
    :raises AccountNumberTaken: another brand has the number.
    """
    account = Account(name=name, region=region, time_zone=time_zone)
    if number is not None:
        account.number = number
    _save_new(account)
    account.default_skill = Skill(account=account, name=default_skill_name)
    _refuse_wrong(account.default_skill, "default skill")
    account.default_skill.save()
    account.save(update_fields=["default_skill"])
    audit.record(by=by, account=account, verb="account_created", target=account)
    invitation = invite_user(
        account=account, email=admin_email, name="", role=Role.ADMINISTRATOR, by=by
    )
    return account, invitation


def _save_new(account: Account) -> None:
    if Account.objects.filter(number=account.number).exists():
        raise AccountNumberTaken(f"Another account has the number {account.number}.")
    _refuse_wrong(account, "account")
    account.save()


def _refuse_wrong(row: Account | Skill, what: str) -> None:
    """:raises AccountInvalid: saying of what, since nobody sees the fields."""
    try:
        row.full_clean()
    except ValidationError as error:
        name, words = next(iter(error.message_dict.items()))
        label = name.replace("_", " ")
        raise AccountInvalid(f"The {label} of the {what}: {' '.join(words)}") from error


@transaction.atomic
def invite_user(
    *,
    account: Account,
    email: str,
    name: str,
    role: str,
    skills: Iterable[Skill] = (),
    by: str | User,
) -> Invitation:
    """Give a person a role; who is new gets a link to choose a password with.

    The link is mailed where the installation has e-mail, and for the inviter to copy where not.

    :raises EmailInvalid: no address.
    """
    user = _find_or_create(email.strip(), name.strip())
    return _invitation(grant_role(user=user, account=account, role=role, skills=skills, by=by))


@transaction.atomic
def invite_again(*, membership: Membership, by: str | User) -> Invitation:
    """Send the link once more, or give it to the inviter; links sent before work as long."""
    audit.record(by=by, account=membership.account, verb="invitation_repeated", target=membership)
    return _invitation(membership)


def _invitation(membership: Membership) -> Invitation:
    if settings.HAS_EMAIL:
        send = partial(tasks.send_invitation.delay, membership_id=membership.pk)
        # An invitation that could not be sent can be sent again; the role is given all the same.
        transaction.on_commit(send, robust=True)
    return Invitation(membership, mail.invitation_url(membership), settings.HAS_EMAIL)


def _find_or_create(email: str, name: str) -> User:
    try:
        validate_email(email)
    except ValidationError as error:
        raise EmailInvalid("Enter an e-mail address.", pointer="/email") from error
    found = User.objects.filter(email__iexact=email).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return User.objects.create_user(email, name=name)
    except IntegrityError:
        return User.objects.get(email__iexact=email)


@transaction.atomic
def grant_role(
    *,
    user: User,
    account: Account,
    role: str,
    skills: Iterable[Skill] = (),
    by: str | User,
) -> Membership:
    """Set what a user is in a brand. Nothing else gives or takes permissions.

    :raises UnknownRole: no such role.
    :raises SkillOfAnotherAccount: a skill belongs to another brand.
    :raises LastAdministrator: the brand would be left without one.
    """
    if role not in PERMISSIONS:
        raise UnknownRole(f"{role!r} is no role. Choose one of {', '.join(Role.values)}.")
    chosen = list(skills)
    if any(skill.account_id != account.pk for skill in chosen):
        raise SkillOfAnotherAccount("A skill belongs to another account.", pointer="/skills")
    before = _lock_membership(user, account)
    if role != Role.ADMINISTRATOR:
        _keep_an_administrator(before)
    membership, _ = Membership.objects.update_or_create(
        user=user, account=account, defaults={"role": role}
    )
    old_skills = sorted(membership.skills.values_list("name", flat=True))
    membership.skills.set(chosen)
    _set_permissions(user, account, PERMISSIONS[role])
    old = {"role": before.role if before else None, "skills": old_skills}
    new = {"role": str(role), "skills": sorted(skill.name for skill in chosen)}
    changes = audit.changes_between(old, new)
    if changes:
        audit.record(
            by=by, account=account, verb="role_granted", target=membership, changes=changes
        )
    return membership


@transaction.atomic
def revoke_role(*, user: User, account: Account, by: str | User) -> None:
    """Take a user out of a brand and end their sessions; the audit log keeps that they were in it.

    :raises LastAdministrator: the brand would be left without one.
    """
    membership = _lock_membership(user, account)
    if membership is None:
        return
    _keep_an_administrator(membership)
    changes = {"role": (membership.role, None)}
    audit.record(by=by, account=account, verb="role_revoked", target=membership, changes=changes)
    membership.delete()
    _set_permissions(user, account, frozenset())
    user.end_sessions()


def _lock_membership(user: User, account: Account) -> Membership | None:
    # The account's row serializes changes of roles: two administrators cannot remove each other.
    Account.objects.select_for_update(of=("self",)).get(pk=account.pk)
    return Membership.objects.filter(user=user, account=account).first()


def _keep_an_administrator(membership: Membership | None) -> None:
    if membership is None or membership.role != Role.ADMINISTRATOR:
        return
    others = Membership.objects.filter(
        account=membership.account_id, role=Role.ADMINISTRATOR, user__is_active=True
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise LastAdministrator("This is the last administrator. Name another one first.")


def _set_permissions(user: User, account: Account, wanted: frozenset[str]) -> None:
    present = set(get_user_perms(user, account))
    for permission in wanted - present:
        assign_perm(permission, user, account)
    for permission in present - wanted:
        remove_perm(permission, user, account)
    _set_staff(user)


def _set_staff(user: User) -> None:
    """Administrators may open Django admin, which shows them their own accounts only."""
    is_staff = user.is_superuser or user.memberships.filter(role=Role.ADMINISTRATOR).exists()
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])
