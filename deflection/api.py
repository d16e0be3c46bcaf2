"""``eligibility`` and ``invite``, in LivePerson's shape (``liveperson.md`` 8)."""

import re
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from common.body import Fields
from common.problems import trace_id
from deflection.errors import WORDS, PhoneInvalid, VersionInvalid, code_of
from deflection.models import DeflectionCall
from deflection.services import Caller, Overrides, check_eligibility, invite
from handoffs.models import Channel

VERSIONS = ("2.0", "2")
PHONE = re.compile(r"\+[1-9][0-9]{1,14}")
MAX_HANDOFF_ID = 16
MAX_MESSAGE = 1600


class DeflectionView(BrandView):
    """Errors are ours, with LivePerson's ``errorMessage`` and ``errorCode`` beside them."""

    required_scope = "campaigns:send"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.query_params.get("v") not in VERSIONS:
            raise VersionInvalid("Name the version in the query: ?v=2.0.", pointer="/v")

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        code = code_of(response.data.get("errorKey", ""), response.status_code)
        response.data |= {"errorMessage": WORDS[code], "errorCode": code}
        return response


class Eligibility(DeflectionView):
    api_name = "eligibility"

    def post(self, request: Request, account_number: int) -> Response:
        call = check_eligibility(
            account=self.account, caller=_read_caller(request.data), now=timezone.now()
        )
        return Response(_eligibility_json(call))


def _read_caller(data: Any) -> Caller:
    fields = Fields(data)
    phone = fields.text("consumerPhoneNumber", required=True, max_length=32)
    caller = Caller(
        consumer_ref=fields.text("consumerId", required=True),
        handoff_id=fields.text("handoffId", required=True, max_length=MAX_HANDOFF_ID),
        skill_name=fields.text("skill", required=True),
        ivr_number=fields.text("ivrNumber", max_length=32),
    )
    fields.raise_if_invalid()
    if not PHONE.fullmatch(phone):
        raise PhoneInvalid(
            "consumerPhoneNumber is + and at most 15 digits: +12061234567.",
            pointer="/consumerPhoneNumber",
        )
    return caller


def _eligibility_json(call: DeflectionCall) -> dict[str, Any]:
    is_eligible = not call.reason
    body: dict[str, Any] = {
        "availableChannels": [str(Channel.INAPP)] if is_eligible else [],
        "recommendedChannelName": str(Channel.INAPP) if is_eligible else "",
        "eligible": is_eligible,
        "callId": str(call.call_id),
    }
    return body if is_eligible else {**body, "reason": call.reason}


class Invite(DeflectionView):
    api_name = "invite"

    def post(self, request: Request, account_number: int) -> Response:
        fields = Fields(request.data)
        call_id = fields.text("callId", required=True)
        overrides = Overrides(
            channel=fields.text("overrideChannel"), skill_name=fields.text("overrideSkill")
        )
        fields.text("overrideMessage", max_length=MAX_MESSAGE)
        fields.raise_if_invalid()
        try:
            call = invite(
                account=self.account,
                call_id=UUID(call_id),
                overrides=overrides,
                client_id=self.client.client_id,
                trace_id=UUID(trace_id(request._request)),
                now=timezone.now(),
            )
        except (ValueError, DeflectionCall.DoesNotExist):
            raise Http404("There is no such call of the last hour.") from None
        return Response({"callId": str(call.call_id)})
