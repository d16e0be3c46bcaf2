"""The operator's window on push credentials. Settings go in and never come out."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_scope import AccountScopedAdmin, ReadOnlyAdmin, ScopedRelatedFilter
from accounts.models import User
from common.form_inputs import SecretTextarea
from push.breakers import close_by_hand
from push.credentials import (
    CredentialInvalid,
    check_settings,
    rotate_signing_secret,
    save_credential,
    switch_off,
)
from push.forms import ENVIRONMENTS, read_headers
from push.models import Breaker, ProviderKind, PushCredential
from push.vapid_keys import application_server_key, make_vapid_keys, with_private_key

SETTING_FIELDS = (
    *("url", "username", "password", "headers", "client_cert_pem", "client_key_pem"),
    *("contact", "vapid_private_key", "service_account"),
    *("team_id", "key_id", "private_key", "topic", "environment"),
)


class PushCredentialForm(forms.ModelForm):
    """The whole of the settings is written anew each time: what is stored is never shown."""

    url = forms.CharField(required=False, label="End point URL", max_length=2000)
    username = forms.CharField(required=False, max_length=255)
    password = forms.CharField(required=False, max_length=255, widget=forms.PasswordInput)
    headers = forms.CharField(
        required=False, widget=forms.Textarea, help_text="One a line, as Name: value; at most four."
    )
    client_cert_pem = forms.CharField(
        required=False, widget=forms.Textarea, label="Client certificate (PEM)"
    )
    client_key_pem = forms.CharField(
        required=False, widget=forms.Textarea, label="Client key (PEM)"
    )
    contact = forms.CharField(
        required=False,
        label="Web Push: contact",
        help_text="Whom push services may write to: mailto:push@example.com or an https: page.",
    )
    vapid_private_key = forms.CharField(
        required=False,
        label="Web Push: private key (VAPID)",
        widget=forms.PasswordInput,
        help_text="Leave it empty: the app's key pair is kept, or one is made. With another pair"
        " every browser has to subscribe again.",
    )
    team_id = forms.CharField(
        required=False,
        max_length=20,
        label="APNs: team id",
        help_text="10 characters: Apple Developer, membership details.",
    )
    key_id = forms.CharField(
        required=False, max_length=20, label="APNs: key id", help_text="10 characters."
    )
    private_key = forms.CharField(
        required=False,
        widget=SecretTextarea,
        label="APNs: key (.p8)",
        help_text="The whole file, with its first and last line.",
    )
    topic = forms.CharField(
        required=False,
        max_length=155,
        label="APNs: topic",
        help_text="The bundle id at Apple, where the app has another name here, as one ending in"
        " -Dev.",
    )
    environment = forms.ChoiceField(
        required=False,
        choices=ENVIRONMENTS,
        label="APNs: environment",
        help_text="Of devices whose app does not tell.",
    )
    service_account = forms.CharField(
        required=False,
        widget=SecretTextarea,
        label="FCM: service account (JSON)",
        help_text="The whole file of a key: Firebase console, project settings, service accounts.",
    )

    class Meta:
        model = PushCredential
        fields: ClassVar = ["app", "platform", "provider"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        cleaned["settings"] = self._settings(cleaned)
        platform = cleaned.get("platform") or self.instance.platform
        try:
            check_settings(cleaned["provider"], platform, cleaned["settings"])
        except CredentialInvalid as error:
            name = error.pointer.rpartition("/")[2]
            self.add_error(name if name in self.fields else None, error.message)
        return cleaned

    def _settings(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        given = {name: cleaned[name] for name in SETTING_FIELDS if cleaned.get(name)}
        if "headers" in given:
            given["headers"] = read_headers(given["headers"])
        if given and cleaned["provider"] == ProviderKind.LAB:
            raise ValidationError("The push lab needs no settings; leave them empty.")
        if cleaned["provider"] == ProviderKind.WEBPUSH:
            return with_private_key(cleaned.get("app") or self.instance.app, given)
        return given

    def validate_constraints(self) -> None:
        """Saving replaces the enabled credential, so that there is one is no mistake."""


def _actor(request: HttpRequest) -> str | User:
    return request.user if isinstance(request.user, User) else str(request.user)


def _is_page_of_another(request: HttpRequest, model_name: str) -> bool:
    match = request.resolver_match
    return match is not None and f"_{model_name}_" not in str(match.url_name)


@admin.register(PushCredential)
class PushCredentialAdmin(AccountScopedAdmin):
    form = PushCredentialForm
    list_display = ("app", "account", "platform", "provider", "fingerprint", "is_enabled")
    list_filter = (("account", ScopedRelatedFilter), "platform", "provider")
    list_select_related = ("app", "account")
    readonly_fields = ("fingerprint", "is_enabled", "switched_off_at", "created_at", "public_key")
    ordering = (
        "account__number",
        "app__bundle_id",
        "platform",
    )

    actions = ("switch_off", "replace_vapid_keys", "rotate_signing_secret")

    @admin.display(description="Web Push: public key (applicationServerKey)")
    def public_key(self, credential: PushCredential) -> str:
        # What a form with errors shows is not what is stored.
        pairs = PushCredential.objects.filter(provider=ProviderKind.WEBPUSH, pk=credential.pk)
        stored = pairs.select_related("account").first()
        return application_server_key(stored) if stored else "-"

    @admin.action(description="Switch off: pushes wait until there is another credential")
    def switch_off(self, request: HttpRequest, queryset: QuerySet[PushCredential]) -> None:
        for credential in queryset.select_related("account"):
            switch_off(credential=credential, by=_actor(request), now=timezone.now())
        self.message_user(request, "The credentials were switched off.")

    @admin.action(description="Replace the Web Push key pair: every browser must subscribe again")
    def replace_vapid_keys(self, request: HttpRequest, queryset: QuerySet[PushCredential]) -> None:
        pairs = queryset.filter(provider=ProviderKind.WEBPUSH).select_related("app", "account")
        for pair in pairs:
            make_vapid_keys(
                app=pair.app,
                contact=pair.settings["contact"],
                by=_actor(request),
                is_replacing=True,
            )
        self.message_user(request, f"Key pairs replaced: {len(pairs)}.")

    @admin.action(description="Rotate the signing secret: the old one signs one day more")
    def rotate_signing_secret(
        self, request: HttpRequest, queryset: QuerySet[PushCredential]
    ) -> None:
        for credential in queryset.select_related("app"):
            secret = rotate_signing_secret(
                credential=credential, by=_actor(request), now=timezone.now()
            )
            self._show(request, credential, secret)

    def _show(self, request: HttpRequest, credential: PushCredential, secret: str) -> None:
        name = f"{credential.app} ({credential.get_platform_display()})"
        text = f"Pushes to the proxy of {name} are signed with {secret}. It is not shown again."
        self.message_user(request, text, messages.WARNING)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By itself it is switched off, so that what was accepted waits for the next one."""
        return _is_page_of_another(request, "pushcredential") and self._is_in_scope(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = ("app", "platform") if obj else ()
        return (*fixed, *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        saved = save_credential(
            app=obj.app,
            platform=obj.platform,
            provider=obj.provider,
            settings=form.cleaned_data["settings"],
            by=_actor(request),
        )
        obj.__dict__.update(saved.__dict__)
        if saved.new_signing_secret:
            self._show(request, saved, saved.new_signing_secret)


@admin.register(Breaker)
class BreakerAdmin(ReadOnlyAdmin):
    """What holds pushes back, or did lately. Those of whole hosts are for operators."""

    account_path = "credential__account"
    list_display = (
        "provider",
        "origin",
        "credential",
        "opened_at",
        "reason",
        "detail",
        "probe_at",
        "results",
        "failures",
    )
    list_filter = ("provider", ("opened_at", admin.EmptyFieldListFilter))
    ordering = ("-opened_at", "-pk")
    actions = ("close_now",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It goes with its credential, and that with its app."""
        return _is_page_of_another(request, "breaker") and self._is_in_scope(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Breaker]:
        breakers = super().get_queryset(request)
        return breakers.select_related("credential").defer("credential__sealed")

    @admin.action(description="Close now: what waits goes out")
    def close_now(self, request: HttpRequest, queryset: QuerySet[Breaker]) -> None:
        for breaker in queryset.select_related("credential__account"):
            close_by_hand(breaker=breaker, by=_actor(request))
        self.message_user(request, "The breakers were closed.")
