"""The operator's window on conversations: history is read, closing and transfer are services."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_scope import (
    AccountScopedAdmin,
    AccountScopedInline,
    ReadOnlyAdmin,
    ScopedRelatedFilter,
)
from accounts.models import Skill
from conversations.models import (
    Conversation,
    ConversationState,
    Message,
    ReplyPush,
    ReplyRoute,
)
from conversations.selectors import who_sees
from conversations.services import close_conversation, transfer_conversation


class MessageInline(AccountScopedInline):
    model = Message
    can_delete = False
    fields = ("sent_at", "sender", "author", "text")
    readonly_fields = fields
    ordering = ("id",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Conversation)
class ConversationAdmin(AccountScopedAdmin):
    list_display = ("public_id", "account", "consumer", "skill", "state", "opened_at", "closed_at")
    list_filter = ("state",)
    list_select_related = ("account", "consumer", "skill")
    search_fields = ("=public_id", "consumer__ref")
    ordering = ("-id",)
    actions = ("close",)
    inlines = (MessageInline,)
    fields = (
        *("public_id", "account", "consumer", "channel", "skill", "explanation", "seen_by"),
        *("state", "opened_at", "closed_at", "closed_by", "closed_because"),
    )

    def get_readonly_fields(
        self, request: HttpRequest, obj: Conversation | None = None
    ) -> tuple[str, ...]:
        is_open = obj is not None and obj.state == ConversationState.OPEN
        return tuple(name for name in self.fields if name != "skill" or not is_open)

    def get_form(
        self,
        request: HttpRequest,
        obj: Conversation | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[ModelForm]:
        form: type[ModelForm] = super().get_form(request, obj, change, **kwargs)
        if obj is not None and "skill" in form.base_fields:
            choices = Skill.objects.filter(account_id=obj.account_id)
            form.base_fields["skill"].queryset = choices  # type: ignore[attr-defined]
        return form

    def save_model(
        self, request: HttpRequest, obj: Conversation, form: ModelForm, change: bool
    ) -> None:
        if "skill" in form.changed_data:
            by, skill = str(request.user), obj.skill
            transfer_conversation(conversation=obj, skill=skill, by=by, now=timezone.now())

    @admin.display(description="Who sees it")
    def seen_by(self, obj: Conversation) -> str:
        return ", ".join(str(member.user) for member in who_sees(obj)) or "Nobody"

    @admin.action(description="Close the selected conversations", permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        for conversation in queryset:
            close_conversation(conversation=conversation, by=str(request.user), now=timezone.now())
        messages.info(request, "The conversations were closed.")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ReplyRoute)
class ReplyRouteAdmin(ReadOnlyAdmin):
    list_display = ("message_id", "account", "consumer_ref", "campaign_name", "skill", "state")
    list_filter: ClassVar = ["state", "source"]
    list_select_related = ("account", "skill")
    search_fields = ("=message_id", "consumer_ref", "campaign_id")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(ReplyPush)
class ReplyPushAdmin(ReadOnlyAdmin):
    """What became of the pushes of what agents said, for a week."""

    list_display = ("message", "account", "state", "reason", "attempts", "due_at", "finished_at")
    list_filter: ClassVar = [("account", ScopedRelatedFilter), "state"]
    list_select_related = ("message", "account")
    search_fields = ("=message__public_id", "=message__conversation__public_id")
    ordering = ("-id",)
    show_full_result_count = False
