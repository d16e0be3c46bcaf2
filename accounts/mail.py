"""Links that open an account once, and the mails that carry them.

A link is made where it is used, on the page that shows it or in the worker that mails it, and so
never travels through the broker.
"""

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.tokens import PasswordResetTokenGenerator, default_token_generator
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.models import Membership, User


class InvitationTokens(PasswordResetTokenGenerator):
    """Good until a password is chosen, and for PASSWORD_RESET_TIMEOUT."""

    key_salt = "accounts.mail.InvitationTokens"


invitation_tokens = InvitationTokens()


def invitation_url(membership: Membership) -> str:
    """Where an invited person goes: to choose a password, or to sign in if they have one.

    The link names the membership and is alike for both, so that it does not tell one brand whom
    another knows.
    """
    token = invitation_tokens.make_token(membership.user)
    return _link("invitation", membership.pk, token)


def find_invited(uidb64: str) -> User | None:
    """Whose password the holder of an invitation may choose; None where nobody's.

    Of a person in several brands it is the first brand's alone, lest the administrator of another
    choose the password of that one's. Who has signed in without one, through their company, needs
    none.
    """
    try:
        pk = int(urlsafe_base64_decode(uidb64))
        membership = Membership.objects.select_related("user").get(pk=pk)
    except (ValueError, OverflowError, Membership.DoesNotExist):
        return None
    user = membership.user
    is_known = user.memberships.filter(pk__lt=membership.pk).exists()
    has_come = user.has_usable_password() or user.last_login is not None
    return None if has_come or is_known or user.is_superuser else user


def send_invitation(*, membership_id: int) -> None:
    membership = Membership.objects.select_related("user", "account").get(pk=membership_id)
    context = {"membership": membership, "url": invitation_url(membership)}
    _send("invitation", membership.user, f"Your access to {membership.account.name}", context)


def send_password_reset(*, email: str) -> None:
    """Mail a link to whoever has this address and a password; to nobody otherwise."""
    for user in PasswordResetForm().get_users(email):
        context = {"user": user, "url": password_link(user)}
        _send("password_reset", user, "Choose a new password", context)


def password_link(user: User) -> str:
    """Where a new password is chosen; whoever has the link can."""
    return _link("password_reset_confirm", user.pk, default_token_generator.make_token(user))


def _link(name: str, pk: int, token: str) -> str:
    # The installation's own address, never the request's Host header.
    uid = urlsafe_base64_encode(force_bytes(pk))
    path = reverse(name, kwargs={"uidb64": uid, "token": token})
    return f"{settings.PUBLIC_URL}{path}"


def _send(template: str, user: User, subject: str, context: dict[str, object]) -> None:
    body = render_to_string(f"accounts/mail/{template}.txt", context)
    send_mail(subject.replace("\n", " "), body, settings.DEFAULT_FROM_EMAIL, [user.email])
