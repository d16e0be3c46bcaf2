"""Settings: the brand's apps, and one app with its ways to its phones and who is reached."""

from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.utils import timezone

from accounts.brand_apps import change_app, create_app
from accounts.models import App, Platform
from accounts.pages.base import SettingForm, SettingPage
from campaigns.app_use import going_out_to, handoffs_with
from campaigns.reachability import recent_reachability
from campaigns.reasons import reason
from console.app_settings.forms import AppForm
from console.app_settings.of_app import OfApp
from console.app_settings.push_tests import last_test
from push.selectors import Standing, standings


class AppList(SettingPage):
    template_name = "console/apps/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        enabled = Count("push_credentials", filter=Q(push_credentials__is_enabled=True))
        apps = self.account.apps.annotate(credentials=enabled).order_by("bundle_id")
        told = [(app, [Platform(name).label for name in app.platforms]) for app in apps]
        return super().get_context_data(apps=told, **kwargs)


class AppPage(OfApp, SettingPage):
    template_name = "console/apps/page.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ways = standings(self.app)
        is_held_up = any(way.standing in {Standing.REFUSED, Standing.HELD_UP} for way in ways)
        reached, counted_at = recent_reachability(self.app, now=timezone.now())
        return super().get_context_data(
            ways=ways,
            handoffs=handoffs_with(self.app),
            waiting=going_out_to(self.app) if is_held_up else None,
            reached=reached,
            counted_at=counted_at,
            unreached=_told(reached.unreached),
            tested=last_test(self.request, self.app),
            **kwargs,
        )


def _told(unreached: Any) -> list[tuple[Any, int]]:
    """Each reason with its sentence and its remedy, the most frequent first."""
    counted = [(reason(word), count) for word, count in unreached.items() if count]
    return sorted(counted, key=lambda entry: -entry[1])


class AppNew(SettingForm):
    template_name = "console/apps/form.html"
    form_class = AppForm
    back_view = "settings_apps"

    def save(self, form: Any) -> HttpResponse:
        app = create_app(account=self.account, fields=form.cleaned_data, by=self.user)
        return self.back_to("settings_app", app.pk, told="The app was added.")


class AppEdit(OfApp, SettingForm):
    template_name = "console/apps/form.html"
    form_class = AppForm

    def get_form_kwargs(self) -> dict[str, Any]:
        # The form writes on its instance, and the page tells of the app as it is.
        return {**super().get_form_kwargs(), "instance": App.objects.get(pk=self.app.pk)}

    def save(self, form: Any) -> HttpResponse:
        change_app(app=self.app, changes=form.cleaned_data, by=self.user)
        return self.back_to("settings_app", self.app.pk, told="The app was saved.")
