"""``GET devices/<id>/why``: what an app's developer asks when a device gets nothing."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.device_checks import Check, Diagnosis, LatestMessage, diagnose
from campaigns.models import MessageEvent
from campaigns.selectors import OUTCOME_SENTENCES
from consumers.authentication import SdkView
from consumers.device_body import device_json
from consumers.models import Device


class DeviceWhy(SdkView):
    """Of a device that has left the registry too: that is one of the answers."""

    def get(self, request: Request, account_number: int, device_id: str) -> Response:
        device = get_object_or_404(
            Device.objects.select_related("app", "consumer", "account"),
            public_id=UUID(device_id),
            consumer__account=self.account,
            consumer__ref=self.ref,
        )
        found = diagnose(device, now=timezone.now())
        return Response({"device": device_json(device), **_diagnosis_json(found)})


def _diagnosis_json(found: Diagnosis) -> dict[str, Any]:
    return {
        "reachable": found.is_reachable,
        "checks": [_check_json(check) for check in found.checks],
        "messages": [_message_json(one) for one in found.messages],
    }


def _check_json(check: Check) -> dict[str, Any]:
    return {
        "check": check.name,
        "ok": not check.reason,
        "reason": check.reason or None,
        "sentence": check.sentence,
    }


def _message_json(one: LatestMessage) -> dict[str, Any]:
    message = one.message
    return {
        "messageId": message.public_id.hex,
        "state": message.state,
        "reason": message.reason or None,
        "sentence": one.sentence or None,
        "acceptedAt": message.created_at,
        "deliveredAt": message.delivered_at,
        "openedAt": message.opened_at,
        "push": _push_json(one.push) if one.push else None,
    }


def _push_json(push: MessageEvent) -> dict[str, Any]:
    """Without the provider's own words, which tell of the brand's account there."""
    return {
        "at": push.at,
        "provider": push.provider,
        "outcome": push.outcome,
        "reason": push.reason or None,
        "sentence": OUTCOME_SENTENCES[push.outcome],
    }
