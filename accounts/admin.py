"""The operator's window on brands, people and API clients."""

from datetime import timedelta
from typing import Any

import oauth2_provider.admin  # noqa: F401  registers what is taken out below
from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import admin_forms, audit, mail, services
from accounts.admin_scope import (
    AccountScopedAdmin,
    AccountScopedInline,
    ReadOnlyAdmin,
    ScopedRelatedFilter,
    administered_accounts,
)
from accounts.models import (
    Account,
    ApiClient,
    ApiSecret,
    App,
    AuditEvent,
    Membership,
    Skill,
    User,
)

admin.site.site_header = admin.site.site_title = "Proactive"
# One door for all: throttled, with the second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def change_password(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Where guesses at the old one are counted, and not on Django's own page."""
    return redirect("account_change_password")


admin.site.password_change = change_password  # type: ignore[assignment, method-assign]


def take_out_foreign_models() -> None:
    """Tokens and applications are ours to show; groups give nobody anything here."""
    for model in list(admin.site._registry):
        if model._meta.app_label == "oauth2_provider" or model in {ApiClient, Group}:
            admin.site.unregister(model)


take_out_foreign_models()


@admin.register(Account)
class AccountAdmin(AccountScopedAdmin):
    account_path = ""
    list_display = ("number", "name", "region", "time_zone")
    search_fields = ("number", "name")
    add_form = admin_forms.NewAccount
    add_fields = (
        "name",
        "number",
        "region",
        "time_zone",
        "default_skill_name",
        "admin_email",
    )
    fields = (
        "number",
        "name",
        "region",
        "time_zone",
        "default_skill",
        "welcome_message",
        "return_after_minutes",
        "close_after_hours",
        "max_recipients",
        "requests_per_second",
        "daily_recipients",
        "messages_per_second",
        "requires_two_factor",
    )
    fixed_fields = ("number",)
    operator_fields = (
        "region",
        "max_recipients",
        "requests_per_second",
        "daily_recipients",
        "messages_per_second",
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        match = request.resolver_match
        if db_field.name == "default_skill" and match and "object_id" in match.kwargs:
            kwargs["queryset"] = Skill.objects.filter(account=match.kwargs["object_id"])
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Account:
        account, invitation = services.create_account(by=_user(request), **data)
        _show_invitation(request, invitation)
        return account

    def change(self, request: HttpRequest, obj: Any, data: dict[str, Any]) -> None:
        services.change_account(account=obj, changes=data, by=_user(request))


# What a brand's administrators see of their people; the rest is what they are elsewhere.
OF_A_BRAND = ("email", "name", "is_active", "last_login")


@admin.register(User)
class UserAdmin(AccountScopedAdmin):
    """For operators; a brand's administrators see their people, and invite by memberships."""

    account_path = "memberships__account"
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    fields = ("email", "name", "is_active", "is_superuser", "is_staff", "last_login")
    readonly_fields = ("is_staff", "last_login")
    audited_fields = ("email", "name", "is_active", "is_superuser")
    actions = ("show_password_link",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def scoped(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """For a brand those who have come: what another brand knows of the others is not told."""
        if request.user.is_superuser:
            return queryset
        joined = Membership.objects.filter(
            account__in=administered_accounts(request), user__last_login__gte=F("created_at")
        )
        return queryset.filter(pk__in=joined.values("user"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if request.user.is_superuser else OF_A_BRAND

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.list_display if request.user.is_superuser else OF_A_BRAND

    @admin.action(description="Show a link to choose a new password", permissions=["change"])
    def show_password_link(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            audit.record(by=_user(request), account=None, verb="password_link_shown", target=user)
            self.message_user(request, f"{user}: {mail.password_link(user)}", messages.WARNING)


@admin.register(Membership)
class MembershipAdmin(AccountScopedAdmin):
    """Adding one invites; every change goes through `grant_role` and `revoke_role`."""

    list_display = ("user", "account", "role")
    list_filter = (("account", ScopedRelatedFilter), "role")
    search_fields = ("user__email", "user__name")
    filter_horizontal = ("skills",)
    add_form = admin_forms.Invite
    add_fields = ("account", "email", "name", "role", "skills")
    fields = ("user", "account", "role", "skills")
    fixed_fields = ("user", "account")
    actions = ("invite_again",)

    def get_search_fields(self, request: HttpRequest) -> Any:
        """A brand looks for addresses: it is not told the names of who has not come yet."""
        return self.search_fields if request.user.is_superuser else self.search_fields[:1]

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Membership:
        invitation = services.invite_user(by=_user(request), **data)
        _show_invitation(request, invitation)
        return invitation.membership

    def change(self, request: HttpRequest, obj: Any, data: dict[str, Any]) -> None:
        services.grant_role(user=obj.user, account=obj.account, by=_user(request), **data)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        services.revoke_role(user=obj.user, account=obj.account, by=_user(request))

    @admin.action(description="Invite again", permissions=["change"])
    def invite_again(self, request: HttpRequest, memberships: QuerySet[Membership]) -> None:
        """By mail where there is mail: the link is for the eyes of who has the address."""
        for row in memberships.select_related("user", "account"):
            _show_invitation(request, services.invite_again(membership=row, by=_user(request)))


@admin.register(Skill)
class SkillAdmin(AccountScopedAdmin):
    list_display = ("name", "account", "target_minutes")
    list_filter = (("account", ScopedRelatedFilter),)
    search_fields = ("name",)
    fields = ("account", "name", "target_minutes")
    fixed_fields = ("account",)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Skill:
        return services.create_skill(by=_user(request), **data)

    def change(self, request: HttpRequest, obj: Any, data: dict[str, Any]) -> None:
        services.change_skill(skill=obj, by=_user(request), **data)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        services.delete_skill(skill=obj, by=_user(request))


@admin.register(App)
class AppAdmin(AccountScopedAdmin):
    form = admin_forms.AppForm
    list_display = ("bundle_id", "name", "account")
    list_filter = (("account", ScopedRelatedFilter),)
    search_fields = ("bundle_id", "name")
    fixed_fields = ("account",)
    audited_fields = (
        "bundle_id",
        "name",
        "platforms",
        "min_ios_sdk",
        "min_android_sdk",
        "min_androidx_sdk",
        "origins",
    )


class SecretInline(AccountScopedInline):
    model = ApiSecret
    account_path = "client__account"
    fields = readonly_fields = ("prefix", "valid_from", "valid_until")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiClient)
class ApiClientAdmin(AccountScopedAdmin):
    form = admin_forms.ApiClientForm
    add_form = admin_forms.NewApiClient
    add_fields = ("account", "name", "scopes", "client_id", "secret")
    fields = ("account", "name", "client_id", "scopes", "is_enabled", "last_used_at")
    readonly_fields = ("last_used_at",)
    fixed_fields = ("account", "client_id")
    list_display = ("name", "client_id", "account", "is_enabled", "last_used_at")
    list_filter = (("account", ScopedRelatedFilter), "is_enabled")
    search_fields = ("name", "client_id")
    inlines = (SecretInline,)
    actions = ("rotate", "replace")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def create(self, request: HttpRequest, data: dict[str, Any]) -> ApiClient:
        client, secret = services.create_api_client(by=_user(request), **data)
        self._show(request, client, secret)
        return client

    def change(self, request: HttpRequest, obj: Any, data: dict[str, Any]) -> None:
        services.change_api_client(client=obj, by=_user(request), **data)

    @admin.action(description="Rotate the secret: the old one works one day more")
    def rotate(self, request: HttpRequest, clients: QuerySet[ApiClient]) -> None:
        for client in clients:
            self._show(request, client, services.rotate_secret(client=client, by=_user(request)))

    @admin.action(description="Replace the secret: the old one and its tokens end now")
    def replace(self, request: HttpRequest, clients: QuerySet[ApiClient]) -> None:
        for client in clients:
            for old in client.secrets.all():
                services.revoke_secret(secret=old, by=_user(request))
            secret = services.rotate_secret(client=client, overlap=timedelta(0), by=_user(request))
            self._show(request, client, secret)

    def _show(self, request: HttpRequest, client: ApiClient, secret: str) -> None:
        text = f"Client id {client.client_id}, secret {secret}. The secret is not shown again."
        self.message_user(request, text, messages.WARNING)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "account_number", "actor", "verb", "target_type", "target_label")
    list_filter = ("verb",)
    search_fields = ("actor", "target_label")
    ordering = ("-at", "-id")

    def scoped(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if request.user.is_superuser:
            return queryset
        numbers = administered_accounts(request).values("number")
        return queryset.filter(account_number__in=numbers)


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("Django admin let somebody in who has not signed in.")
    return request.user


def _show_invitation(request: HttpRequest, invitation: services.Invitation) -> None:
    email = invitation.membership.user.email
    if invitation.is_mailed:
        messages.info(request, f"The invitation was mailed to {email}.")
    else:
        messages.warning(request, f"Pass this link on to {email}: {invitation.url}")
