"""Canned replies: texts that agents put into their own, found by a shortcut."""

import re
from typing import ClassVar

from django.db import IntegrityError, transaction

from accounts.audit import changes_between, record
from accounts.models import Account, Skill, User
from common.errors import Conflict, DomainError
from conversations.models import CannedReply
from conversations.services.agents import SkillOfAnotherAccount
from conversations.text import readable

# As many as a list that opens while somebody types can still be looked through.
MOST_CANNED = 200
SHORTCUT = re.compile(r"[^\W_](?:[\w.-]{0,29})", re.UNICODE)


class ShortcutInvalid(DomainError):
    """It could not be typed after a slash."""

    key: ClassVar[str] = "shortcut_invalid"


class ShortcutTaken(Conflict):
    key: ClassVar[str] = "shortcut_taken"


class TooManyCanned(Conflict):
    key: ClassVar[str] = "too_many_canned"


@transaction.atomic
def add_canned(
    *, account: Account, shortcut: str, text: str, skill: Skill | None, by: str | User
) -> CannedReply:
    """:raises ShortcutInvalid: it is not one word.
    :raises ShortcutTaken: the account has it.
    :raises TooManyCanned: there are as many as fit.
    :raises TextNotAllowed: see `conversations.text.readable`.
    """
    Account.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)
    if CannedReply.objects.filter(account=account).count() >= MOST_CANNED:
        raise TooManyCanned(f"An account may have {MOST_CANNED} canned replies.")
    canned = CannedReply(account=account)
    _set(canned, shortcut, text, skill)
    changes = changes_between({}, _told(canned))
    record(by=by, account=account, verb="canned_reply_added", target=canned, changes=changes)
    return canned


@transaction.atomic
def change_canned(
    *, canned: CannedReply, shortcut: str, text: str, skill: Skill | None, by: str | User
) -> CannedReply:
    """:raises ShortcutInvalid, ShortcutTaken, TextNotAllowed: as for a new one."""
    locked = CannedReply.objects.select_for_update(of=("self",)).select_related("account", "skill")
    current = locked.get(pk=canned.pk)
    before = _told(current)
    _set(current, shortcut, text, skill)
    changes = changes_between(before, _told(current))
    if changes:
        record(
            by=by,
            account=current.account,
            verb="canned_reply_changed",
            target=current,
            changes=changes,
        )
    return current


@transaction.atomic
def remove_canned(*, canned: CannedReply, by: str | User) -> None:
    record(by=by, account=canned.account, verb="canned_reply_removed", target=canned)
    canned.delete()


def _set(canned: CannedReply, shortcut: str, text: str, skill: Skill | None) -> None:
    shortcut = shortcut.strip().removeprefix("/")
    if not SHORTCUT.fullmatch(shortcut):
        raise ShortcutInvalid(
            "A shortcut is one word of 1 to 30 letters, digits, dots and hyphens: opening-hours.",
            pointer="/shortcut",
        )
    if skill is not None and skill.account_id != canned.account_id:
        raise SkillOfAnotherAccount("The account has no such skill.", pointer="/skill")
    canned.shortcut, canned.text, canned.skill = shortcut, readable(text), skill
    try:
        with transaction.atomic():
            canned.save()
    except IntegrityError:
        raise ShortcutTaken(f"There is a canned reply /{shortcut}.", pointer="/shortcut") from None


def _told(canned: CannedReply) -> dict[str, str | None]:
    """For the audit log, which keeps no texts."""
    return {
        "shortcut": canned.shortcut,
        "skill": canned.skill.name if canned.skill else None,
        "text": f"{len(canned.text)} characters",
    }
