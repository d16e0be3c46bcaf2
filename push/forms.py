"""What is asked for each provider: pasted or uploaded, checked at once, and never shown again."""

import re
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts.models import App
from common.errors import DomainError
from common.form_inputs import SecretTextarea
from push.credentials import check_settings
from push.models import ProviderKind
from push.providers.fcm_settings import LONGEST_FILE
from push.vapid_keys import with_private_key

ENVIRONMENTS = (("", "Production"), ("sandbox", "Sandbox"))
APPLES_FILE = re.compile(r"AuthKey_([A-Z0-9]{10})\.p8")
MONO = {"class": "input--mono", "spellcheck": "false", "autocomplete": "off"}


def read_headers(text: str) -> list[list[str]]:
    """One a line, as ``Name: value``."""
    lines = [line for line in text.splitlines() if line.strip()]
    pairs = (line.partition(":") for line in lines)
    return [[name.strip(), value.strip()] for name, _, value in pairs]


def secret_text(label: str, help_text: str = "", rows: int = 6) -> forms.CharField:
    widget = SecretTextarea(attrs={**MONO, "rows": rows})
    return forms.CharField(label=label, help_text=help_text, required=False, widget=widget)


def secret_file(label: str, accept: str) -> forms.FileField:
    widget = forms.FileInput(attrs={"accept": accept})
    return forms.FileField(label=label, required=False, widget=widget)


class ProviderForm(forms.Form):
    """The settings of one provider, written anew each time: what is stored is never shown.

    A file stands for the text field whose name it has in front of ``_file``.
    """

    kind: ClassVar[str]

    # Asked for by the provider's own check, in its own words; or in another field.
    needed: ClassVar[Collection[str]] = ()

    def __init__(self, *args: Any, app: App, platform: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app, self.platform = app, platform
        for name in self.needed:
            self.fields[name].is_needed = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in [name for name in cleaned if name.endswith("_file") and cleaned[name]]:
            self._take_file(cleaned, name)
        if self.errors:
            return cleaned
        cleaned["settings"] = self.settings(
            {name: cleaned[name] for name in cleaned if cleaned[name] and not _is_file(name)}
        )
        try:
            check_settings(self.kind, self.platform, cleaned["settings"])
        except DomainError as error:
            name = error.pointer.rpartition("/")[2]
            self.add_error(name if name in self.fields else None, error.message)
        return cleaned

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """In the provider's own words; ``given`` has what was not left empty."""
        return dict(given)

    def _take_file(self, cleaned: dict[str, Any], name: str) -> None:
        file: UploadedFile = cleaned[name]
        if (file.size or 0) > LONGEST_FILE:
            self.add_error(name, f"The file has {file.size:,} bytes; {LONGEST_FILE:,} fit.")
            return
        try:
            cleaned[name.removesuffix("_file")] = file.read().decode()
        except UnicodeDecodeError:
            self.add_error(name, "This is no text file.")


def _is_file(name: str) -> bool:
    return name.endswith("_file")


class LabForm(ProviderForm):
    """The push lab needs nothing."""

    kind = ProviderKind.LAB


class FcmForm(ProviderForm):
    kind = ProviderKind.FCM
    needed = ("service_account_file", "service_account")

    service_account_file = secret_file("Service account, the JSON file", ".json,application/json")
    service_account = secret_text(
        "Or its text",
        "Firebase console, project settings, service accounts: generate a new private key.",
        rows=8,
    )


class ApnsForm(ProviderForm):
    kind = ProviderKind.APNS
    needed = ("private_key_file", "private_key", "key_id", "team_id")

    private_key_file = secret_file("Key, the .p8 file", ".p8")
    private_key = secret_text("Or its text", "With its first and last line.")
    key_id = forms.CharField(
        label="Key id",
        required=False,
        max_length=20,
        help_text="10 characters. It is in the name of the file that Apple gave you.",
        widget=forms.TextInput(attrs=MONO),
    )
    team_id = forms.CharField(
        label="Team id",
        required=False,
        max_length=20,
        help_text="10 characters: Apple Developer, membership details.",
        widget=forms.TextInput(attrs=MONO),
    )
    topic = forms.CharField(
        label="Topic",
        required=False,
        max_length=155,
        help_text="The bundle id at Apple, where the app has another name here.",
        widget=forms.TextInput(attrs=MONO),
    )
    environment = forms.ChoiceField(
        label="Environment",
        required=False,
        choices=ENVIRONMENTS,
        help_text="Of devices whose app does not tell.",
    )

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        file = self.cleaned_data.get("private_key_file")
        named = APPLES_FILE.fullmatch(file.name or "") if file else None
        return {"key_id": named[1], **given} if named else dict(given)


class ProxyForm(ProviderForm):
    kind = ProviderKind.PROXY

    url = forms.CharField(
        label="End point URL",
        max_length=2000,
        help_text="https, on port 443 or 8443. A private address is for the operator to allow.",
        widget=forms.URLInput(attrs=MONO),
    )
    username = forms.CharField(
        label="User name", required=False, max_length=255, widget=forms.TextInput(attrs=MONO)
    )
    password = forms.CharField(
        label="Password",
        required=False,
        max_length=255,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    headers = secret_text("Headers", "One a line, as Name: value; at most four.", rows=4)
    client_cert_pem_file = secret_file("Client certificate, the file", ".pem,.crt,.cer")
    client_cert_pem = secret_text("Or its text", "PEM, where the proxy asks for one (mTLS).")
    client_key_pem_file = secret_file("Client key, the file", ".pem,.key")
    client_key_pem = secret_text("Or its text", "PEM, without a pass phrase.")

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"headers": read_headers(given["headers"])} if "headers" in given else {}
        return {**given, **headers}


class WebPushForm(ProviderForm):
    kind = ProviderKind.WEBPUSH

    contact = forms.CharField(
        label="Contact",
        max_length=255,
        help_text="Whom push services may write to: mailto:push@example.com or an https: page.",
        widget=forms.TextInput(attrs=MONO),
    )
    vapid_private_key = forms.CharField(
        label="Private key (VAPID)",
        required=False,
        max_length=100,
        help_text="Leave it empty: the app's key pair is kept, or one is made. With another pair"
        " every browser has to subscribe again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return with_private_key(self.app, given)


FORMS: Mapping[str, type[ProviderForm]] = {
    form.kind: form for form in (ApnsForm, FcmForm, WebPushForm, ProxyForm, LabForm)
}
