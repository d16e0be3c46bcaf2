"""The agent widget's own calls: its code for a token, and what a consumer was sent (F1)."""

from typing import Any, cast

from django.http import Http404
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import BrandView
from accounts.limits import take_request
from accounts.models import Account
from accounts.tokens import digest
from common.body import Fields
from common.query import Query
from common.times import json_time
from conversations.api.brand import READ, campaign_json
from conversations.context import campaigns_of
from conversations.widget_access import (
    MAX_LENGTH,
    WidgetTokenRefused,
    account_of,
    issue_code,
    redeem_code,
)

# What a frame was told is kept in its memory alone.
KEEP_NOTHING = {"Cache-Control": "no-store"}


class WidgetToken(BaseAuthentication):
    """`Authorization: Bearer <token>`; ``request.auth`` is the account that it opens."""

    def authenticate(self, request: Request) -> tuple[None, Account]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotAuthenticated("Send the widget's token: Authorization: Bearer <token>.")
        try:
            return None, account_of(token.strip(), now=timezone.now())
        except WidgetTokenRefused:
            raise AuthenticationFailed("This token is no longer good. Sign in again.") from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class WidgetCodes(BrandView):
    """A brand's own server lets a widget in, without a window for the agent to sign in."""

    required_scope = READ
    api_name = "conversations"

    def post(self, request: Request, account_number: int) -> Response:
        made = issue_code(account=self.account, client=self.client, now=timezone.now())
        told = {"code": made.code, "expiresAt": json_time(made.expires_at)}
        return Response(told, status=201, headers=KEEP_NOTHING)


class WidgetTokens(APIView):
    """The code is all that is asked for: a frame has no cookies, and nothing else to show."""

    metadata_class = None

    def post(self, request: Request, account_number: int) -> Response:
        account = Account.objects.filter(number=account_number).first()
        if account is None:
            raise Http404("There is no such account.")
        fields = Fields(request.data)
        code = fields.text("code", required=True, max_length=MAX_LENGTH)
        fields.raise_if_invalid()
        made = redeem_code(account=account, code=code, now=timezone.now())
        told = {"token": made.token, "expiresAt": json_time(made.expires_at)}
        return Response(told, headers=KEEP_NOTHING)


class WidgetMessages(APIView):
    """At most five, of the last 30 days, newest first; nothing of a consumer who is unknown."""

    authentication_classes = (WidgetToken,)
    metadata_class = None
    account: Account

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.account = cast(Account, request.auth)
        if self.account.number != int(kwargs["account_number"]):
            raise Http404("There is no such account.")
        # One frame that asks too often holds up no other agent's.
        take_request(self.account, "widget", digest(request.headers["Authorization"]))

    def get(self, request: Request, account_number: int) -> Response:
        query = Query(request.query_params)
        consumer_ref = query.text("consumerId")
        if not consumer_ref and not query.errors:
            query.fail("consumerId", "required", "consumerId is missing.")
        query.raise_if_invalid()
        found = campaigns_of(
            account=self.account, consumer_ref=consumer_ref or "", now=timezone.now()
        )
        return Response({"messages": [campaign_json(one) for one in found]}, headers=KEEP_NOTHING)
