"""Forms of Django admin whose saving goes through services."""

from typing import ClassVar

from django import forms
from oauth2_provider.settings import oauth2_settings

from accounts.models import Account, ApiClient, App, Membership, Platform


class NewAccount(forms.ModelForm):
    admin_email = forms.EmailField(label="First administrator", help_text="Gets an invitation.")
    default_skill_name = forms.CharField(max_length=255, initial="default")

    class Meta:
        model = Account
        fields: ClassVar = ["name", "number", "region", "time_zone"]


class Invite(forms.ModelForm):
    email = forms.EmailField(label="E-mail", max_length=254)
    name = forms.CharField(max_length=150, required=False)

    class Meta:
        model = Membership
        fields: ClassVar = ["account", "role", "skills"]


class AppForm(forms.ModelForm):
    platforms = forms.MultipleChoiceField(
        choices=Platform.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = App
        fields: ClassVar = [
            "account",
            "bundle_id",
            "name",
            "platforms",
            "min_ios_sdk",
            "min_android_sdk",
            "min_androidx_sdk",
            "origins",
        ]


class ApiClientForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=list(oauth2_settings.SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = ApiClient
        fields: ClassVar = ["account", "name", "is_enabled"]


class NewApiClient(ApiClientForm):
    client_id = forms.CharField(
        max_length=100, required=False, help_text="Only for a brand that keeps its own."
    )
    secret = forms.CharField(
        required=False,
        widget=forms.PasswordInput,
        help_text="Only for a brand that keeps its own; otherwise one is made.",
    )

    class Meta:
        model = ApiClient
        fields: ClassVar = ["account", "name"]
