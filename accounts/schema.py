"""The token paths and the Domain API, described for the OpenAPI document."""

from typing import Any

from django.conf import settings

from accounts.domain_api import SERVICES
from common.openapi import (
    STRING,
    Access,
    Operation,
    Schema,
    about,
    answer,
    array,
    enum,
    obj,
    query,
    ref,
    with_examples,
)

FORM = "application/x-www-form-urlencoded"
CREDENTIALS: dict[str, Schema] = {
    "client_id": about(STRING, "Of the API client; else in a Basic header."),
    "client_secret": STRING,
}
SECRET = {"client_id": "larkfield-crm", "client_secret": "a-secret-of-20-or-more-characters"}

_SCOPES: Any = settings.OAUTH2_PROVIDER["SCOPES"]
_SCOPE = f"({'|'.join(_SCOPES)})"
GRANT = enum("client_credentials")

COMPONENTS: dict[str, Schema] = {
    "SentinelToken": obj(
        {
            "access_token": about(STRING, "An RS256 JWT; send it as `Authorization: Bearer`."),
            "token_type": enum("Bearer"),
            "expires_in": about({"type": "integer"}, "Seconds."),
        }
    ),
    "Token": obj(
        {
            "access_token": about(STRING, "Opaque."),
            "token_type": enum("Bearer"),
            "expires_in": about({"type": "integer"}, "Seconds."),
            "scope": about(STRING, "Scopes, between spaces."),
        }
    ),
    "OAuthError": obj(
        {"error": STRING, "error_description": STRING},
        optional=("error_description",),
        description="RFC 6749, 5.2.",
    ),
    "Host": obj({"service": enum(*SERVICES), "account": STRING, "baseURI": STRING}),
    "Hosts": obj({"baseURIs": array(ref("Host"))}),
}

VERSION = query("version", enum("1.0"), "The one that is served.")
SERVICE = "/api/account/{accountId}/service"
HOST = {"service": "sentinel", "account": "48213907", "baseURI": "va.sentinel.example.com"}

OPERATIONS = {
    "POST /sentinel/api/account/{accountId}/app/token": Operation(
        id="getAppToken",
        tag="Tokens",
        summary="Get a token, by LivePerson's path",
        description=(
            "OAuth 2.0 client credentials for one account. Client id, secret and `grant_type` are"
            " read from the form, the query string or a Basic header."
        ),
        access=Access.CLIENT,
        parameters=(
            query("v", STRING, "Accepted and ignored."),
            query("grant_type", GRANT, "May be left out."),
            query("client_id", STRING, "Better sent in the form."),
            query("client_secret", STRING, "Better sent in the form."),
        ),
        body={
            FORM: with_examples(
                obj({"grant_type": GRANT, **CREDENTIALS}, optional=("grant_type", *CREDENTIALS)),
                {"form": SECRET},
            )
        },
        is_body_required=False,
        responses={
            200: answer(
                "The token, good for one hour.",
                ref("SentinelToken"),
                token={"access_token": "eyJhbGciOi…", "token_type": "Bearer", "expires_in": 3600},
            )
        },
    ),
    "POST /oauth/token": Operation(
        id="getToken",
        tag="Tokens",
        summary="Get a token (RFC 6749, 4.4)",
        description="Credentials are in the form or a Basic header; a query string is refused.",
        access=Access.CLIENT,
        body={
            FORM: with_examples(
                obj(
                    {
                        "grant_type": GRANT,
                        **CREDENTIALS,
                        "scope": about(
                            {"type": "string", "pattern": f"^{_SCOPE}( {_SCOPE})*$"},
                            "Some of the client's scopes; else all of them.",
                        ),
                    },
                    optional=("client_id", "client_secret", "scope"),
                ),
                {"form": {"grant_type": "client_credentials", **SECRET}},
            )
        },
        responses={
            200: answer(
                "The token, good for one hour.",
                ref("Token"),
                token={
                    "access_token": "SYar24cqjOvvs8ogGy4FDALkx2pdDAX-q6UOhaYrH6E",
                    "expires_in": 3600,
                    "token_type": "Bearer",
                    "scope": "campaigns:read campaigns:send",
                },
            )
        },
    ),
    "POST /oauth/revoke_token": Operation(
        id="revokeToken",
        tag="Tokens",
        summary="Give a token back (RFC 7009)",
        access=Access.CLIENT,
        body={
            FORM: with_examples(
                obj(
                    {
                        **CREDENTIALS,
                        "token": about(
                            {"type": "string", "minLength": 1},
                            "An access token, or the `jti` of a JWT.",
                        ),
                        "token_type_hint": about(STRING, "Is not needed, and not looked at."),
                    },
                    optional=("client_id", "client_secret", "token_type_hint"),
                ),
                {"form": {**SECRET, "token": "SYar24cqjOvvs8ogGy4FDALkx2pdDAX-q6UOhaYrH6E"}},
            )
        },
        responses={200: answer("It is good for nothing any more, if it ever was.")},
    ),
    f"GET {SERVICE}/baseURI.json": Operation(
        id="listHosts",
        tag="Hosts",
        summary="Tell where the account's services are",
        description="LivePerson's Domain API, open to all.",
        access=Access.OPEN,
        parameters=(VERSION,),
        responses={200: answer("Every service.", ref("Hosts"), hosts={"baseURIs": [HOST]})},
        errors={400: "An unknown account or version."},
    ),
    f"GET {SERVICE}/{{service}}/baseURI.json": Operation(
        id="getHost",
        tag="Hosts",
        summary="Tell where one service is",
        access=Access.OPEN,
        parameters=(VERSION,),
        responses={200: answer("The service.", ref("Host"), host=HOST)},
        errors={400: "An unknown account, service or version."},
    ),
}
