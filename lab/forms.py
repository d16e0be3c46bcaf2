from typing import Any

from django import forms

from accounts.models import Account
from lab.selectors import lab_credentials
from push.models import PushCredential


class WayField(forms.ModelChoiceField):
    """A credential, told as the app and the platform that it is for."""

    def label_from_instance(self, obj: PushCredential) -> str:
        return f"{obj.app.name} on {obj.get_platform_display()}"


class AddPhone(forms.Form):
    """A device that registers in the lab, as an app would register it."""

    consumer_ref = forms.CharField(
        label="Consumer id",
        max_length=255,
        strip=False,
        help_text="The brand's own id of the person. One from “Make it fail” misbehaves.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    credential = WayField(
        label="App and platform", queryset=PushCredential.objects.none(), empty_label=None
    )
    label = forms.CharField(
        label="Name of the phone",
        max_length=100,
        required=False,
        help_text="What the desk calls it, such as “Ingrid’s iPhone”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = lab_credentials().filter(account=account).select_related("account", "app")
        field = self.fields["credential"]
        assert isinstance(field, WayField)
        field.queryset = ways.order_by("id")
