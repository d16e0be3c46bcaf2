"""What the pages of the settings read of a brand."""

from accounts.models import Account, Role, User


def administrators(account: Account) -> list[User]:
    """Who may change the settings, for those who may not."""
    people = User.objects.filter(
        memberships__account=account, memberships__role=Role.ADMINISTRATOR, is_active=True
    )
    return list(people.order_by("memberships__pk")[:5])
