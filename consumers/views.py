"""Settings: the brand's identity provider, and a look at a token of it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from accounts.pages.base import Setting, SettingForm
from accounts.roles import VIEW_CAMPAIGNS
from consumers.forms import PageForm, TokenForm
from consumers.identity import save_identity_provider
from consumers.models import IdentityProvider
from consumers.token_check import check_token


class OfProvider(Setting):
    """The account's identity provider, or a new one that is not stored."""

    provider: IdentityProvider

    def load(self) -> None:
        stored = IdentityProvider.objects.filter(account=self.account).first()
        self.provider = stored or IdentityProvider(account=self.account)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **{"provider": self.provider, "token_form": TokenForm(), **kwargs}
        )

    def new_form(self, data: Any = None) -> PageForm:
        # The form writes on its instance, and the page tells of the provider as it is stored.
        stored = IdentityProvider.objects.filter(account=self.account).first()
        return PageForm(data, instance=stored or IdentityProvider(account=self.account))


class Identity(OfProvider, SettingForm):
    template_name = "consumers/identity.html"
    required_permission = VIEW_CAMPAIGNS
    back_view = "settings_identity"

    def get_form(self, form_class: Any = None) -> PageForm:
        return self.new_form(self.request.POST if self.request.method == "POST" else None)

    def save(self, form: Any) -> HttpResponse:
        form.instance.account = self.account
        save_identity_provider(provider=form.instance, by=self.user)
        return self.back_to("settings_identity", told="The identity provider was saved.")


@method_decorator(sensitive_post_parameters(), name="dispatch")
class TokenLook(OfProvider, SettingForm):
    """Changes nothing, so whoever may open the page may look at a token."""

    template_name = "consumers/identity.html"
    required_permission = VIEW_CAMPAIGNS
    changing_permission = ""
    form_class = TokenForm
    back_view = "settings_identity"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.back_to("settings_identity")

    def form_valid(self, form: TokenForm) -> HttpResponse:
        if self.provider.pk is None:
            messages.error(self.request, "Set the identity provider up first.")
            return self.back_to("settings_identity")
        look = check_token(form.cleaned_data["token"], self.provider, now=timezone.now())
        return self.render_to_response(self.get_context_data(form=form, look=look))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        token_form = kwargs.pop("form")
        return super().get_context_data(
            **{**kwargs, "form": self.new_form(), "token_form": token_form}
        )
