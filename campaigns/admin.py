"""The operator's window on campaigns: history, so read-only; actions call services."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_scope import AccountScopedAdmin
from campaigns.models import Campaign, MessageEvent, OutboundMessage
from campaigns.services import HandoffInUse, archive_handoff, cancel_campaign
from handoffs.admin import HandoffAdmin as BaseHandoffAdmin
from handoffs.models import Handoff


class ReadOnlyAdmin(AccountScopedAdmin):
    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "name", "account", "skill_name", "accepted", "created_at")
    list_filter = ("source", "created_at")
    search_fields = ("public_id", "name")
    date_hierarchy = "created_at"
    actions = ("cancel",)

    @admin.action(description="Cancel what has not gone out")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        for campaign in queryset:
            done = cancel_campaign(campaign=campaign, by=str(request.user), now=timezone.now())
            self.message_user(
                request,
                f"{campaign}: {done.cancelled:,} cancelled, {done.in_flight:,} already going out.",
            )


class EventInline(admin.TabularInline):
    model = MessageEvent
    extra = 0
    can_delete = False
    fields = ("at", "kind", "provider", "outcome", "reason", "detail", "elapsed_ms")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(OutboundMessage)
class OutboundMessageAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "consumer_ref", "state", "reason", "attempts", "created_at")
    list_filter = ("state", "lane")
    search_fields = ("public_id__exact", "consumer_ref__exact", "campaign__public_id__exact")
    show_full_result_count = False
    inlines = (EventInline,)


admin.site.unregister(Handoff)


@admin.register(Handoff)
class HandoffAdmin(BaseHandoffAdmin):
    """Adds the action that must know of campaigns (B5)."""

    actions = ("archive",)

    @admin.action(description="Archive")
    def archive(self, request: HttpRequest, queryset: QuerySet[Handoff]) -> None:
        for handoff in queryset:
            try:
                archive_handoff(handoff=handoff, by=str(request.user), now=timezone.now())
            except HandoffInUse as error:
                self.message_user(request, f"{handoff}: {error.message}", messages.ERROR)
