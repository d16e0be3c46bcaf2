"""``POST …/campaign?dryRun=true``: what the call would do (A13)."""

from collections.abc import Iterable
from typing import Any

from django.http import QueryDict

from campaigns.preflight import Forecast, Preflight
from campaigns.reasons import explanation
from common.errors import FieldError, InvalidRequest
from common.times import json_time

_VALUES = {"true": True, "false": False}


def is_dry_run(query: QueryDict) -> bool:
    """:raises InvalidRequest: it cannot be told for sure, and nothing may be sent by mistake."""
    for name in query:
        if name != "dryRun" and name.replace("_", "").replace("-", "").lower() == "dryrun":
            raise _unclear("Spell it dryRun.", name[:40])
    values = query.getlist("dryRun")
    if not values:
        return False
    if len(values) > 1 or values[0] not in _VALUES:
        raise _unclear("dryRun must be true or false, once.")
    return _VALUES[values[0]]


def _unclear(detail: str, name: str = "dryRun") -> InvalidRequest:
    return InvalidRequest([FieldError(f"/{name}", "not_a_choice", detail)])


def preflight_json(
    checked: Preflight, *, trace: str, failed: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "dryRun": True,
        "requestTraceId": trace,
        "failedConsumers": list(failed),
        "consumers": [_forecast_json(forecast) for forecast in checked.forecasts],
    }


def _forecast_json(forecast: Forecast) -> dict[str, Any]:
    why = explanation(forecast.reason) if forecast.reason else None
    return {
        "consumerContent": forecast.recipient.content,
        "wouldSend": forecast.goes_out_at is not None,
        "wouldGoOutAt": json_time(forecast.goes_out_at),
        "reason": forecast.reason or None,
        "explanation": why.sentence if why else None,
        "remedy": why.remedy if why else None,
        "timeZone": forecast.time_zone,
        "title": forecast.title,
        "text": forecast.recipient.text,
        "targets": [
            {
                "platform": target.platform,
                "appName": target.app_name,
                "payloadBytes": target.payload_bytes,
                "isPreview": target.is_preview,
            }
            for target in forecast.targets
        ],
    }
