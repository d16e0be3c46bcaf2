"""Settings: how an app reaches one platform. What is secret goes in and never comes out."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import Platform
from accounts.pages.base import Confirmation, SettingForm
from campaigns.app_use import going_out_to
from common.errors import DomainError
from console.app_settings.of_app import OfApp
from consumers.models import Device
from push.credentials import rotate_signing_secret, save_credential, switch_off
from push.forms import FORMS, ProviderForm
from push.models import ProviderKind, PushCredential
from push.vapid_keys import make_vapid_keys
from push.vendors import VENDORS

# What most brands have, first.
USUAL = {
    Platform.IOS: ProviderKind.APNS,
    Platform.ANDROID: ProviderKind.FCM,
    Platform.HUAWEI: ProviderKind.PROXY,
    Platform.WEB: ProviderKind.WEBPUSH,
}


class OfPlatform(OfApp):
    """A page of one app's platform."""

    platform: Platform
    credential: PushCredential | None

    def load(self) -> None:
        super().load()
        self.platform = Platform(self.kwargs["platform"])
        enabled = PushCredential.objects.filter(
            app=self.app, platform=self.platform, is_enabled=True
        )
        self.credential = enabled.select_related("account", "app").first()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = {"platform": self.platform, "credential": self.credential}
        return super().get_context_data(**{**kwargs, **own})

    def in_use(self) -> PushCredential:
        """:raises Http404: the platform has none."""
        if self.credential is None:
            raise Http404("This platform has no credential.")
        return self.credential

    def show_secret(self, request: HttpRequest, secret: str) -> HttpResponse:
        context = self.get_context_data(secret=secret)
        return render(request, "console/apps/signing_secret.html", context)


def providers_for(platform: str, current: str = "") -> list[ProviderKind]:
    """Which providers reach it, the usual one first; the lab where there is one."""
    reaching = [kind for kind in ProviderKind if platform in VENDORS[kind].platforms]
    if settings.LAB == "off" and current != ProviderKind.LAB:
        reaching.remove(ProviderKind.LAB)
    return sorted(reaching, key=lambda kind: (kind != USUAL[Platform(platform)], kind == "lab"))


@method_decorator(sensitive_post_parameters(), name="dispatch")
class CredentialForm(OfPlatform, SettingForm):
    """One form for each provider that reaches the platform; ``?provider=`` chooses."""

    template_name = "console/apps/credential.html"
    provider: ProviderKind

    def load(self) -> None:
        super().load()
        current = self.credential.provider if self.credential else ""
        self.providers = providers_for(self.platform, current)
        wanted = self.request.GET.get("provider") or current or self.providers[0]
        if wanted not in self.providers:
            raise Http404("This provider does not reach the platform.")
        self.provider = ProviderKind(wanted)

    def get_form_class(self) -> type[ProviderForm]:
        return FORMS[self.provider]

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "app": self.app, "platform": self.platform}

    def get_initial(self) -> dict[str, Any]:
        return {"contact": f"mailto:{self.user.email}"}

    def save(self, form: Any) -> HttpResponse:
        saved = save_credential(
            app=self.app,
            platform=self.platform,
            provider=self.provider,
            settings=form.cleaned_data["settings"],
            by=self.user,
        )
        if saved.new_signing_secret:
            return self.show_secret(self.request, saved.new_signing_secret)
        told = f"{saved.get_provider_display()} was saved for {self.platform.label}."
        return self.back_to("settings_app", self.app.pk, told=told)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(provider=self.provider, providers=self.providers, **kwargs)


class CredentialOff(OfPlatform, Confirmation):
    template_name = "console/apps/credential_off.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.in_use()
        devices = Device.objects.registered().filter(app=self.app, platform=self.platform)
        return super().get_context_data(
            waiting=going_out_to(self.app), devices=devices.count(), **kwargs
        )

    def confirmed(self) -> HttpResponse:
        switch_off(credential=self.in_use(), by=self.user, now=timezone.now())
        return self.back_to("settings_app", self.app.pk, told="The credential was switched off.")


class VapidKeys(OfApp, Confirmation):
    """A new key pair by one press; where there is one, that is asked about first."""

    template_name = "console/apps/vapid_keys.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        browsers = Device.objects.registered().filter(app=self.app, platform=Platform.WEB)
        return super().get_context_data(browsers=browsers.count(), **kwargs)

    def confirmed(self) -> HttpResponse:
        try:
            make_vapid_keys(
                app=self.app,
                contact=self._contact(),
                by=self.user,
                is_replacing=self.request.POST.get("replace") == "yes",
            )
        except DomainError as refused:
            messages.error(self.request, refused.message)
            return self.back_to("settings_app", self.app.pk)
        return self.back_to("settings_app", self.app.pk, told="The key pair was made.")

    def _contact(self) -> str:
        pairs = PushCredential.objects.filter(app=self.app, provider=ProviderKind.WEBPUSH)
        known = pairs.select_related("account").filter(is_enabled=True).first()
        return str(known.settings["contact"]) if known else f"mailto:{self.user.email}"


class SigningSecret(OfPlatform, Confirmation):
    """A new secret that pushes to the proxy are signed with; told once."""

    template_name = "console/apps/signing_rotate.html"

    def load(self) -> None:
        super().load()
        if not VENDORS[self.in_use().provider].is_signed:
            raise Http404("Pushes of this provider are not signed.")

    def confirmed(self) -> HttpResponse:
        secret = rotate_signing_secret(credential=self.in_use(), by=self.user, now=timezone.now())
        return self.show_secret(self.request, secret)
