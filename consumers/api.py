"""Devices: what the SDK registers, lists, refreshes, logs out and takes away (C2-C4)."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from common.body import Fields
from consumers.authentication import SdkView
from consumers.device_body import device_json, read_changes, read_registration, warnings_for
from consumers.models import Device, LogoutType
from consumers.places import Place, complete
from consumers.services import (
    MOST_DEVICES,
    Registration,
    log_out,
    refresh,
    register_device,
)


def _answer(device: Device, fields: Fields) -> Response:
    body = device_json(device)
    warnings = warnings_for(device, fields.unknown())
    if warnings:
        body["warnings"] = warnings
    return Response(body)


def _placed(registration: Registration, request: Request) -> Registration:
    place = complete(Place(registration.country, registration.city), request)
    return replace(registration, country=place.country, city=place.city)


class Devices(SdkView):
    def get(self, request: Request, account_number: int) -> Response:
        devices = Device.objects.registered().filter(
            consumer__account=self.account, consumer__ref=self.ref
        )
        newest = devices.select_related("app").order_by("-last_seen_at", "-id")[:MOST_DEVICES]
        return Response({"devices": [device_json(device) for device in newest]})

    def post(self, request: Request, account_number: int) -> Response:
        fields = Fields(request.data)
        device = register_device(
            account=self.account,
            claims=self.claims,
            registration=_placed(read_registration(fields, self.account), request),
            now=timezone.now(),
        )
        return _answer(device, fields)


class DeviceView(SdkView):
    """One device of the token's consumer; anybody else's does not exist."""

    device: Device

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS":
            self.device = self._load_device(kwargs["device_id"])

    def _load_device(self, device_id: str) -> Device:
        devices = Device.objects.registered().select_related("app", "consumer")
        return get_object_or_404(
            devices,
            public_id=UUID(device_id),
            consumer__account=self.account,
            consumer__ref=self.ref,
        )

    def handle_exception(self, exc: Exception) -> Response:
        """Another consumer may log in on the device in the moment after it was found."""
        return super().handle_exception(Http404() if isinstance(exc, Device.DoesNotExist) else exc)


class DeviceDetail(DeviceView):
    def patch(self, request: Request, account_number: int, device_id: str) -> Response:
        fields = Fields(request.data)
        registration = read_changes(fields, self.device)
        device = refresh(device=self.device, registration=registration, now=timezone.now())
        return _answer(device, fields)

    def delete(self, request: Request, account_number: int, device_id: str) -> Response:
        self.device.remove(reason="unregistered", now=timezone.now())
        return Response(status=204)


class DeviceLogout(DeviceView):
    def post(self, request: Request, account_number: int, device_id: str) -> Response:
        fields = Fields(request.data)
        kind = fields.choice("unregisterType", LogoutType.values)
        fields.raise_if_invalid()
        log_out(device=self.device, logout_type=kind or LogoutType.ALL, now=timezone.now())
        return _answer(self.device, fields)
