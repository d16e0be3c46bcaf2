"""Settings: named widgets, and who may frame ours."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from accounts.pages.base import Setting, SettingForm
from accounts.roles import VIEW_CAMPAIGNS
from conversations.forms import OriginForm, WidgetForm
from conversations.models import FramingOrigin
from conversations.widgets import (
    OURS,
    add_widget,
    allow_framing,
    forbid_framing,
    remove_widget,
    widgets_of,
)


class WidgetPage(SettingForm):
    """Two forms on one page; what is wrong with one leaves the other as it is."""

    template_name = "conversations/widgets.html"
    required_permission = VIEW_CAMPAIGNS
    back_view = "settings_widgets"
    form_class = WidgetForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ours, *added = widgets_of(self.account)
        form = kwargs.pop("form", None) or self.get_form()
        is_origin = isinstance(form, OriginForm)
        return super().get_context_data(
            ours=ours,
            added=added,
            origins=FramingOrigin.objects.filter(account=self.account).order_by("origin"),
            form=form,
            widget_form=WidgetForm() if is_origin else form,
            origin_form=form if is_origin else OriginForm(),
            **kwargs,
        )

    def save(self, form: Any) -> HttpResponse:
        add_widget(account=self.account, **form.cleaned_data, by=self.user)
        return self.back_to("settings_widgets", told="The widget was added.")


class OriginAdd(WidgetPage):
    form_class = OriginForm  # type: ignore[assignment]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.back_to("settings_widgets")

    def save(self, form: Any) -> HttpResponse:
        row = allow_framing(account=self.account, origin=form.cleaned_data["origin"], by=self.user)
        return self.back_to("settings_widgets", told=f"{row.origin} may frame {OURS}.")


class WidgetRemove(Setting):
    """By one press: it is added again as quickly."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        widget = self.account.widgets.filter(pk=kwargs["widget_id"]).first()
        if widget is None:
            raise Http404("There is no such widget.")
        widget.account = self.account
        remove_widget(widget=widget, by=self.user)
        return self.back_to("settings_widgets", told=f"{widget.name} was removed.")


class OriginRemove(Setting):
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        origin = self.account.framing_origins.filter(pk=kwargs["origin_id"]).first()
        if origin is None:
            raise Http404("There is no such origin.")
        origin.account = self.account
        forbid_framing(origin=origin, by=self.user)
        return self.back_to("settings_widgets", told=f"{origin.origin} may no longer frame {OURS}.")
