"""Signing in, and choosing a password."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.forms import ChangePasswordForm, ReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm as SecondFactorForm
from allauth.mfa.base.forms import ReauthenticateForm as SecondFactorAgainForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.core.cache import cache
from django.core.exceptions import ValidationError
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts import tasks
from accounts.throttle import FailureLimit, digest_of
from common.address import address_of
from common.limits import Policy, limiter

SIGN_IN_FAILURES = FailureLimit("sign-in", failures=10, window=15 * 60)
# Of who knows the password already: a code has a million values, and three of them hold at a time.
SECOND_FACTOR_FAILURES = FailureLimit("second-factor", failures=5, window=15 * 60)
# Links to choose a new password: to one mailbox, and for one caller, whoever else's they ask for.
LINKS_TO_ONE = Policy("password-links", quota=5, window=3600)
LINKS_FOR_ONE = Policy("password-link-requests", quota=20, window=3600)
LARGE = {"class": "input in-lg"}


def too_many_tries(seconds_to_wait: int) -> ValidationError:
    minutes = -(-seconds_to_wait // 60)
    return ValidationError(f"Too many tries. Wait {minutes} min, then try again.")


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
            raise too_many_tries(self.seconds_to_wait)
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            SIGN_IN_FAILURES.count(*who)
            raise
        SIGN_IN_FAILURES.forget(*who)
        return cleaned


class PasswordReset(forms.Form):
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput({**LARGE, "autocomplete": "email", "autofocus": True}),
    )

    def save(self, *, caller: str) -> None:
        """Let a worker look for the address, so that known and unknown ones take the same time.

        A mailbox that was sent enough gets no more, which only its owner notices.

        :raises ValidationError: the caller asked too often, or the broker is away.
        """
        asked = limiter().take_request(LINKS_FOR_ONE, digest_of(caller))
        if not asked.is_allowed:
            raise too_many_tries(asked.wait)
        email = self.cleaned_data["email"]
        if not limiter().take_request(LINKS_TO_ONE, digest_of(email.lower())).is_allowed:
            return
        try:
            tasks.send_password_reset.delay(email=email)
        except OperationalError as error:
            raise ValidationError("The mail can't be sent now. Try again shortly.") from error


class ChoosePassword(SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.update(LARGE)
        self.fields["new_password1"].label = "New password"
        self.fields["new_password2"].label = "The same again"


class ChangePassword(ChangePasswordForm):  # type: ignore[misc]
    """Asks for the old one as well, as often as signing in; the other sessions end with it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(
            self, oldpassword="Password now", password1="New password", password2="The same again"
        )

    def clean_oldpassword(self) -> str:
        with _counted(SIGN_IN_FAILURES, self.user.email.lower(), "again"):
            return str(super().clean_oldpassword())


class PasswordAgain(ReauthenticateForm):  # type: ignore[misc]
    """Before what a borrowed session must not do; throttled as signing in is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, password="Password")

    def clean_password(self) -> str:
        with _counted(SIGN_IN_FAILURES, self.user.email.lower(), "again"):
            return str(super().clean_password())


class _ThrottledCode:
    """A form with a ``code`` of an authenticator app, or a recovery code."""

    user: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, code="Code")
        self.fields["code"].widget.attrs.update(autofocus=True, inputmode="text")  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        with _counted(SECOND_FACTOR_FAILURES, str(self.user.pk)):
            code = str(super().clean_code())  # type: ignore[misc]
            # The library forgets a used code after one step; it holds for three.
            if not cache.add(f"code:{digest_of(str(self.user.pk), code)}", 1, timeout=3 * 30):
                raise ValidationError("This code was used before. Wait for the next.")
            return code


class SecondFactor(_ThrottledCode, SecondFactorForm):  # type: ignore[misc]
    """After the password."""


class SecondFactorAgain(_ThrottledCode, SecondFactorAgainForm):  # type: ignore[misc]
    """Instead of the password, before what a borrowed session must not do."""


class NewSecondFactor(_ThrottledCode, ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app that has just been set up."""


def _plain(form: Any, **labels: str) -> None:
    for name, label in labels.items():
        field = form.fields[name]
        field.label = label
        field.widget.attrs.update(LARGE)
        field.widget.attrs.pop("placeholder", None)


@contextmanager
def _counted(limit: FailureLimit, *who: str) -> Iterator[None]:
    """Count what is refused in here.

    :raises ValidationError: it was refused, or too much was.
    """
    if wait := limit.seconds_to_wait(*who):
        raise too_many_tries(wait)
    try:
        yield
    except ValidationError:
        limit.count(*who)
        raise
    except RedisError as error:
        # Whether a code was used before is kept there.
        raise ValidationError("Codes can't be checked now. Try again shortly.") from error
    limit.forget(*who)
