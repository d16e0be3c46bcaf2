"""Pages for people who are not signed in yet."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView

from accounts.forms import ChoosePassword, PasswordReset, ThrottledSignIn
from accounts.mail import find_invited, invitation_tokens
from accounts.models import User
from accounts.two_factor import has_second_factor
from common.address import address_of

ONLY_BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(auth.LoginView):
    authentication_form = ThrottledSignIn
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            company=settings.OIDC_SERVER_URL and settings.OIDC_NAME, **kwargs
        )

    def form_valid(self, form: Any) -> HttpResponse:
        """Goes on with the second factor, where the person has one."""
        user = form.get_user()
        record_authentication(self.request, user, "password", email=user.email)
        answer: HttpResponse = perform_login(
            self.request, user, email_verification="none", redirect_url=self.get_success_url()
        )
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.seconds_to_wait:
            response.status_code = 429
            response.headers["Retry-After"] = str(form.seconds_to_wait)
        return response


class Profile(LoginRequiredMixin, TemplateView):
    """How somebody signs in, and where they have."""

    template_name = "accounts/profile.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: Any = self.request.user
        return super().get_context_data(
            is_profile=True,
            has_second_factor=has_second_factor(user),
            memberships=user.memberships.select_related("account").order_by("pk"),
            **kwargs,
        )


class SignOut(auth.LogoutView):
    """By POST only."""


class PasswordResetAsk(FormView):
    """Answers the same whether or not the address belongs to anybody."""

    form_class = PasswordReset
    template_name = "accounts/password_reset.html"
    success_url = reverse_lazy("password_reset_sent")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(has_email=settings.HAS_EMAIL, **kwargs)

    def form_valid(self, form: PasswordReset) -> HttpResponse:
        try:
            if settings.HAS_EMAIL:
                form.save(caller=address_of(self.request))
        except ValidationError as error:
            form.add_error(None, error)
            return self.form_invalid(form)
        return super().form_valid(form)


class PasswordResetSent(TemplateView):
    template_name = "accounts/password_reset_sent.html"


@method_decorator([sensitive_post_parameters(), never_cache], name="dispatch")
class PasswordResetConfirm(auth.PasswordResetConfirmView):
    form_class = ChoosePassword
    template_name = "accounts/choose_password.html"
    success_url = reverse_lazy("password_reset_done")
    extra_context = {"heading": "Choose a new password", "button": "Save the password"}


class PasswordResetDone(TemplateView):
    template_name = "accounts/password_reset_done.html"


class AcceptInvitation(PasswordResetConfirm):
    """The link of an invitation: choose a password and be signed in."""

    token_generator = invitation_tokens
    post_reset_login = True
    post_reset_login_backend = ONLY_BACKEND
    success_url = reverse_lazy("sign_in")
    extra_context = {"heading": "Welcome", "button": "Save the password and sign in"}

    def get_user(self, uidb64: str) -> User | None:
        return find_invited(uidb64)

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, "Your password was saved.")
        return response
