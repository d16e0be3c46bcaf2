"""The brand's door to its webhooks (A15): where it is called, with what, and what came of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from common.body import Fields
from common.cursors import read_page
from common.query import Query
from common.times import json_time
from webhooks import services
from webhooks.events import EventType
from webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint

MAX_URL = 2000
CHANGEABLE = ("url", "description", "eventTypes", "enabled")


class WebhooksView(BrandView):
    required_scope = "webhooks:manage"
    api_name = "webhooks"

    @property
    def actor(self) -> str:
        return f"API client {self.client}"


class WebhookView(WebhooksView):
    """A view of one webhook of the account."""

    webhook: WebhookEndpoint

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        webhooks = WebhookEndpoint.objects.present().select_related("account")
        webhook = webhooks.filter(
            account=self.account, public_id=UUID(kwargs["webhook_id"])
        ).first()
        if webhook is None:
            raise Http404
        self.webhook = webhook


class Webhooks(WebhooksView):
    def get(self, request: Request, **kwargs: str) -> Response:
        webhooks = WebhookEndpoint.objects.present().filter(account=self.account).order_by("pk")
        return Response({"webhooks": [webhook_json(webhook) for webhook in webhooks]})

    def post(self, request: Request, **kwargs: str) -> Response:
        fields = Fields(request.data)
        given = _read(fields, ("url", "eventTypes", "description"))
        fields.raise_if_invalid()
        webhook, secret = services.create_endpoint(
            account=self.account,
            url=given["url"],
            event_types=given["event_types"],
            description=given["description"],
            by=self.actor,
            now=timezone.now(),
        )
        return Response({**webhook_json(webhook), "secret": secret}, status=201)


class WebhookDetail(WebhookView):
    def get(self, request: Request, **kwargs: str) -> Response:
        return Response(webhook_json(self.webhook))

    def patch(self, request: Request, **kwargs: str) -> Response:
        """What is absent stays; ``enabled`` switches it on and off."""
        fields = Fields(request.data)
        given = dict(request.data)
        named = [name for name in CHANGEABLE if given.get(name) is not None]
        changes = _read(fields, named)
        fields.raise_if_invalid()
        enabled = changes.pop("enabled", None)
        webhook = self.webhook
        if changes:
            webhook = services.change_endpoint(endpoint=webhook, changes=changes, by=self.actor)
        if enabled is True:
            webhook = services.enable_endpoint(endpoint=webhook, by=self.actor)
        elif enabled is False:
            webhook = services.disable_endpoint(endpoint=webhook, by=self.actor, now=timezone.now())
        return Response(webhook_json(webhook))

    def delete(self, request: Request, **kwargs: str) -> Response:
        services.delete_endpoint(endpoint=self.webhook, by=self.actor, now=timezone.now())
        return Response(status=204)


class WebhookRotate(WebhookView):
    def post(self, request: Request, **kwargs: str) -> Response:
        secret, until = services.rotate_secret(
            endpoint=self.webhook, by=self.actor, now=timezone.now()
        )
        return Response({"secret": secret, "previousSecretValidUntil": json_time(until)})


class WebhookTest(WebhookView):
    def post(self, request: Request, **kwargs: str) -> Response:
        delivery = services.send_test_event(
            endpoint=self.webhook, by=self.actor, now=timezone.now()
        )
        return Response({"id": delivery.event.public_id}, status=202)


class WebhookDeliveries(WebhookView):
    """The log, the newest first; ``status`` filters, a cursor pages."""

    def get(self, request: Request, **kwargs: str) -> Response:
        rows = WebhookDelivery.objects.filter(endpoint=self.webhook).select_related("event")
        query = Query(request.query_params)
        status = query.choice("status", DeliveryState.values)
        query.raise_if_invalid()
        if status is not None:
            rows = rows.filter(state=status)
        page, place = read_page(rows, request.query_params, newest_first=True)
        return Response({"deliveries": [delivery_json(row) for row in page], **place})


class DeliveryView(WebhookView):
    delivery: WebhookDelivery

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        rows = WebhookDelivery.objects.select_related("event", "endpoint__account")
        delivery = rows.filter(endpoint=self.webhook, event__public_id=kwargs["event_id"]).first()
        if delivery is None:
            raise Http404
        self.delivery = delivery


class WebhookDeliveryDetail(DeliveryView):
    """One delivery, with what was sent."""

    def get(self, request: Request, **kwargs: str) -> Response:
        payload = orjson.loads(self.delivery.event.body)
        return Response({**delivery_json(self.delivery), "payload": payload})


class WebhookDeliveryReplay(DeliveryView):
    def post(self, request: Request, **kwargs: str) -> Response:
        replayed = services.replay(delivery=self.delivery, by=self.actor)
        return Response(delivery_json(replayed), status=202)


class WebhookReplay(WebhookView):
    """Sends again what was given up since ``?since=``."""

    def post(self, request: Request, **kwargs: str) -> Response:
        query = Query(request.query_params)
        since = query.instant("since")
        if since is None and not query.errors:
            query.fail("since", "required", "since is missing.")
        query.raise_if_invalid()
        assert since is not None
        replayed = services.replay_since(endpoint=self.webhook, since=since, by=self.actor)
        return Response({"since": json_time(since), "replayed": replayed}, status=202)


def webhook_json(webhook: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": str(webhook.public_id),
        "url": webhook.url,
        "description": webhook.description,
        "eventTypes": webhook.event_types,
        "enabled": webhook.is_enabled,
        "disabledReason": webhook.disabled_reason or None,
        "disabledAt": json_time(webhook.disabled_at),
        "failingSince": json_time(webhook.failing_since),
        "createdAt": json_time(webhook.created_at),
    }


def delivery_json(delivery: WebhookDelivery) -> dict[str, Any]:
    is_waiting = delivery.state == DeliveryState.QUEUED
    return {
        "id": delivery.event.public_id,
        "type": delivery.event.type,
        "status": delivery.state,
        "attempts": delivery.attempts,
        "createdAt": json_time(delivery.created_at),
        "lastTriedAt": json_time(delivery.last_tried_at),
        "lastHttpStatus": delivery.last_status,
        "lastError": delivery.last_error or None,
        "lastElapsedMs": delivery.last_elapsed_ms,
        "nextTryAt": json_time(delivery.due_at) if is_waiting else None,
        "finishedAt": json_time(delivery.finished_at),
    }


def _read(fields: Fields, names: Sequence[str]) -> dict[str, Any]:
    """The named fields, by the model's names."""
    given: dict[str, Any] = {}
    if "url" in names:
        given["url"] = fields.text("url", required=True, max_length=MAX_URL)
    if "description" in names:
        given["description"] = fields.text("description")
    if "eventTypes" in names:
        given["event_types"] = fields.choices("eventTypes", EventType.values)
    if "enabled" in names:
        given["enabled"] = fields.boolean("enabled")
    return given
