"""Settings, Skills: the teams that conversations are routed to."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts import services
from accounts.models import Skill
from accounts.pages.base import Confirmation, Setting, SettingForm, SettingPage
from accounts.pages.forms import SkillFields
from accounts.selectors import skills
from accounts.skills import why_in_use

SETTING = "Skills"


class SkillList(SettingPage):
    template_name = "accounts/settings/skills.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(skills=skills(self.account), **kwargs)


class SkillForm(SettingForm):
    template_name = "accounts/settings/skill_form.html"
    form_class = SkillFields
    back_view = "settings_skills"


class SkillNew(SkillForm):
    def save(self, form: SkillFields) -> HttpResponse:
        skill = services.create_skill(account=self.account, by=self.user, **form.cleaned_data)
        return self.back_to("settings_skills", told=f"The skill {skill} was added.")


class OneSkill(Setting):
    """A page of one skill of the account."""

    skill: Skill

    def load(self) -> None:
        self.skill = get_object_or_404(Skill, account=self.account, pk=self.kwargs["skill_pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(skill=self.skill, **kwargs)


class SkillEdit(OneSkill, SkillForm):
    def get_initial(self) -> dict[str, Any]:
        return {"name": self.skill.name, "target_minutes": self.skill.target_minutes}

    def save(self, form: SkillFields) -> HttpResponse:
        old = self.skill.name
        skill = services.change_skill(skill=self.skill, by=self.user, **form.cleaned_data)
        told = f"The skill {skill} was saved."
        if skill.name != old:
            told += f" Calls that name “{old}” are refused from now on."
        return self.back_to("settings_skills", told=told)


class SkillMakeDefault(OneSkill):
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        services.change_account(
            account=self.account, changes={"default_skill": self.skill}, by=self.user
        )
        return self.back_to("settings_skills", told=f"{self.skill} is the default skill now.")


class SkillDelete(OneSkill, Confirmation):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reason = why_in_use(self.skill)
        people = self.skill.memberships.count()
        lost = "1 person loses it" if people == 1 else f"{people:,} people lose it"
        return super().get_context_data(
            setting=SETTING,
            question=f"{self.skill} can’t be deleted" if reason else f"Delete {self.skill}?",
            consequence=reason
            or f"{lost}, and calls that name it are refused. Nothing was ever routed to it.",
            button="" if reason else "Delete the skill",
            keep="Back to the skills" if reason else "Keep it",
            back=redirect("settings_skills", self.account.number).url,
            **kwargs,
        )

    def confirmed(self) -> HttpResponse:
        services.delete_skill(skill=self.skill, by=self.user)
        return self.back_to("settings_skills", told=f"The skill {self.skill} was deleted.")
