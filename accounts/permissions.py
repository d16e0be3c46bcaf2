"""The one check of who may see a page: permissions hang on the account, and only there."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import View
from django_htmx.http import HttpResponseClientRedirect
from guardian.models import UserObjectPermission
from guardian.shortcuts import get_objects_for_user, get_user_perms

from accounts.models import Account, Membership, User
from accounts.roles import ALL_PERMISSIONS
from accounts.two_factor import must_set_up

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def permissions_on(user: User | AnonymousUser, account: Account) -> frozenset[str]:
    """Names of what the user may do there, such as "manage_handoffs": empty for a stranger."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    if user.is_superuser:
        return ALL_PERMISSIONS
    known = getattr(account, "permissions_of_user", None)
    # Groups give nobody anything here.
    return ALL_PERMISSIONS.intersection(get_user_perms(user, account) if known is None else known)


def with_permissions(accounts: "QuerySet[Account]", user: User) -> "QuerySet[Account]":
    """With the names of what this user may do in each, so that `permissions_on` need not ask, and
    whether they belong to others too."""
    granted = UserObjectPermission.objects.filter(
        user=user,
        object_pk=Cast(OuterRef("pk"), CharField()),
        content_type__app_label="accounts",
        content_type__model="account",
    )
    others = Membership.objects.filter(user=user).exclude(account=OuterRef("pk"))
    return accounts.annotate(
        permissions_of_user=ArraySubquery(granted.values("permission__codename")),
        has_siblings=Exists(others),
    )


def accounts_with(user: User, permission: str) -> Any:
    """The accounts on which the user has a permission: a QuerySet of Account."""
    return get_objects_for_user(user, f"accounts.{permission}", Account, accept_global_perms=False)


class AccountPermissionMixin(View):
    """A page of one account, whose number is in the path as ``account_number``.

    Strangers get 404, members whose role does not allow it 403, and those who have not signed in
    the sign-in page. What else the path names is fetched in `load`, which runs after the check.
    Where changing asks for more than looking, ``changing_permission`` says what. Nothing of a
    page is kept by a browser, so that it is gone after signing out.
    """

    required_permission: ClassVar[str]
    changing_permission: ClassVar[str] = ""
    account: Account
    permissions: frozenset[str]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        self.account = self._find_account(request.user, kwargs["account_number"])
        if must_set_up(request, self.account, self.permissions):
            return _set_up_first(request)
        if not self._needed(request) <= self.permissions:
            raise PermissionDenied("Your role does not allow this.")
        self.load()
        # The frame around the page need not ask again.
        request.brand = self.account, self.permissions  # type: ignore[attr-defined]
        response = super().dispatch(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    def load(self) -> None:
        """Fetch what ``self.kwargs`` names through ``self.account``; raise Http404 for nothing."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """For views with a template: the account and what may be done in it."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {"account": self.account, "permissions": self.permissions, **context}

    def _needed(self, request: HttpRequest) -> set[str]:
        needed = {self.required_permission.removeprefix("accounts.")}
        if self.changing_permission and request.method not in _READING:
            needed.add(self.changing_permission)
        return needed

    def _find_account(self, user: User, number: int) -> Account:
        """The account with what the user may do in it, in one query."""
        accounts = Account.objects.select_related("default_skill")
        account = with_permissions(accounts, user).filter(number=number).first()
        self.permissions = permissions_on(user, account) if account else frozenset()
        if account is None or not self.permissions:
            raise Http404("There is no such account.")
        return account


def _sign_in_first(request: HttpRequest) -> HttpResponseBase:
    sign_in = redirect_to_login(_page_of(request))
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(sign_in.url)
    return sign_in


def _page_of(request: HttpRequest) -> str:
    """Where the person is: a part of a page, or what a form is sent to, is none to come back to."""
    is_part = "HX-Request" in request.headers
    is_page = request.method in _READING and not is_part
    shown = request.headers.get("HX-Current-URL" if is_part else "Referer", "")
    if not is_page and url_has_allowed_host_and_scheme(shown, {request.get_host()}):
        return urlsplit(shown)._replace(scheme="", netloc="").geturl()
    return request.get_full_path() if request.method in _READING else settings.LOGIN_REDIRECT_URL


def _set_up_first(request: HttpRequest) -> HttpResponseBase:
    messages.warning(request, "Your brand asks its administrators for a second factor. Set it up.")
    url = reverse("mfa_activate_totp")
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(url)
    return redirect(url)
