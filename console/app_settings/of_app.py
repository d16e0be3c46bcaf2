"""What the pages of one app share."""

from typing import Any

from django.http import Http404
from django.urls import reverse

from accounts.models import App
from accounts.pages.base import Setting


class OfApp(Setting):
    """A page of one app; another brand's does not exist."""

    app: App

    def load(self) -> None:
        app = self.account.apps.filter(pk=self.kwargs["app_id"]).first()
        if app is None:
            raise Http404("There is no such app.")
        app.account = self.account
        self.app = app

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(app=self.app, **kwargs)

    def back_url(self) -> str:
        return reverse("settings_app", args=[self.account.number, self.app.pk])
