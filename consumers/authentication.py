"""The SDK's door: a consumer comes with the brand's own token, from an app or a listed origin."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Account, App, Platform
from common.problems import ServiceUnavailable
from consumers.jwks import KeySetUnavailable
from consumers.jwt import LEEWAY_SECONDS, Claims, TokenRefused, verify
from consumers.limits import take_request
from consumers.models import Consumer, IdentityProvider
from consumers.services import find_or_create_consumer

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CORS_HEADERS = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"
CORS_EXPOSED = "Retry-After, X-Request-Id"
CORS_MAX_AGE = "600"


class BadToken(AuthenticationFailed):
    """401; the problem carries ``reason``, a stable word, beside the sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail, code=reason)
        self.reason = reason


class SdkView(APIView):
    """Base of the views under ``/api/sdk/v1/account/<account_number>/``.

    ``account`` and ``claims`` are there in every handler. Reading must not create consumers: a
    ``GET`` that is worth an answer for somebody unknown uses ``find_consumer()``.
    """

    account: Account
    claims: Claims

    @property
    def ref(self) -> str:
        """The consumer's id: ``sub``."""
        subject: str = self.claims["sub"]
        return subject

    @property
    def token_ends_at(self) -> datetime:
        """From then on the token is refused."""
        ends_at = datetime.fromtimestamp(self.claims["exp"], UTC)
        return ends_at + timedelta(seconds=LEEWAY_SECONDS)

    @cached_property
    def consumer(self) -> Consumer:
        """The consumer of the token, created by the first request that is not a read.

        :raises Http404: a read by somebody who was never here.
        """
        if self.request.method in SAFE_METHODS:
            found = self.find_consumer()
            if found is None:
                raise Http404
            return found
        return find_or_create_consumer(account=self.account, claims=self.claims)

    def find_consumer(self) -> Consumer | None:
        return Consumer.objects.filter(account=self.account, ref=self.ref).first()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.account = _load_account(kwargs["account_number"])
        if request.method != "OPTIONS":
            self.claims = authenticate(request, self.account)
            take_request(self.account, self.ref)

    def options(  # type: ignore[override] # DRF hands over its own request
        self, request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        """Answer a browser's preflight; it comes without a token."""
        response = Response(status=204)
        if _is_listed_origin(request.headers.get("Origin", ""), kwargs["account_number"]):
            response.headers["Access-Control-Allow-Methods"] = ", ".join(self.allowed_methods)
            response.headers["Access-Control-Allow-Headers"] = CORS_HEADERS
            response.headers["Access-Control-Max-Age"] = CORS_MAX_AGE
        return response

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, BadToken):
            response.data["reason"] = exc.reason
        return response

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        self._allow_origin(request.headers, response, self.kwargs["account_number"])
        return response

    def _allow_origin(
        self, headers: Mapping[str, str], response: Response, account_number: int
    ) -> None:
        """Let the account's web apps read the answer (C9). Never with cookies: there are none."""
        patch_vary_headers(response, ["Origin"])
        origin = headers.get("Origin", "")
        if _is_listed_origin(origin, account_number):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = CORS_EXPOSED


def _load_account(number: int) -> Account:
    account = Account.objects.select_related("identity_provider").filter(number=number).first()
    if account is None:
        raise Http404
    return account


def _is_listed_origin(origin: str, account_number: int) -> bool:
    if not origin.startswith(("https://", "http://")) or len(origin) > 255:
        return False
    if not (origin.isascii() and origin.isprintable()):
        return False
    apps = App.objects.filter(account__number=account_number, platforms__contains=[Platform.WEB])
    return apps.filter(origins__overlap=[origin, f"{origin}/"]).exists()


def authenticate(request: Request, account: Account) -> Claims:
    """Check the bearer token of the request against the account's identity provider.

    :raises BadToken: 401.
    :raises ServiceUnavailable: 503; the brand's key set was never reached.
    """
    token = _bearer_token(request)
    provider: IdentityProvider | None = getattr(account, "identity_provider", None)
    if provider is None:
        raise BadToken("identity_provider_missing", "The account has no identity provider yet.")
    try:
        return verify(token, provider, timezone.now())
    except TokenRefused as refusal:
        raise BadToken(refusal.reason, refusal.message) from None
    except KeySetUnavailable as error:
        raise ServiceUnavailable(str(error), retry_after=error.retry_after) from None


def _bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise BadToken("token_missing", "Send the JWT as Authorization: Bearer <token>.")
    return token.strip()
