"""The operator's window on webhooks: what was called and what came of it; actions call services."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_scope import ReadOnlyAdmin, ScopedRelatedFilter
from common.errors import Conflict
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.services import disable_endpoint, enable_endpoint, replay


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    """Made and changed in the settings and through the API, which alone show a secret."""

    list_display = (
        "public_id",
        "account",
        "url",
        "is_enabled",
        "disabled_reason",
        "failing_since",
    )
    list_filter = (("account", ScopedRelatedFilter), "is_enabled", "disabled_reason")
    list_select_related = ("account",)
    search_fields = ("public_id__exact", "url")
    ordering = ("-pk",)
    exclude = ("sealed",)
    actions = ("enable", "disable")

    @admin.action(description="Switch on")
    def enable(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset.filter(deleted_at=None):
            enable_endpoint(endpoint=endpoint, by=str(request.user))
        self.message_user(request, "The webhooks were switched on.")

    @admin.action(description="Switch off: what waits is given up")
    def disable(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset:
            disable_endpoint(endpoint=endpoint, by=str(request.user), now=timezone.now())
        self.message_user(request, "The webhooks were switched off.")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "event",
        "endpoint",
        "state",
        "attempts",
        "last_status",
        "last_error",
        "last_tried_at",
        "due_at",
    )
    list_filter = (("account", ScopedRelatedFilter), "state")
    list_select_related = ("event", "endpoint")
    search_fields = ("event__public_id__exact", "endpoint__public_id__exact")
    show_full_result_count = False
    ordering = ("-pk",)
    actions = ("replay",)

    @admin.action(description="Send again")
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        for delivery in queryset.select_related("endpoint__account", "event"):
            try:
                replay(delivery=delivery, by=str(request.user))
            except Conflict as refused:
                self.message_user(request, f"{delivery}: {refused.message}", messages.ERROR)
            else:
                self.message_user(request, f"{delivery.event} is sent again.")
