"""How many people an app reaches now, and why not the rest (C7)."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from accounts.models import App
from campaigns.reachability import recent_reachability
from campaigns.reasons import reason
from common.query import Query
from common.times import json_time
from handoffs.models import Handoff


class AppReachability(BrandView):
    """By the switches of one of the app's handoffs, where ``handoff`` names it."""

    required_scope = "reports:read"
    api_name = "reporting"

    def get(self, request: Request, account_number: int, app_name: str) -> Response:
        app = self.account.apps.filter(bundle_id=app_name).first()
        if app is None:
            raise Http404
        handoff = self._read_handoff(app, Query(request.query_params))
        found, at = recent_reachability(app, now=timezone.now(), handoff=handoff)
        return Response(
            {
                "appName": app.bundle_id,
                "handoff": {"id": handoff.public_id, "title": handoff.title} if handoff else None,
                "asOf": json_time(at),
                "known": found.known,
                "reachable": found.reachable,
                "unseen": found.unseen,
                "unreached": [_reason_json(word, n) for word, n in found.unreached.items() if n],
            }
        )

    def _read_handoff(self, app: App, query: Query) -> Handoff | None:
        wanted = query.text("handoff")
        query.raise_if_invalid()
        if wanted is None:
            return None
        handoff = self.account.handoffs.filter(public_id=wanted).first()
        if handoff is None or app.bundle_id not in handoff.app_names:
            query.fail("handoff", "unknown_handoff", "The app has no such handoff.")
            query.raise_if_invalid()
        return handoff


def _reason_json(word: str, count: int) -> dict[str, Any]:
    why = reason(word)
    return {
        "reason": word,
        "count": count,
        "explanation": why.sentence,
        "remedy": why.remedy,
    }
