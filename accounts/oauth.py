"""What django-oauth-toolkit asks us: client credentials only, secrets from `ApiSecret`."""

import base64
import binascii
import uuid
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from django.utils import timezone
from oauth2_provider.generators import BaseHashGenerator
from oauth2_provider.models import AccessToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import SettingsScopes
from oauthlib.common import Request

from accounts import tokens
from accounts.models import ApiClient


class Credentials(NamedTuple):
    client_id: str
    secret: str


def basic_credentials(header: str) -> Credentials | None:
    """Read an `Authorization: Basic` header (RFC 6749, 2.3.1: both parts are form-encoded).

    :raises ValueError: it is a Basic header that cannot be read.
    """
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("The Basic header cannot be read.") from error
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise ValueError("The Basic header has no colon.")
    return Credentials(unquote_plus(client_id), unquote_plus(secret))


class Validator(OAuth2Validator):  # type: ignore[misc]
    """Checks clients against `ApiSecret`, for one account where the path names one.

    Made for each request; ``minted`` is the row of the token that was given out.
    """

    minted: AccessToken

    def __init__(self, account_number: int | None = None) -> None:
        super().__init__()
        self.account_number = account_number

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        return True

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        given = basic_credentials(request.headers.get("Authorization", "")) or Credentials(
            request.client_id or "", request.client_secret or ""
        )
        request.client = tokens.find_client(
            client_id=given.client_id,
            secret=given.secret,
            now=timezone.now(),
            account_number=self.account_number,
        )
        return request.client is not None

    def authenticate_client_id(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return False

    def save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        self.minted = tokens.mint(
            client=request.client,
            token=token["access_token"],
            scopes=request.scopes,
            now=timezone.now(),
        )

    def revoke_token(
        self, token: str, token_type_hint: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        tokens.revoke(token, client=request.client)


class ClientScopes(SettingsScopes):  # type: ignore[misc]
    """A client has the scopes it was given, and asks for all of them unless it says less."""

    def get_available_scopes(
        self, application: ApiClient | None = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return list(application.scopes) if application else []

    def get_default_scopes(
        self, application: ApiClient | None = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return self.get_available_scopes(application)


class ClientIdGenerator(BaseHashGenerator):  # type: ignore[misc]
    """Client ids look like LivePerson's app install ids: uuids."""

    def hash(self) -> str:
        return str(uuid.uuid4())
