"""What is typed into the settings of widgets, and into the workspace."""

from typing import Any

from django import forms

from accounts.models import Account, Skill
from conversations.models import Presence

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


class ReplyForm(forms.Form):
    """``insert`` names a canned reply that is put into the text, which is not sent yet."""

    text = forms.CharField(required=False, strip=False)
    client_id = forms.CharField(required=False, max_length=64)
    insert = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    @property
    def first_error(self) -> str:
        return str(next(iter(self.errors.values()))[0])


class PresenceForm(forms.Form):
    state = forms.ChoiceField(choices=Presence.choices)


class SkillForm(forms.Form):
    """Names a skill of the account."""

    skill = forms.ModelChoiceField(Skill.objects.none())

    def __init__(self, account: Account, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["skill"]
        field.queryset = account.skills.order_by("name", "pk")


class TransferForm(SkillForm):
    skill = forms.ModelChoiceField(
        Skill.objects.none(), label="To which skill", empty_label="Choose a skill"
    )


class CannedForm(SkillForm):
    shortcut = forms.CharField(
        max_length=31,
        help_text="One word. Agents type / and the beginning of it.",
        widget=forms.TextInput(attrs=MONO),
    )
    text = forms.CharField(
        strip=False,
        help_text="Put into the reply as it stands; the agent can change it before it is sent.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    skill = forms.ModelChoiceField(
        Skill.objects.none(),
        required=False,
        empty_label="All skills",
        help_text="Offered in conversations of this skill.",
    )
    field_order = ("shortcut", "text", "skill")
