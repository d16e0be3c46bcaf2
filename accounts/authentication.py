"""The door of the brand API: a bearer token, its client, and the account of the path."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.limits import LimitReached, policies, take_request
from accounts.models import Account, ApiClient
from accounts.tokens import TokenExpired, TokenGrant, TokenUnknown, look_up
from common.limits import Standing, as_header


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer <token>`, or the bare token, as some callers send it."""

    def authenticate(self, request: Request) -> tuple[None, TokenGrant]:
        try:
            return None, look_up(_token_of(request), now=timezone.now())
        except TokenExpired:
            # LivePerson's own words, which its callers look for.
            raise AuthenticationFailed("jwt expired") from None
        except TokenUnknown:
            raise AuthenticationFailed("This token is unknown or has been revoked.") from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BrandView(APIView):
    """A view of the brand API; the path names the account as ``account_number``.

    ``required_scope`` is one scope, or one for each method; ``api_name`` likewise names the API
    whose limit a request counts for. A token of another account finds nothing here: 404, as for an
    account that does not exist.
    """

    authentication_classes = (BearerToken,)
    metadata_class = None
    required_scope: ClassVar[str | Mapping[str, str]]
    api_name: ClassVar[str | Mapping[str, str]] = "status"
    account: Account
    client: ApiClient
    # Set once the caller is known: what the RateLimit header says.
    standings: list[Standing]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        grant = cast(TokenGrant, request.auth)
        self.client, self.account = grant.client, grant.client.account
        # Before the path is looked at: who tries other accounts spends its own requests.
        self.standings = []
        self.standings.append(take_request(self.account, self._api_name))
        if self.account.number != int(kwargs["account_number"]):
            raise Http404("There is no such account.")
        structlog.contextvars.bind_contextvars(
            account=self.account.number, api_client=self.client.client_id
        )
        self._check_scope(request.method or "", grant)

    @property
    def _api_name(self) -> str:
        if isinstance(self.api_name, str):
            return self.api_name
        return self.api_name.get(self.request.method or "", "status")

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, LimitReached):
            self.standings.append(exc.standing)
        return super().handle_exception(exc)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        if hasattr(self, "standings"):
            final.headers["RateLimit-Policy"] = as_header(policies(self.account, self._api_name))
            final.headers["RateLimit"] = as_header(self.standings)
        return final

    def _check_scope(self, method: str, grant: TokenGrant) -> None:
        scope = self._scope_of("GET" if method == "HEAD" else method)
        if scope and scope not in grant.scopes:
            raise PermissionDenied(f"This token does not have the scope {scope}.")

    def _scope_of(self, method: str) -> str:
        if isinstance(self.required_scope, str):
            return self.required_scope
        is_offered = method in self.allowed_methods and method != "OPTIONS"
        if method not in self.required_scope and is_offered:
            raise ImproperlyConfigured(f"{type(self).__name__} names no scope for {method}.")
        return self.required_scope.get(method, "")


def _token_of(request: Request) -> str:
    match request.headers.get("Authorization", "").split():
        case [token] if token.lower() != "bearer":
            return token
        case [scheme, token] if scheme.lower() == "bearer":
            return token
        case _:
            raise NotAuthenticated("Send a token: Authorization: Bearer <token>.")
