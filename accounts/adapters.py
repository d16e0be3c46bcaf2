"""What django-allauth asks of a product: who may join, where secrets lie, whom a company sends."""

from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from common.address import address_of
from common.fields import field_cipher


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "enter_current_password": "This is not your password.",
        "incorrect_password": "This is not your password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are invited."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """As the proxy in front has it, for the list of somebody's sessions."""
        try:
            return str(ip_address(address_of(request)))
        except ValueError:
            return str(super().get_client_ip(request))

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The pages say themselves what happened."""


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Authenticators' secrets are encrypted with FIELD_KEYS."""

    def encrypt(self, text: str) -> str:
        return field_cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return field_cipher().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        return "Proactive"


class CompanyAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """A company's identity provider opens the door to people who were invited, and to no others."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Know somebody by their address the first time, if the provider has verified it."""
        if not sociallogin.is_existing:
            verified = [one.email for one in sociallogin.email_addresses if one.verified]
            user = User.objects.filter(email__iexact=verified[0]).first() if verified else None
            if user is not None:
                sociallogin.connect(request, user)
        user = sociallogin.user
        if not sociallogin.is_existing or not user.is_active:
            raise _unknown(request)

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        """Of somebody who was signed in already; nobody is bound to another by that."""
        return reverse("profile")

    def on_authentication_error(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        messages.error(request, "Signing in through your company did not work. Try again.")
        raise ImmediateHttpResponse(redirect("account_login"))


def _unknown(request: HttpRequest) -> ImmediateHttpResponse:
    messages.error(
        request,
        "Nobody has invited you here yet. Ask an administrator of your brand.",
    )
    return ImmediateHttpResponse(redirect("account_login"))
