"""Settings, People: who signs in for the brand, and what each may do."""

from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render

from accounts import services
from accounts.models import Membership, Role
from accounts.pages.base import Confirmation, Setting, SettingForm, SettingPage
from accounts.pages.forms import ChangeRole, Invite, PeopleFilter
from accounts.selectors import members
from common.paging import query_without, read_rows

SETTING = "People"


class PeopleList(SettingPage):
    template_name = "accounts/settings/people.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        query = self.request.GET
        form = PeopleFilter(query)
        form.is_valid()
        found = _filtered(members(self.account), form.cleaned_data)
        return super().get_context_data(
            page=read_rows(found, query), filter=form, pills=_pills(form, query), **kwargs
        )


def _filtered(people: "QuerySet[Membership]", wanted: dict[str, Any]) -> "QuerySet[Membership]":
    if wanted.get("role"):
        people = people.filter(role=wanted["role"])
    if wanted.get("who"):
        who = wanted["who"]
        # A name is searched where it is shown: of who has not come yet only the address is.
        named = Q(has_joined=True, user__name__icontains=who)
        people = people.filter(Q(user__email__icontains=who) | named)
    return people


def _pills(form: PeopleFilter, query: QueryDict) -> list[tuple[str, str, str]]:
    """Filters that are on: the field, its value, and the query without it."""
    wanted = form.cleaned_data
    pills = []
    if wanted.get("role"):
        pills.append(("Role", str(Role(wanted["role"]).label), query_without(query, "role")))
    if wanted.get("who"):
        pills.append(("Who", wanted["who"], query_without(query, "who")))
    return pills


class PersonInvite(SettingForm):
    template_name = "accounts/settings/invite.html"
    form_class = Invite
    back_view = "settings_people"

    def get_initial(self) -> dict[str, Any]:
        return {"role": Role.CAMPAIGN_MANAGER}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"account": self.account, **super().get_form_kwargs()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(has_email=settings.HAS_EMAIL, **kwargs)

    def save(self, form: Invite) -> HttpResponse:
        invitation = services.invite_user(account=self.account, by=self.user, **form.cleaned_data)
        return _tell(self, invitation)


class OnePerson(Setting):
    """A page of one person of the brand."""

    member: Membership

    def load(self) -> None:
        self.member = get_object_or_404(members(self.account), pk=self.kwargs["member_pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(member=self.member, name=self.name, **kwargs)

    @property
    def name(self) -> str:
        """As the list has it: of who has not come yet only the address is shown."""
        user = self.member.user
        has_joined = self.member.has_joined  # type: ignore[attr-defined]
        return user.get_full_name() if has_joined else user.email


class PersonEdit(OnePerson, SettingForm):
    template_name = "accounts/settings/person_edit.html"
    form_class = ChangeRole
    back_view = "settings_people"

    def get_initial(self) -> dict[str, Any]:
        return {"role": self.member.role, "skills": self.member.skills.all()}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"account": self.account, **super().get_form_kwargs()}

    def save(self, form: ChangeRole) -> HttpResponse:
        changed = services.grant_role(
            user=self.member.user, account=self.account, by=self.user, **form.cleaned_data
        )
        told = f"{self.name} is {changed.get_role_display().lower()} now."
        return self.back_to("settings_people", told=told)


class PersonInviteAgain(OnePerson):
    """The invitation once more, for who has not come yet."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if self.member.has_joined:  # type: ignore[attr-defined]
            return self.back_to("settings_people")
        return _tell(self, services.invite_again(membership=self.member, by=self.user))


class PersonRemove(OnePerson, Confirmation):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        skills = self.member.skills.count()
        loses = {0: "", 1: " and one skill"}.get(skills, f" and {skills} skills")
        is_self = self.member.user == self.user
        whose, is_signed_out = ("You lose", "are") if is_self else (f"{self.name} loses", "is")
        return super().get_context_data(
            setting=SETTING,
            question=f"Remove {self.name}?",
            consequence=f"{whose} the role {self.member.get_role_display().lower()}{loses} here, "
            f"and {is_signed_out} signed out of every browser. Conversations and what was done "
            "stay, and so does what the audit log says.",
            button="Remove from the brand",
            keep="Keep",
            back=redirect("settings_people", self.account.number).url,
            **kwargs,
        )

    def confirmed(self) -> HttpResponse:
        services.revoke_role(user=self.member.user, account=self.account, by=self.user)
        return self.back_to("settings_people", told=f"{self.name} was removed.")


def _tell(page: Setting, invitation: services.Invitation) -> HttpResponse:
    """Mailed, or shown to pass on: the same words whether or not the person is known here."""
    email = invitation.membership.user.email
    if invitation.is_mailed:
        return page.back_to("settings_people", told=f"An invitation is on its way to {email}.")
    return render(
        page.request,
        "accounts/settings/invitation.html",
        page.get_context_data(email=email, url=invitation.url),
    )
