"""Deliveries in words, for the web tool."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint

ERRORS: Mapping[str, str] = {
    "address_refused": "The name leads to an address that calls may not go to.",
    "certificate_refused": "The server’s certificate is not trusted, or is another host’s.",
    "gone": "The server said that the endpoint is gone (410).",
    "not_reached": "The server was not reached: nothing was sent.",
    "no_answer": "The event was sent, and no answer came in time.",
    "redirected": "The server pointed elsewhere. Redirects are not followed: enter the last URL.",
    "refused": "The server did not take it.",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """Arguments of the component."""

    kind: str
    icon: str
    label: str


_CHIPS = {
    DeliveryState.QUEUED: Chip("", "queue", "Waiting"),
    DeliveryState.SENDING: Chip("sending", "sync", "Sending"),
    DeliveryState.DELIVERED: Chip("ok", "checks", "Delivered"),
    DeliveryState.FAILED: Chip("bad", "ban", "Given up"),
    DeliveryState.DEAD: Chip("bad", "alert", "Given up"),
}


def delivery_chip(delivery: WebhookDelivery) -> Chip:
    if delivery.state == DeliveryState.QUEUED and delivery.attempts:
        return Chip("scheduled", "clock", "Tried again later")
    return _CHIPS[DeliveryState(delivery.state)]


def endpoint_chip(endpoint: WebhookEndpoint) -> Chip:
    if not endpoint.is_enabled:
        return Chip("", "ban", "Switched off")
    if endpoint.failing_since:
        return Chip("bad", "alert", "Failing")
    return Chip("ok", "done", "On")


def error_words(delivery: WebhookDelivery) -> str:
    if not delivery.last_error:
        return ""
    return ERRORS.get(delivery.last_error, delivery.last_error.replace("_", " "))


def pretty(body: str) -> str:
    return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
