"""What is typed into the settings of a brand."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from oauth2_provider.settings import oauth2_settings

from accounts.audit_words import VERBS
from accounts.models import Account, Role, Skill
from common.cards import Card, cards_of
from common.ranges import FIRST_DAY, LAST_DAY
from common.text import forbidden_character
from common.times import time_zones

MAX_OVERLAP_HOURS = 720
WELCOME_LENGTH = 1550
SCOPE_TITLES = {
    "campaigns:send": "Send campaigns",
    "campaigns:read": "Read campaigns",
    "handoffs:read": "List handoffs",
    "reports:read": "Read reports",
    "webhooks:manage": "Manage webhooks",
    "conversations:read": "Read conversations",
    "conversations:write": "Answer conversations",
}
SCOPE_WORDS = {
    "campaigns:send": "Send messages to consumers, and cancel what was not sent yet.",
    "campaigns:read": "See campaigns, who was reached, and why others were not.",
    "handoffs:read": "See the handoffs and their ids.",
    "reports:read": "Fetch figures and rows in LivePerson’s shape.",
    "webhooks:manage": "Set up webhooks, read their log, send again.",
    "conversations:read": "Read what consumers wrote and what was answered.",
    "conversations:write": "Answer consumers, hand over and close: for bots.",
}
ROLE_WORDS = {
    Role.ADMINISTRATOR: "Everything, and these settings: people, secrets, limits, audit log.",
    Role.CAMPAIGN_MANAGER: "Sets up handoffs, sees campaigns, figures and settings.",
    Role.AGENT_MANAGER: "Answers conversations and sees how the skills and their people do.",
    Role.AGENT: "Answers the conversations of the skills below.",
}


class ClientFields(forms.Form):
    name = forms.CharField(max_length=255, help_text="The system that calls, such as CRM.")
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[
            (scope, SCOPE_TITLES.get(scope, words))
            for scope, words in oauth2_settings.SCOPES.items()
        ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )

    def scope_cards(self) -> list[Card]:
        return cards_of(self["scopes"], SCOPE_WORDS)


class NewClient(ClientFields):
    """The id comes with the form, so that a form that is sent twice makes one client."""

    client_id = forms.UUIDField(widget=forms.HiddenInput)


class ChangeClient(ClientFields):
    pass


class Overlap(forms.Form):
    """``newest`` names the secret that the page spoke of."""

    hours = forms.IntegerField(
        label="Hours that both secrets work",
        min_value=1,
        max_value=MAX_OVERLAP_HOURS,
        help_text="Long enough to bring the new secret to every place that has the present one.",
    )
    newest = forms.RegexField(regex=r"^[0-9a-f]{1,64}$", widget=forms.HiddenInput)


class RoleFields(forms.Form):
    role = forms.ChoiceField(choices=Role.choices, widget=forms.RadioSelect)
    skills = forms.ModelMultipleChoiceField(
        queryset=Skill.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Agents and agent managers see the conversations of these.",
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        skills: Any = self.fields["skills"]
        skills.queryset = account.skills.order_by("name", "pk")

    def role_cards(self) -> list[Card]:
        return cards_of(self["role"], {str(role): words for role, words in ROLE_WORDS.items()})

    def skill_cards(self) -> list[Card]:
        return cards_of(self["skills"], {})


class Invite(RoleFields):
    email = forms.EmailField(label="E-mail", max_length=254)
    name = forms.CharField(max_length=150, required=False)
    field_order = ["email", "name", "role", "skills"]

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, account=account, **kwargs)
        self._account = account

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if self._account.memberships.filter(user__email__iexact=email).exists():
            raise ValidationError(f"{email} is one of your people already: change the role there.")
        return email


class ChangeRole(RoleFields):
    pass


class SkillFields(forms.Form):
    name = forms.CharField(max_length=255, help_text="Calls name it exactly so, letter for letter.")
    target_minutes = forms.IntegerField(
        label="Target for waiting time, minutes",
        min_value=1,
        max_value=10_080,
        initial=5,
        help_text="How long somebody may wait for an answer of this team.",
    )


class BrandFields(forms.Form):
    name = forms.CharField(label="Name of the brand", max_length=255)
    time_zone = forms.ChoiceField(
        choices=[(zone, zone) for zone in sorted(time_zones())],
        help_text="Times on pages, and the windows of consumers whose phone tells no zone.",
    )
    default_skill = forms.ModelChoiceField(
        queryset=Skill.objects.none(),
        required=False,
        empty_label="The oldest skill",
        help_text="Where a conversation goes that answers no message, or answers too late.",
    )
    welcome_message = forms.CharField(
        required=False,
        widget=forms.Textarea({"rows": 4, "data-counted": WELCOME_LENGTH}),
        help_text="Shown in the app to who was sent nothing; empty shows none.",
    )
    return_after_minutes = forms.IntegerField(
        label="Minutes until a conversation goes back to its queue",
        required=False,
        min_value=0,
        max_value=10_080,
        help_text="When the person waits so long for a word, and who accepted it has not been "
        "there for as long. Empty or 0: never.",
    )
    close_after_hours = forms.IntegerField(
        label="Hours until a silent conversation is closed",
        required=False,
        min_value=0,
        max_value=8_760,
        help_text="When the person has not written for so long after your last word; until then "
        "no message is sent to them. Who waits for you is never closed on. Empty or 0: never.",
    )
    requires_two_factor = forms.BooleanField(
        label="Ask administrators for a second factor",
        required=False,
        help_text="Who has none, you too, opens nothing of the brand before it is set up.",
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        skills: Any = self.fields["default_skill"]
        skills.queryset = account.skills.order_by("name", "pk")

    def clean_welcome_message(self) -> str:
        # A browser sends line breaks as two characters; people count them as one.
        text = str(self.cleaned_data["welcome_message"]).replace("\r\n", "\n")
        found = forbidden_character(text)
        if found:
            raise ValidationError(f"The message has a character that no app shows: {found}.")
        if len(text) > WELCOME_LENGTH:
            raise ValidationError(
                f"{len(text):,} characters; {WELCOME_LENGTH:,} fit. "
                f"Take out {len(text) - WELCOME_LENGTH:,}."
            )
        return text


DAY: dict[str, Any] = {
    "required": False,
    "input_formats": ["%Y-%m-%d"],
    "widget": forms.DateInput({"placeholder": "2026-11-20", "size": 10}),
    "validators": [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
}


def _words(verb: tuple[str, str]) -> str:
    return verb[1]


class AuditFilter(forms.Form):
    """Read from the query: what is wrong there filters nothing."""

    since = forms.DateField(label="From", **DAY)
    until = forms.DateField(label="To", **DAY)
    who = forms.CharField(label="Who", required=False, max_length=254)
    what = forms.ChoiceField(
        label="What",
        required=False,
        choices=[("", "Everything"), *sorted(VERBS.items(), key=_words)],
    )


class PeopleFilter(forms.Form):
    """Read from the query: what is wrong there filters nothing."""

    who = forms.CharField(label="Name or e-mail", required=False, max_length=254)
    role = forms.ChoiceField(choices=[("", "All roles"), *Role.choices], required=False)
