"""Signing in, and choosing a password."""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.core.exceptions import ValidationError
from kombu.exceptions import OperationalError

from accounts import tasks
from accounts.throttle import FailureLimit
from common.address import address_of

SIGN_IN_FAILURES = FailureLimit("sign-in", failures=10, window=15 * 60)
LARGE = {"class": "input in-lg"}


class ThrottledSignIn(AuthenticationForm):
    """E-mail and password; too many failures make address and e-mail wait together (G1)."""

    username = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput({**LARGE, "autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput({**LARGE, "autocomplete": "current-password"}),
    )
    error_messages = {
        "invalid_login": "E-mail or password is wrong.",
        "inactive": "E-mail or password is wrong.",
    }
    seconds_to_wait = 0

    def clean(self) -> dict[str, Any]:
        if self.errors:
            return self.cleaned_data
        who = (self.cleaned_data["username"].lower(), address_of(self.request))
        self.seconds_to_wait = SIGN_IN_FAILURES.seconds_to_wait(*who)
        if self.seconds_to_wait:
            minutes = -(-self.seconds_to_wait // 60)
            raise ValidationError(f"Too many tries. Wait {minutes} min, then try again.")
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            SIGN_IN_FAILURES.count(*who)
            raise
        SIGN_IN_FAILURES.forget(*who)
        return cleaned


class AdminSignIn(ThrottledSignIn, AdminAuthenticationForm):
    """Django admin's own door, throttled alike."""


class PasswordReset(forms.Form):
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput({**LARGE, "autocomplete": "email", "autofocus": True}),
    )

    def save(self, **kwargs: Any) -> None:
        """Let a worker look for the address, so that known and unknown ones take the same time.

        :raises ValidationError: the broker is away.
        """
        try:
            tasks.send_password_reset.delay(email=self.cleaned_data["email"])
        except OperationalError as error:
            raise ValidationError("The mail can't be sent now. Try again shortly.") from error


class ChoosePassword(SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.update(LARGE)
        self.fields["new_password1"].label = "New password"
        self.fields["new_password2"].label = "The same again"
