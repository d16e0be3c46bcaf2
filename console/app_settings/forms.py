"""What is typed on pages that join several apps."""

from typing import Any, ClassVar

from django import forms

from accounts.models import App, Platform


class LinesField(forms.CharField):
    """A list, one entry a line."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        return [line.strip() for line in (value or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else "\n".join(value)


class AppForm(forms.ModelForm):
    """An app of the brand; the bundle id is asked for once."""

    platforms = forms.MultipleChoiceField(
        choices=Platform.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="Huawei phones are reached through a push proxy.",
    )
    origins = LinesField(
        label="Web origins",
        required=False,
        help_text="Where the web app is served, one a line: https://shop.brand.com. Only these may"
        " call the SDK's API from a browser.",
        widget=forms.Textarea(attrs={"class": "input--mono", "rows": 3, "spellcheck": "false"}),
    )

    class Meta:
        model = App
        fields: ClassVar = [
            "bundle_id",
            "name",
            "platforms",
            "min_ios_sdk",
            "min_android_sdk",
            "min_androidx_sdk",
            "origins",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("bundle_id", "min_ios_sdk", "min_android_sdk", "min_androidx_sdk"):
            self.fields[name].widget.attrs.update({"autocomplete": "off", "spellcheck": "false"})
        self.fields[
            "bundle_id"
        ].help_text = (
            "As in the app itself, letter by letter: com.brand.app. Handoffs name the app by it."
        )
        if self.instance.pk:
            del self.fields["bundle_id"]


class PushTestForm(forms.Form):
    """Whose device; of several the one used last, unless one is chosen."""

    consumer = forms.CharField(
        label="Consumer id",
        max_length=255,
        strip=False,
        help_text="A colleague who has signed in to the app, by the brand's own id.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
