"""What the pages of the settings read of a brand."""

from datetime import datetime

from django.db.models import BooleanField, ExpressionWrapper, F, Prefetch, Q, QuerySet
from oauth2_provider.models import AccessToken

from accounts.models import Account, ApiClient, ApiSecret, AuditEvent, Membership, Role, Skill, User


def administrators(account: Account) -> list[User]:
    """Who may change the settings, for those who may not."""
    people = User.objects.filter(
        memberships__account=account, memberships__role=Role.ADMINISTRATOR, is_active=True
    )
    return list(people.order_by("memberships__pk")[:5])


def api_clients(account: Account, *, now: datetime) -> "QuerySet[ApiClient]":
    """With ``live_secrets``: those that work now, the newest first."""
    live = ApiSecret.objects.filter(
        Q(valid_until=None) | Q(valid_until__gt=now), valid_from__lte=now
    )
    newest_first = Prefetch("secrets", live.order_by("-valid_from", "-pk"), to_attr="live_secrets")
    return ApiClient.objects.filter(account=account).prefetch_related(newest_first)


def live_tokens(client: ApiClient, *, now: datetime) -> int:
    """How many access tokens of the client still open the API."""
    return int(AccessToken.objects.filter(application=client, expires__gt=now).count())


def members(account: Account) -> "QuerySet[Membership]":
    """People of the brand. ``has_joined``: they signed in since they were invited."""
    joined = ExpressionWrapper(Q(user__last_login__gte=F("created_at")), BooleanField())
    rows = Membership.objects.filter(account=account).select_related("user")
    by_name = Prefetch("skills", Skill.objects.order_by("name", "pk"))
    return rows.prefetch_related(by_name).annotate(has_joined=joined)


def skills(account: Account) -> "QuerySet[Skill]":
    return Skill.objects.filter(account=account).order_by("name", "pk")


def audit_events(account: Account) -> "QuerySet[AuditEvent]":
    return AuditEvent.objects.filter(account_number=account.number)
