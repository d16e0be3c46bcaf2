"""The brand, its people, its skills, its apps, its API clients, and who changed what."""

from accounts.models.audit import AuditEvent
from accounts.models.brand import (
    ORIGIN,
    VERSION,
    Account,
    App,
    Platform,
    Region,
    Skill,
    new_account_number,
    validate_time_zone,
)
from accounts.models.clients import ApiClient, ApiSecret
from accounts.models.people import Membership, Role, User, UserManager

__all__ = [
    "Account",
    "ApiClient",
    "ApiSecret",
    "App",
    "AuditEvent",
    "Membership",
    "ORIGIN",
    "Platform",
    "Region",
    "Role",
    "Skill",
    "User",
    "UserManager",
    "VERSION",
    "new_account_number",
    "validate_time_zone",
]
