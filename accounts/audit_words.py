"""The audit log in words: what happened, and each field before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import AuditEvent, Role

# As they are said after the name of who did it. Verbs that are not here are told by their name.
VERBS: Mapping[str, str] = {
    "account_changed": "changed the brand",
    "account_created": "made the brand",
    "api_client_changed": "changed an API client",
    "api_client_created": "added an API client",
    "app_changed": "changed an app",
    "app_created": "added an app",
    "app_deleted": "deleted an app",
    "breaker_closed": "let a provider be called again",
    "campaign_cancelled": "cancelled a campaign",
    "canned_reply_added": "added a canned reply",
    "canned_reply_changed": "changed a canned reply",
    "canned_reply_removed": "removed a canned reply",
    "consumer_erased": "erased a consumer",
    "consumer_exported": "exported what is kept of a consumer",
    "consumer_opted_in": "opted a consumer in",
    "consumer_opted_out": "opted a consumer out",
    "conversation_returned": "gave a conversation back to its queue",
    "conversation_transferred": "handed over a conversation",
    "framing_allowed": "let a site frame the widget",
    "framing_forbidden": "no longer lets a site frame the widget",
    "handoff_archived": "archived a handoff",
    "handoff_created": "made a handoff",
    "handoff_draft_dropped": "dropped a half-made handoff",
    "handoff_edited": "changed a handoff",
    "identity_provider_saved": "saved the identity provider",
    "invitation_repeated": "sent an invitation again",
    "messages_replayed": "sent messages again",
    "own_consumer_chosen": "said which consumer they are",
    "password_link_shown": "showed a link to choose a password",
    "push_credential_refused": "noted that a push credential is refused",
    "push_credential_saved": "saved a push credential",
    "push_credential_switched_off": "switched off a push credential",
    "push_signing_secret_rotated": "rotated the signing secret of pushes",
    "push_tested": "sent a test push",
    "role_granted": "gave a role",
    "role_revoked": "removed a person",
    "secret_revoked": "revoked an API secret",
    "secret_rotated": "rotated an API secret",
    "skill_changed": "changed a skill",
    "skill_created": "added a skill",
    "skill_deleted": "deleted a skill",
    "webhook_changed": "changed a webhook",
    "webhook_created": "added a webhook",
    "webhook_deleted": "deleted a webhook",
    "webhook_delivery_replayed": "sent one event again",
    "webhook_disabled": "switched off a webhook",
    "webhook_enabled": "switched on a webhook",
    "webhook_replayed": "sent events again",
    "webhook_secret_rotated": "rotated the secret of a webhook",
    "webhook_tested": "sent a test event",
    "widget_added": "added a widget",
    "widget_removed": "removed a widget",
}
NOTHING = "nothing"
_VALUES = {None: NOTHING, "": NOTHING, True: "yes", False: "no", "…": "not shown"}
_ROLES = {str(role): str(role.label) for role in Role}


@dataclass(frozen=True, slots=True)
class Change:
    """One field; ``before`` is None where the log has but one value."""

    field: str
    before: str | None
    after: str


def verb_words(verb: str) -> str:
    return VERBS.get(verb) or verb.replace("_", " ")


def changes_in_words(event: AuditEvent) -> list[Change]:
    return [_change(name, value) for name, value in event.changes.items()]


def _change(name: str, value: Any) -> Change:
    field = name.removeprefix("is_").replace("_", " ").capitalize()
    if isinstance(value, list) and len(value) == 2:
        before, after = (_value(name, one) for one in value)
        return Change(field, before, after)
    return Change(field, None, _value(name, value))


def _value(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(name, one) for one in value) or NOTHING
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(key, one)}" for key, one in value.items()) or NOTHING
    if name == "role" and value in _ROLES:
        return _ROLES[value]
    if value is None or isinstance(value, bool | str):
        return _VALUES.get(value, str(value))
    return f"{value:,}" if isinstance(value, int) else str(value)
