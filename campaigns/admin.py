"""The operator's window on campaigns: history, so read-only; actions call services."""

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_scope import ReadOnlyAdmin, ScopedRelatedFilter
from accounts.models import Account
from campaigns.dead_letters import DeadLetterFilter
from campaigns.models import Campaign, MessageEvent, OutboundMessage, State
from campaigns.reasons import REASONS
from campaigns.replaying import MOST_AT_ONCE, replay_messages
from campaigns.services import HandoffInUse, archive_handoff, cancel_campaign
from handoffs.admin import HandoffAdmin as BaseHandoffAdmin
from handoffs.models import Handoff


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


class FailedOf(admin.SimpleListFilter):
    """Dead letters of one cause; the words are known, so the table is not searched for them."""

    title = "cause of what failed"
    parameter_name = "failed_of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, word) for word in sorted(REASONS)]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[OutboundMessage]
    ) -> QuerySet[OutboundMessage]:
        word = self.value()
        return queryset.filter(state=State.FAILED, reason=word) if word else queryset


# Why a message is not sent again, as `campaigns.dead_letters.why_not` has it.
NOT_REPLAYED = {
    "already_sent": "arrived, or may have",
    "already_replayed": "were sent again already",
    "campaign_cancelled": "are of a cancelled campaign",
    "lookback_over": "are past their lookback",
    "not_failed": "did not fail",
    "unknown": "are there no more",
}


@admin.register(OutboundMessage)
class OutboundMessageAdmin(ReadOnlyAdmin):
    list_display = (
        "public_id",
        "account",
        "consumer_ref",
        "state",
        "reason",
        "attempts",
        "replays",
        "created_at",
    )
    list_filter = (("account", ScopedRelatedFilter), "state", FailedOf, "lane")
    list_select_related = ("account",)
    search_fields = ("public_id__exact", "consumer_ref__exact", "campaign__public_id__exact")
    show_full_result_count = False
    inlines = (EventInline,)
    actions = ("replay",)

    @admin.action(description="Replay: send again what failed for good")
    def replay(self, request: HttpRequest, queryset: QuerySet[OutboundMessage]) -> None:
        """D8: what the rules of a replay leave is told with the reason."""
        chosen = list(
            queryset.order_by("pk").values_list("account", "public_id")[: MOST_AT_ONCE + 1]
        )
        replayed, refused = self._replay(request, chosen[:MOST_AT_ONCE])
        self.message_user(request, f"Sent again: {replayed:,}.")
        for why, count in sorted(refused.items()):
            told = f"Not sent again: {count:,}, because they {NOT_REPLAYED[why]}."
            self.message_user(request, told, messages.WARNING)
        if len(chosen) > MOST_AT_ONCE:
            more = f"Only the first {MOST_AT_ONCE:,} were looked at. Choose the rest again."
            self.message_user(request, more, messages.WARNING)

    def _replay(
        self, request: HttpRequest, chosen: list[tuple[int, UUID]]
    ) -> tuple[int, Counter[str]]:
        by_account: dict[int, list[UUID]] = defaultdict(list)
        for account_id, public_id in chosen:
            by_account[account_id].append(public_id)
        replayed, refused = 0, Counter[str]()
        for account in Account.objects.filter(pk__in=by_account):
            now = timezone.now()
            wanted = DeadLetterFilter(until=now, message_ids=by_account[account.pk])
            done = replay_messages(account=account, wanted=wanted, by=str(request.user), now=now)
            replayed += done.replayed
            refused.update(done.refused)
        return replayed, refused


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
