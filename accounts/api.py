"""Where brand systems get and give back their tokens. Errors are those of RFC 6749."""

from typing import Any
from urllib.parse import urlencode

import orjson
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View
from oauthlib.oauth2 import BackendApplicationServer, OAuth2Error

from accounts import tokens
from accounts.oauth import Credentials, Validator, basic_credentials
from accounts.throttle import FailureLimit, digest_of
from common.address import address_of
from common.limits import Policy, limiter

SECRET_FAILURES = FailureLimit("token", failures=20, window=60)
# A token lasts an hour: who asks more often than this has lost its own.
TOKEN_REQUESTS = Policy("token", quota=60, window=60)

Parameters = list[tuple[str, str]]


class OAuthRefused(Exception):
    """An answer of RFC 6749, 5.2."""

    def __init__(self, error: str, description: str, *, status: int = 400, wait: int = 0) -> None:
        super().__init__(error)
        self.body = orjson.dumps({"error": error, "error_description": description})
        self.status = status
        self.wait = wait


@method_decorator([csrf_exempt, sensitive_post_parameters()], name="dispatch")
class OAuthEndpoint(View):
    """Reads credentials, counts failures, and lets oauthlib decide."""

    http_method_names = ["post"]
    content_type = "application/json"

    def post(self, request: HttpRequest, account_number: str | None = None) -> HttpResponse:
        validator = Validator(int(account_number) if account_number else None)
        try:
            status, body = self._ask(request, self._parameters(request), validator)
        except OAuthRefused as refused:
            return self._response(refused.status, refused.body, wait=refused.wait)
        return self._response(status, self.body_for(body, validator) if status == 200 else body)

    def _parameters(self, request: HttpRequest) -> Parameters:
        """:raises OAuthRefused: Django could not read them; of its exceptions none gets out."""
        try:
            return self.parameters(request)
        except (BadRequest, MultiPartParserError, SuspiciousOperation):
            raise OAuthRefused("invalid_request", "The form cannot be read.") from None

    def parameters(self, request: HttpRequest) -> Parameters:
        if request.META.get("QUERY_STRING"):
            raise OAuthRefused("invalid_request", "Send parameters in the form, not in the URL.")
        return [(name, value) for name, values in request.POST.lists() for value in values]

    def ask(
        self, server: BackendApplicationServer, uri: str, form: str, headers: dict[str, str]
    ) -> tuple[Any, str, int]:
        raise NotImplementedError

    def body_for(self, body: str, validator: Validator) -> str | bytes:
        """What a success says."""
        return body

    def _ask(
        self, request: HttpRequest, parameters: Parameters, validator: Validator
    ) -> tuple[int, str]:
        header = request.headers.get("Authorization", "")
        who = (_credentials(header, parameters).client_id, address_of(request))
        _check_limits(*who)
        server = BackendApplicationServer(
            validator,
            token_generator=lambda request: tokens.new_secret(),
            token_expires_in=int(tokens.LIFETIME.total_seconds()),
        )
        try:
            _, body, status = self.ask(
                server, request.path, urlencode(parameters), {"Authorization": header}
            )
        except OAuth2Error as error:
            body, status = error.json, error.status_code
        if status == 401:
            SECRET_FAILURES.count(*who)
        return status, body

    def _response(self, status: int, body: str | bytes, *, wait: int = 0) -> HttpResponse:
        response = HttpResponse(body, status=status, content_type=self.content_type)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Pragma"] = "no-cache"
        if status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="proactive"'
        if wait:
            response.headers["Retry-After"] = str(wait)
        return response


class TokenView(OAuthEndpoint):
    """`POST /oauth/token`: client credentials in the form or a Basic header; an opaque token."""

    def ask(
        self, server: BackendApplicationServer, uri: str, form: str, headers: dict[str, str]
    ) -> tuple[Any, str, int]:
        answer: tuple[Any, str, int] = server.create_token_response(uri, "POST", form, headers)
        return answer


class SentinelTokenView(TokenView):
    """LivePerson's path: everything from query or form, one account, and a JWT."""

    content_type = "application/json;charset=utf-8"

    def parameters(self, request: HttpRequest) -> Parameters:
        merged: dict[str, list[str]] = {}
        for name, values in [*request.GET.lists(), *request.POST.lists()]:
            if name != "v" and merged.setdefault(name, values) != values:
                raise OAuthRefused("invalid_request", "The query and the form differ.")
        merged.setdefault("grant_type", ["client_credentials"])
        return [(name, value) for name, values in merged.items() for value in values]

    def body_for(self, body: str, validator: Validator) -> bytes:
        return orjson.dumps(
            {
                "access_token": tokens.signed(validator.minted, now=timezone.now()),
                "token_type": "Bearer",
                "expires_in": int(tokens.LIFETIME.total_seconds()),
            }
        )


class RevokeTokenView(OAuthEndpoint):
    """`POST /oauth/revoke_token` (RFC 7009): ``token`` is an access token or a JWT's `jti`."""

    def ask(
        self, server: BackendApplicationServer, uri: str, form: str, headers: dict[str, str]
    ) -> tuple[Any, str, int]:
        answer: tuple[Any, str, int] = server.create_revocation_response(uri, "POST", form, headers)
        return answer

    def parameters(self, request: HttpRequest) -> Parameters:
        """Without the hint: there is one type of token, and a wrong hint changes nothing (2.1)."""
        given = super().parameters(request)
        return [(name, value) for name, value in given if name != "token_type_hint"]


def _check_limits(*who: str) -> None:
    """The same for clients that exist and for those that do not.

    :raises OAuthRefused: 429, with the seconds to wait.
    """
    standing = limiter().take_request(TOKEN_REQUESTS, digest_of(*who))
    if not standing.is_allowed:
        raise OAuthRefused(
            "temporarily_unavailable", "Too many requests.", status=429, wait=standing.wait
        )
    wait = SECRET_FAILURES.seconds_to_wait(*who)
    if wait:
        raise OAuthRefused(
            "temporarily_unavailable", "Too many failed tries.", status=429, wait=wait
        )


def _credentials(header: str, parameters: Parameters) -> Credentials:
    """Who asks: the Basic header where there is one, else the form.

    :raises OAuthRefused: they cannot be read, or anything has a NUL.
    """
    form = dict(parameters)
    by_form = Credentials(form.get("client_id", ""), form.get("client_secret", ""))
    try:
        given = basic_credentials(header) or by_form
    except ValueError as error:
        raise OAuthRefused("invalid_client", str(error), status=401) from error
    if any(theirs not in ("", ours) for theirs, ours in zip(by_form, given, strict=True)):
        raise OAuthRefused("invalid_request", "The Basic header and the form differ.")
    if any("\0" in text for pair in [*parameters, given] for text in pair):
        raise OAuthRefused("invalid_request", "A parameter has a NUL character.")
    return given
