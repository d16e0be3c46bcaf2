"""How a brand's identity provider is told: in the operator's window and in the settings."""

from typing import Any, ClassVar

from django import forms

from common.form_inputs import SecretTextarea
from consumers.identity import IdentityProviderInvalid, check_identity_provider
from consumers.keys import ALGORITHMS
from consumers.models import IdentityProvider

HINTS = {
    "issuer": "The claim iss of your tokens, letter by letter.",
    "audience": "Empty: aud is not looked at.",
    "public_key": "PEM, or its base64 without PEM lines. Give this or the address of a key set.",
    "jwks_url": "https. Keys are fetched when a token names one that is not known.",
    "max_lifetime_seconds": "How long after iat a token may be valid; a day at most.",
}


class SettingsForm(forms.ModelForm):
    """What a provider's tokens are checked against, itself checked at once."""

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


class IdentityProviderForm(SettingsForm):
    """The operator says whose it is, too."""

    class Meta(SettingsForm.Meta):
        fields: ClassVar = ["account", *SettingsForm.Meta.fields]


class PageForm(SettingsForm):
    """The same for the brand itself, with words for each field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, hint in HINTS.items():
            self.fields[name].help_text = hint
        for name in ("issuer", "audience", "public_key", "jwks_url"):
            self.fields[name].widget.attrs.update(
                {"class": "input--mono", "autocomplete": "off", "spellcheck": "false"}
            )
        self.fields["max_lifetime_seconds"].label = "Longest lifetime, seconds"
        for name in ("public_key", "jwks_url"):
            self.fields[name].is_needed = True  # type: ignore[attr-defined]


class TokenForm(forms.Form):
    """A token to look at. It does not come back: it opens the SDK's door while it lasts."""

    token = forms.CharField(
        label="Token",
        max_length=20_000,
        help_text="A JWT as your app gets it: three parts with dots. It is looked at, not kept.",
        widget=SecretTextarea(
            attrs={"class": "input--mono", "rows": 5, "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def clean_token(self) -> str:
        return "".join(self.cleaned_data["token"].split()).removeprefix("Bearer")
