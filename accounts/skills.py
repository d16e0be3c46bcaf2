"""Skills: made, renamed, and deleted only where nothing speaks of them."""

from typing import ClassVar

from django.db import IntegrityError, models, transaction

from accounts import audit
from accounts.models import Account, Skill, User
from common.errors import Conflict


class SkillNameTaken(Conflict):
    key: ClassVar[str] = "skill_name_taken"


class SkillInUse(Conflict):
    key: ClassVar[str] = "skill_in_use"


@transaction.atomic
def create_skill(*, account: Account, name: str, target_minutes: int, by: str | User) -> Skill:
    """:raises SkillNameTaken: the account has one of this name."""
    skill = Skill(account=account, name=name, target_minutes=target_minutes)
    _save(skill)
    changes = {"name": (None, name), "target_minutes": (None, target_minutes)}
    audit.record(by=by, account=account, verb="skill_created", target=skill, changes=changes)
    return skill


@transaction.atomic
def change_skill(*, skill: Skill, name: str, target_minutes: int, by: str | User) -> Skill:
    """Rename it or set its target. Calls name a skill: those with the old name are refused then.

    :raises SkillNameTaken: another skill of the account has the name.
    """
    locked = Skill.objects.select_for_update(of=("self",), no_key=True).get(pk=skill.pk)
    before = {"name": locked.name, "target_minutes": locked.target_minutes}
    after = {"name": name, "target_minutes": target_minutes}
    changes = audit.changes_between(before, after)
    if changes:
        locked.name, locked.target_minutes = name, target_minutes
        _save(locked)
        audit.record(
            by=by, account=locked.account, verb="skill_changed", target=locked, changes=changes
        )
    return locked


@transaction.atomic
def delete_skill(*, skill: Skill, by: str | User) -> None:
    """Delete what nothing was ever routed to; people who have it lose it.

    :raises SkillInUse: it is the default, or campaigns or conversations went to it.
    """
    # Locked before it is asked about: who routes to it meanwhile waits, and then finds it gone.
    locked = Skill.objects.select_for_update(of=("self",)).get(pk=skill.pk)
    reason = why_in_use(locked)
    if reason:
        raise SkillInUse(reason)
    audit.record(by=by, account=locked.account, verb="skill_deleted", target=locked)
    locked.delete()


def why_in_use(skill: Skill) -> str:
    """What forbids to delete it, in a sentence; empty where nothing does."""
    users = _users(skill)
    if Account in users:
        return "This is the default skill. Choose another default first."
    if users:
        named = " and ".join(sorted(str(model._meta.verbose_name_plural) for model in users))
        return f"There are {named} of this skill, and they keep it. Rename it instead."
    return ""


def _users(skill: Skill) -> list[type[models.Model]]:
    """The models with a row that must not lose the skill, whichever app they are of."""
    keepers = {
        relation.related_model: relation.field.name
        for relation in Skill._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ManyToOneRel) and relation.on_delete is models.RESTRICT
    }
    return [
        model
        for model, name in keepers.items()
        if model._base_manager.filter(**{name: skill}).exists()
    ]


def _save(skill: Skill) -> None:
    try:
        with transaction.atomic():
            skill.save()
    except IntegrityError:
        raise SkillNameTaken(
            "The account has a skill of this name already.", pointer="/name"
        ) from None
