"""Forms of the operator's window."""

from typing import Any, ClassVar

from django import forms

from consumers.identity import IdentityProviderInvalid, check_identity_provider
from consumers.keys import ALGORITHMS
from consumers.models import IdentityProvider


class IdentityProviderForm(forms.ModelForm):
    algorithms = forms.MultipleChoiceField(
        choices=[(name, name) for name in ALGORITHMS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="None ticked allows both.",
    )
    jwks_url = forms.URLField(
        required=False, max_length=500, assume_scheme="https", label="Key set address (JWKS)"
    )

    class Meta:
        model = IdentityProvider
        fields: ClassVar = [
            "account",
            "issuer",
            "audience",
            "algorithms",
            "public_key",
            "jwks_url",
            "max_lifetime_seconds",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        settings = {name: cleaned[name] for name in cleaned if name != "account"}
        try:
            check_identity_provider(IdentityProvider(**settings))
        except IdentityProviderInvalid as error:
            self.add_error(error.pointer.removeprefix("/"), error.message)
        return cleaned
