"""Settings, Limits and welcome: what the brand says of itself, and how much it may ask of us."""

from typing import Any

from django.http import HttpResponse

from accounts import services
from accounts.models import Account
from accounts.pages.base import SettingForm
from accounts.pages.forms import WELCOME_LENGTH, BrandFields
from accounts.roles import VIEW_CAMPAIGNS

FIELDS = (
    "name",
    "time_zone",
    "default_skill",
    "welcome_message",
    "return_after_minutes",
    "close_after_hours",
    "requires_two_factor",
)


class Limits(SettingForm):
    template_name = "accounts/settings/limits.html"
    form_class = BrandFields
    required_permission = VIEW_CAMPAIGNS
    back_view = "settings_limits"

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.account, name) for name in FIELDS}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"account": self.account, **super().get_form_kwargs()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            limits=limits_of(self.account), longest=WELCOME_LENGTH, **kwargs
        )

    def save(self, form: BrandFields) -> HttpResponse:
        services.change_account(account=self.account, changes=form.cleaned_data, by=self.user)
        return self.back_to("settings_limits", told="The settings were saved.")


def limits_of(account: Account) -> list[tuple[str, str, str]]:
    """What the operator set: name, value, what it means."""
    rate = account.messages_per_second
    return [
        ("Recipients a call", f"{account.max_recipients:,}", "A call that names more is refused."),
        (
            "Recipients a day",
            f"{account.daily_recipients:,}",
            "Of all calls from midnight to midnight, UTC.",
        ),
        (
            "Requests a second",
            f"{account.requests_per_second:,}",
            "To each API; the next one is answered with 429 and sent again a second later.",
        ),
        (
            "Messages a second",
            f"{rate:,}" if rate else "as fast as it goes",
            "On each channel; what is beyond it waits, and nothing is lost.",
        ),
        ("Region", account.get_region_display(), "Whose hosts the Domain API names."),
    ]
