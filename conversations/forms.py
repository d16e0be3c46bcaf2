"""What is typed into the settings of widgets; the rules are those of `conversations.widgets`."""

from django import forms

MONO = {"class": "input--mono", "autocomplete": "off", "spellcheck": "false"}


class WidgetForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    url = forms.CharField(
        label="URL",
        max_length=2000,
        help_text="https. The agents' browsers open it; nothing is called from here.",
        widget=forms.URLInput(attrs=MONO),
    )


class OriginForm(forms.Form):
    origin = forms.CharField(
        label="Origin",
        max_length=255,
        help_text="A scheme and a host, as https://desk.brand.com.",
        widget=forms.TextInput(attrs=MONO),
    )
