"""Settings: one real push to a chosen device, outside of any campaign."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import App, Platform
from accounts.pages.base import SettingForm
from campaigns.push_test import DeviceNotFound, Verdict, find_device, send_test_push
from console.app_settings.forms import PushTestForm
from console.app_settings.of_app import OfApp
from consumers.models import Device

SESSION_KEY = "push_tests"
MOST_KEPT = 5
MOST_DEVICES = 20


def last_test(request: HttpRequest, app: App) -> dict[str, Any] | None:
    """The last test of this app by who is looking, until they sign out."""
    kept = request.session.get(SESSION_KEY, {}).get(str(app.pk))
    return {**kept, "at": parse_datetime(kept["at"])} if kept else None


class PushTest(OfApp, SettingForm):
    """Whose device, then which; the answer is shown on the app's page."""

    template_name = "console/apps/push_test.html"
    form_class = PushTestForm

    @property
    def platform(self) -> Platform | None:
        """Where the test began at one platform's credential: only devices of that are meant."""
        given = self.request.POST.get("platform") or self.request.GET.get("platform")
        return Platform(given) if given in Platform.values else None

    def get_form(self, form_class: Any = None) -> PushTestForm:
        form: PushTestForm = super().get_form(form_class)
        # "Test again" names the device alone: whose it is need not be kept for that.
        form.fields["consumer"].required = not self.request.POST.get("device")
        return form

    def get_initial(self) -> dict[str, Any]:
        return {"consumer": self.request.GET.get("consumer", "")}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        consumer = self.request.POST.get("consumer") or self.request.GET.get("consumer", "")
        devices = self._devices(consumer)
        named = self.request.POST.get("device") or self.request.GET.get("device")
        chosen = [device for device in devices if str(device.public_id) == named] or devices
        return super().get_context_data(
            devices=devices,
            chosen=next(iter(chosen), None),
            platform=self.platform,
            **kwargs,
        )

    def save(self, form: Any) -> HttpResponse:
        device = find_device(
            account=self.account,
            app_name=self.app.bundle_id,
            public_id=self._chosen(),
            consumer_ref=form.cleaned_data["consumer"],
            platform=self.platform or "",
        )
        now = timezone.now()
        verdict = send_test_push(device=device, by=self.user, now=now)
        self._keep(device, verdict)
        return self.back_to("settings_app", self.app.pk)

    def _devices(self, consumer: str) -> list[Device]:
        """The newest first; none for an id that cannot be one."""
        if not consumer or "\0" in consumer:
            return []
        devices = Device.objects.registered().filter(app=self.app, consumer__ref=consumer)
        if self.platform:
            devices = devices.filter(platform=self.platform)
        return list(devices.order_by("-last_seen_at", "-pk")[:MOST_DEVICES])

    def _chosen(self) -> UUID | None:
        chosen = self.request.POST.get("device", "")
        try:
            return UUID(chosen) if chosen else None
        except ValueError:
            raise DeviceNotFound("There is no such device.") from None

    def _keep(self, device: Device, verdict: Verdict) -> None:
        """Words of ours and of the provider: nothing of it is secret."""
        kept = self.request.session.get(SESSION_KEY, {})
        kept.pop(str(self.app.pk), None)
        told = {**asdict(verdict), "outcome": str(verdict.outcome)}
        kept[str(self.app.pk)] = {
            **told,
            "is_accepted": verdict.is_accepted,
            "device": str(device),
            "device_id": str(device.public_id),
            "platform": device.platform,
            "at": timezone.now().isoformat(),
        }
        self.request.session[SESSION_KEY] = dict(list(kept.items())[-MOST_KEPT:])
