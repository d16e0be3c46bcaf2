"""Django admin, cut down to the accounts that a brand's administrator administers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponseRedirect

from accounts.audit import record
from accounts.models import Account
from accounts.permissions import accounts_with
from accounts.roles import ADMINISTER
from accounts.two_factor import has_second_factor
from common.errors import DomainError


def administered_accounts(request: HttpRequest) -> QuerySet[Account]:
    if not request.user.is_authenticated:
        return Account.objects.none()
    if request.user.is_superuser:
        return Account.objects.all()
    accounts: QuerySet[Account] = accounts_with(request.user, ADMINISTER)
    if has_second_factor(request.user):
        return accounts
    return accounts.filter(requires_two_factor=False)


def is_administrator(request: HttpRequest) -> bool:
    """Of any account, or an operator. Asked many times for a page, of the database once."""
    known = getattr(request, "is_administrator", None)
    if known is None:
        known = request.user.is_superuser or administered_accounts(request).exists()
        request.is_administrator = known  # type: ignore[attr-defined]
    return bool(known)


class ScopedOptions:
    """What admins and inlines have in common.

    Superusers see all. An administrator of a brand sees the rows that ``account_path`` (an ORM
    path, empty for Account itself) leads from to an account of theirs, here and in every choice.
    """

    account_path: ClassVar[str] = "account"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.scoped(request, super().get_queryset(request))  # type: ignore[misc]

    def scoped(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The part of the model's rows that this person may see."""
        if request.user.is_superuser:
            return queryset
        lookup = f"{self.account_path}__in" if self.account_path else "pk__in"
        return queryset.filter(pk__in=_keys(queryset.model, lookup, request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._choices(db_field, request, kwargs.get("queryset"))
        return super().formfield_for_foreignkey(  # type: ignore[misc]
            db_field, request, **kwargs
        )

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._choices(db_field, request, kwargs.get("queryset"))
        return super().formfield_for_manytomany(  # type: ignore[misc]
            db_field, request, **kwargs
        )

    def _choices(
        self, db_field: Field, request: HttpRequest, queryset: QuerySet[Any] | None
    ) -> QuerySet[Any]:
        model: Any = db_field.related_model
        return scoped_rows(model, request, queryset)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_in_scope(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_administrator(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_in_scope(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_in_scope(request, obj)

    def _is_in_scope(self, request: HttpRequest, obj: Any) -> bool:
        if request.user.is_superuser:
            return bool(request.user.is_active)
        if obj is None or not isinstance(obj, self.model):  # type: ignore[attr-defined]
            return is_administrator(request)
        rows = self.model._default_manager.filter(pk=obj.pk)  # type: ignore[attr-defined]
        return self.scoped(request, rows).exists()


class AccountScopedAdmin(ScopedOptions, admin.ModelAdmin):
    """The base of every admin class for rows that hang on an account.

    ``fixed_fields`` can be set once, ``operator_fields`` by superusers only. With ``create`` or
    ``change`` the saving goes through a service, and a rule that says no is told in a message;
    without them the row is saved and audited here, with the values of ``audited_fields``.
    """

    list_per_page = 50
    add_form: ClassVar[Any] = None
    add_fields: ClassVar[tuple[str, ...]] = ()
    fixed_fields: ClassVar[tuple[str, ...]] = ()
    operator_fields: ClassVar[tuple[str, ...]] = ()
    audited_fields: ClassVar[tuple[str, ...]] = ()
    create: ClassVar[Any] = None
    change: ClassVar[Any] = None

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None and self.add_form:
            kwargs["form"] = self.add_form
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None and self.add_fields:
            return self.add_fields
        return super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*super().get_readonly_fields(request, obj)]
        if obj is not None:
            fields += self.fixed_fields
        if not request.user.is_superuser:
            fields += self.operator_fields
        return fields

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """By the filters that are offered alone. Django allows every field of the row, so that a
        password's hash, or a token, could be asked for letter by letter."""
        offered = {_name_of(one) for one in self.get_list_filter(request)} | {self.date_hierarchy}
        is_offered = lookup.partition("__")[0] in offered
        return is_offered and bool(super().lookup_allowed(lookup, value, request))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        service = self.change if change else self.create
        if service is None:
            super().save_model(request, obj, form, change)
            self._audit(request, obj, "changed" if change else "created", self._changes(form))
        elif change:
            service(request, obj, form.cleaned_data)
        else:
            made = service(request, form.cleaned_data)
            obj.__dict__.update(made.__dict__)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._audit(request, obj, "deleted", {})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for obj in queryset:
                self.delete_model(request, obj)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._told(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._told(request, super().delete_view, *args, **kwargs)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> Any:
        return self._told(request, super().response_action, queryset, *args, **kwargs)

    def _told(self, request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except DomainError as refused:
            self.message_user(request, refused.message, messages.ERROR)
            return HttpResponseRedirect(request.path)

    def _audit(self, request: HttpRequest, obj: Any, verb: str, changes: Mapping[str, Any]) -> None:
        record(
            by=str(request.user),
            account=self._account_of(obj),
            verb=f"{obj._meta.model_name}_{verb}",
            target=obj,
            changes=changes,
        )

    def _changes(self, form: Any) -> dict[str, Any]:
        # Values only of fields that are known to hold no secret.
        return {
            name: (form.initial.get(name), form.cleaned_data.get(name))
            if name in self.audited_fields
            else ("…", "…")
            for name in form.changed_data
        }

    def _account_of(self, obj: Any) -> Account | None:
        for name in filter(None, self.account_path.split("__")):
            obj = getattr(obj, name, None)
        return obj if isinstance(obj, Account) else None


class AccountScopedInline(ScopedOptions, admin.TabularInline):
    """Rows inside a page that is scoped itself, so only their choices need it."""

    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return admin.TabularInline.get_queryset(self, request)

    def _is_in_scope(self, request: HttpRequest, obj: Any) -> bool:
        return is_administrator(request)


class ReadOnlyAdmin(AccountScopedAdmin):
    """Rows that nobody edits by hand: history, and what the engine writes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ScopedRelatedFilter(admin.RelatedFieldListFilter):
    """For ``list_filter = [("account", ScopedRelatedFilter)]``: the plain one shows all rows."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[Any, Any]]:
        rows = scoped_rows(field.related_model, request, None)
        return [(row.pk, str(row)) for row in rows]


def _name_of(list_filter: Any) -> str:
    """As it stands in an address."""
    named = list_filter[0] if isinstance(list_filter, tuple) else list_filter
    return str(getattr(named, "parameter_name", named))


def scoped_rows(
    model: type[Model], request: HttpRequest, queryset: QuerySet[Any] | None
) -> QuerySet[Any]:
    """Rows that may be offered as a choice: as the model's own admin scopes them, else none."""
    rows = model._default_manager.all() if queryset is None else queryset
    if request.user.is_superuser:
        return rows
    options = admin.site._registry.get(model)
    if isinstance(options, ScopedOptions):
        return options.scoped(request, rows)
    return rows.none()


def _keys(model: type[Model], lookup: str, request: HttpRequest) -> QuerySet[Any, Any]:
    # A subquery and not a join: a path over a to-many relation must not repeat rows.
    accounts = administered_accounts(request).values("pk")
    return model._default_manager.filter(**{lookup: accounts}).values("pk")
