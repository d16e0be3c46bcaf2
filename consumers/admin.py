"""The operator's window on consumers, their devices and the brand's identity provider."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_scope import AccountScopedAdmin, ReadOnlyAdmin, ScopedRelatedFilter
from accounts.models import User
from consumers.forms import IdentityProviderForm
from consumers.identity import save_identity_provider
from consumers.models import Consumer, Device, IdentityProvider, LogoutType
from consumers.services import log_out, opt_in, opt_out


def _actor(request: HttpRequest) -> str | User:
    return request.user if isinstance(request.user, User) else str(request.user)


@admin.register(Consumer)
class ConsumerAdmin(ReadOnlyAdmin):
    list_display = ("ref", "name", "account", "last_login_at", "opted_out_at")
    list_filter = (("account", ScopedRelatedFilter),)
    list_select_related = ("account",)
    search_fields = ("=ref", "name__startswith")
    search_help_text = "The whole consumer id, or how the name begins."
    ordering = ("-id",)
    show_full_result_count = False
    actions = (
        "opt_out",
        "opt_in",
    )

    @admin.action(description="Opt out: no outbound messages any more")
    def opt_out(self, request: HttpRequest, queryset: QuerySet[Consumer]) -> None:
        for consumer in queryset:
            opt_out(consumer=consumer, by=_actor(request), now=timezone.now())
        self.message_user(request, "The consumers were opted out.")

    @admin.action(description="Opt in again")
    def opt_in(self, request: HttpRequest, queryset: QuerySet[Consumer]) -> None:
        for consumer in queryset:
            opt_in(consumer=consumer, by=_actor(request))
        self.message_user(request, "The consumers were opted in.")


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "consumer", "app", "platform", "sdk_version", "last_seen_at")
    list_filter = (("account", ScopedRelatedFilter), "platform", "logout_type", "removed_reason")
    list_select_related = ("consumer", "app")
    search_fields = ("=consumer__ref", "=public_id", "=token_digest")
    search_help_text = "The whole consumer id, device id, or SHA-256 of the token."
    # With the token, anybody who also has the credential could push to the phone.
    exclude = ("token", "p256dh", "auth")
    ordering = ("-id",)
    show_full_result_count = False
    actions = (
        "log_out",
        "remove",
    )

    @admin.action(description="Log out: no pushes until the next login")
    def log_out(self, request: HttpRequest, queryset: QuerySet[Device]) -> None:
        for device in queryset:
            log_out(device=device, logout_type=LogoutType.ALL, now=timezone.now())
        self.message_user(request, "The devices were logged out.")

    @admin.action(description="Take out of the registry")
    def remove(self, request: HttpRequest, queryset: QuerySet[Device]) -> None:
        for device in queryset:
            device.remove(reason="operator", now=timezone.now())
        self.message_user(request, "The devices were taken out.")


@admin.register(IdentityProvider)
class IdentityProviderAdmin(AccountScopedAdmin):
    form = IdentityProviderForm
    list_display = ("account", "issuer", "audience", "jwks_url", "jwks_fetched_at")
    list_filter = (("account", ScopedRelatedFilter),)
    list_select_related = ("account",)
    readonly_fields = ("jwks_fetched_at", "jwks_tried_at")
    ordering = ("account__number",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        save_identity_provider(provider=obj, by=_actor(request))
