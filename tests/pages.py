"""Every page of the console: where it is, who may open it, and what it is called in pictures."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import get_resolver, reverse

from accounts.roles import (
    ADMINISTER,
    ANSWER_CONVERSATIONS,
    MANAGE_AGENTS,
    MANAGE_HANDOFFS,
    VIEW_CAMPAIGNS,
)
from handoffs.models import Handoff
from tests.factories.handoffs import HandoffFactory
from tests.world import World
from webhooks.models import WebhookDelivery

# Of the brand, whatever the role.
ANYBODY = ""
Named = Callable[[World], Mapping[str, Any]]


def _nothing(world: World) -> Mapping[str, Any]:
    return {}


def _app(world: World) -> Mapping[str, Any]:
    return {"app_id": world.brand.app.pk}


def _way(world: World) -> Mapping[str, Any]:
    return {**_app(world), "platform": "ios"}


def _proxy(world: World) -> Mapping[str, Any]:
    return {**_app(world), "platform": "huawei"}


def _widget(world: World) -> Mapping[str, Any]:
    return {"widget_id": world.account.widgets.get().pk}


def _origin(world: World) -> Mapping[str, Any]:
    return {"origin_id": world.account.framing_origins.get().pk}


def _consumer(world: World) -> Mapping[str, Any]:
    return {"key": str(world.account.consumers.get(ref="ingrid").pk)}


@dataclass(frozen=True)
class PageRoute:
    """``view`` is its name in the URLconf; ``permission`` lets somebody in. ``ok`` answers them.

    ``kwargs`` are what its path names besides the account, and ``query`` may name something of the
    world in braces; ``looks`` is False for answers that are
    no page of their own: parts, files, redirects.
    """

    view: str
    permission: str
    method: str = "GET"
    ok: int = 200
    query: str = ""
    kwargs: Named = _nothing
    looks: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.view}{self.query and '?'}{self.query}"

    @property
    def has_object(self) -> bool:
        """Whether its path names something of the brand."""
        return self.kwargs is not _nothing

    def url(self, world: World, **changed: Any) -> str:
        named = {"account_number": world.account.number, **self.kwargs(world), **changed}
        query = self.query and f"?{self.query.format(world=world)}"
        return f"{reverse(self.view, kwargs=named)}{query}"


def _client(world: World) -> Mapping[str, Any]:
    return {"client_pk": world.account.api_clients.get().pk}


def _secret(world: World) -> Mapping[str, Any]:
    return {**_client(world), "secret_pk": world.account.api_clients.get().secrets.get().pk}


def _skill(world: World) -> Mapping[str, Any]:
    return {"skill_pk": world.brand.billing.pk}


def _person(world: World) -> Mapping[str, Any]:
    return {"member_pk": world.account.memberships.get(user__email__startswith="invited@").pk}


def _webhook(world: World) -> Mapping[str, Any]:
    return {"webhook_id": str(world.account.webhooks.get().public_id)}


def _delivery(world: World) -> Mapping[str, Any]:
    delivery = WebhookDelivery.objects.filter(account=world.account).earliest("pk")
    return {**_webhook(world), "event_id": delivery.event.public_id}


def _form(view: str, kwargs: Named = _nothing, *, ok: int = 200) -> Iterator[PageRoute]:
    """A page of the settings that an administrator opens and sends."""
    yield PageRoute(view, ADMINISTER, kwargs=kwargs)
    yield PageRoute(view, ADMINISTER, "POST", ok=ok, kwargs=kwargs)


def _campaign(world: World) -> Mapping[str, Any]:
    return {"campaign_id": world.campaign.public_id}


def _handoff(world: World) -> Mapping[str, Any]:
    return {"handoff_id": world.brand.handoff.public_id}


def _unused_handoff(world: World) -> Mapping[str, Any]:
    """One that no campaign is going out with."""
    named = {"account": world.account, "title": "Winter offers"}
    handoff = Handoff.objects.filter(**named).first() or HandoffFactory(**named)
    return {"handoff_id": handoff.public_id}


def _draft(world: World) -> Mapping[str, Any]:
    return {"draft_id": world.draft.pk}


def _at_step(step: str) -> Named:
    return lambda world: {"draft_id": world.draft.pk, "step": step}


def _waiting(world: World) -> Mapping[str, Any]:
    return {"conversation_id": world.talks.waiting.public_id}


def _answered(world: World) -> Mapping[str, Any]:
    return {"conversation_id": world.talks.answered.public_id}


def _closed(world: World) -> Mapping[str, Any]:
    return {"conversation_id": world.talks.closed.public_id}


def _canned(world: World) -> Mapping[str, Any]:
    return {"canned_id": world.talks and world.account.canned_replies.get().pk}


def _does(view: str, ok: int) -> PageRoute:
    """What an agent does with a conversation."""
    return PageRoute(view, ANSWER_CONVERSATIONS, "POST", ok=ok, kwargs=_waiting, looks=False)


PAGES: list[PageRoute] = [
    PageRoute("open_account", ANYBODY, ok=302, looks=False),
    PageRoute("workspace", ANSWER_CONVERSATIONS),
    PageRoute("workspace_conversation", ANSWER_CONVERSATIONS, kwargs=_waiting),
    PageRoute("workspace_conversation", ANSWER_CONVERSATIONS, kwargs=_answered),
    PageRoute("workspace_conversation", ANSWER_CONVERSATIONS, kwargs=_closed),
    PageRoute("workspace_live", ANSWER_CONVERSATIONS, looks=False),
    PageRoute("workspace_presence", ANSWER_CONVERSATIONS, "POST", ok=302),
    _does("workspace_accept", 302),
    _does("workspace_reply", 200),
    _does("workspace_read", 204),
    _does("workspace_typing", 204),
    PageRoute("workspace_transfer", ANSWER_CONVERSATIONS, kwargs=_waiting),
    _does("workspace_transfer", 200),
    PageRoute("workspace_close", ANSWER_CONVERSATIONS, kwargs=_waiting),
    _does("workspace_close", 302),
    PageRoute("workspace_figures", MANAGE_AGENTS),
    PageRoute("workspace_canned", MANAGE_AGENTS),
    PageRoute("workspace_canned", MANAGE_AGENTS, "POST"),
    PageRoute("workspace_canned_edit", MANAGE_AGENTS, kwargs=_canned),
    PageRoute("workspace_canned_edit", MANAGE_AGENTS, "POST", kwargs=_canned),
    PageRoute("workspace_canned_remove", MANAGE_AGENTS, "POST", ok=302, kwargs=_canned),
    PageRoute("analytics_page", VIEW_CAMPAIGNS),
    PageRoute("analytics_csv", VIEW_CAMPAIGNS, looks=False),
    PageRoute("settings", VIEW_CAMPAIGNS, ok=302, looks=False),
    PageRoute("settings_api", VIEW_CAMPAIGNS),
    PageRoute("settings_api_client", VIEW_CAMPAIGNS, kwargs=_client),
    *_form("settings_api_new"),
    *_form("settings_api_edit", _client),
    *_form("settings_api_switch", _client, ok=302),
    *_form("settings_api_rotate", _client),
    *_form("settings_api_revoke", _secret, ok=302),
    PageRoute("settings_skills", VIEW_CAMPAIGNS),
    *_form("settings_skill_new"),
    *_form("settings_skill_edit", _skill),
    PageRoute("settings_skill_default", ADMINISTER, "POST", ok=302, kwargs=_skill),
    *_form("settings_skill_delete", _skill, ok=302),
    PageRoute("settings_people", VIEW_CAMPAIGNS),
    *_form("settings_people_invite"),
    *_form("settings_person_edit", _person),
    PageRoute("settings_person_invite_again", ADMINISTER, "POST", kwargs=_person),
    *_form("settings_person_remove", _person, ok=302),
    PageRoute("settings_limits", VIEW_CAMPAIGNS),
    PageRoute("settings_limits", ADMINISTER, "POST"),
    PageRoute("settings_audit", ADMINISTER, query="what=role_granted"),
    PageRoute("settings_webhooks", VIEW_CAMPAIGNS),
    PageRoute("settings_webhook", VIEW_CAMPAIGNS, query="state=dead", kwargs=_webhook),
    *_form("settings_webhook_new"),
    *_form("settings_webhook_edit", _webhook),
    *_form("settings_webhook_rotate", _webhook),
    *_form("settings_webhook_switch", _webhook, ok=302),
    *_form("settings_webhook_delete", _webhook, ok=302),
    PageRoute("settings_webhook_test", ADMINISTER, "POST", ok=302, kwargs=_webhook),
    *_form("settings_webhook_replay", _webhook),
    PageRoute("settings_webhook_delivery", VIEW_CAMPAIGNS, kwargs=_delivery),
    *_form("settings_webhook_delivery_replay", _delivery, ok=302),
    PageRoute("settings_apps", VIEW_CAMPAIGNS),
    PageRoute("settings_app_new", ADMINISTER),
    PageRoute("settings_app_new", ADMINISTER, method="POST"),
    PageRoute("settings_app", VIEW_CAMPAIGNS, kwargs=_app),
    PageRoute("settings_app_edit", ADMINISTER, kwargs=_app),
    PageRoute("settings_app_edit", ADMINISTER, method="POST", kwargs=_app),
    PageRoute("settings_credential", ADMINISTER, kwargs=_way),
    PageRoute("settings_credential", ADMINISTER, query="provider=proxy", kwargs=_way),
    PageRoute("settings_credential", ADMINISTER, method="POST", ok=302, kwargs=_way),
    PageRoute("settings_credential_off", ADMINISTER, kwargs=_way),
    PageRoute("settings_credential_off", ADMINISTER, method="POST", ok=302, kwargs=_way),
    PageRoute("settings_vapid_keys", ADMINISTER, kwargs=_app),
    PageRoute("settings_vapid_keys", ADMINISTER, method="POST", ok=302, kwargs=_app),
    PageRoute("settings_signing_secret", ADMINISTER, kwargs=_proxy),
    PageRoute("settings_signing_secret", ADMINISTER, method="POST", kwargs=_proxy),
    PageRoute("settings_push_test", ADMINISTER, query="consumer=ingrid", kwargs=_app),
    PageRoute("settings_push_test", ADMINISTER, method="POST", kwargs=_app),
    PageRoute("settings_identity", VIEW_CAMPAIGNS),
    PageRoute("settings_identity", ADMINISTER, method="POST"),
    PageRoute("settings_identity_token", VIEW_CAMPAIGNS, ok=302, looks=False),
    PageRoute("settings_identity_token", VIEW_CAMPAIGNS, method="POST"),
    PageRoute("settings_widgets", VIEW_CAMPAIGNS),
    PageRoute("settings_widgets", ADMINISTER, method="POST"),
    PageRoute(
        "settings_widget_remove", ADMINISTER, method="POST", ok=302, kwargs=_widget, looks=False
    ),
    PageRoute("settings_widget_try", ADMINISTER, query="host=chatwoot&consumer=ingrid"),
    PageRoute("settings_origins", VIEW_CAMPAIGNS, ok=302, looks=False),
    PageRoute("settings_origins", ADMINISTER, method="POST"),
    PageRoute(
        "settings_origin_remove", ADMINISTER, method="POST", ok=302, kwargs=_origin, looks=False
    ),
    PageRoute("consumer_list", VIEW_CAMPAIGNS, query="q=in"),
    PageRoute("consumer_page", VIEW_CAMPAIGNS, kwargs=_consumer),
    PageRoute("consumer_opt_out", ADMINISTER, method="POST", ok=302, kwargs=_consumer),
    PageRoute("consumer_opt_in", ADMINISTER, method="POST", ok=302, kwargs=_consumer),
    PageRoute("consumer_export", ADMINISTER, method="POST", kwargs=_consumer),
    PageRoute("consumer_erase", ADMINISTER, kwargs=_consumer),
    PageRoute("consumer_erase", ADMINISTER, method="POST", ok=302, kwargs=_consumer),
    PageRoute("campaign_list", VIEW_CAMPAIGNS, query="q={world.campaign.public_id}"),
    PageRoute("campaign_call", VIEW_CAMPAIGNS),
    PageRoute("campaign_list_csv", VIEW_CAMPAIGNS, looks=False),
    PageRoute("campaign_page", VIEW_CAMPAIGNS, query="why=table", kwargs=_campaign),
    PageRoute(
        "campaign_page", VIEW_CAMPAIGNS, query="recipient={world.recipient}", kwargs=_campaign
    ),
    PageRoute("campaign_recipients_csv", VIEW_CAMPAIGNS, kwargs=_campaign, looks=False),
    PageRoute("campaign_cancel", MANAGE_HANDOFFS, kwargs=_campaign),
    PageRoute("campaign_cancel", MANAGE_HANDOFFS, method="POST", ok=302, kwargs=_campaign),
    PageRoute("handoff_list", MANAGE_HANDOFFS),
    PageRoute("handoff_new", MANAGE_HANDOFFS),
    PageRoute("handoff_new", MANAGE_HANDOFFS, "POST"),
    PageRoute("handoff_preview", MANAGE_HANDOFFS, "POST"),
    PageRoute("handoff_draft", MANAGE_HANDOFFS, ok=302, kwargs=_draft, looks=False),
    PageRoute("handoff_step", MANAGE_HANDOFFS, kwargs=_at_step("channel")),
    PageRoute("handoff_step", MANAGE_HANDOFFS, kwargs=_at_step("message")),
    PageRoute("handoff_step", MANAGE_HANDOFFS, "POST", kwargs=_at_step("message")),
    PageRoute("handoff_step", MANAGE_HANDOFFS, kwargs=_at_step("rules")),
    PageRoute("handoff_step", MANAGE_HANDOFFS, kwargs=_at_step("review")),
    PageRoute("handoff_step", MANAGE_HANDOFFS, "POST", kwargs=_at_step("review")),
    PageRoute("handoff_draft_drop", MANAGE_HANDOFFS, kwargs=_draft),
    PageRoute("handoff_draft_drop", MANAGE_HANDOFFS, "POST", ok=302, kwargs=_draft),
    PageRoute("handoff_page", MANAGE_HANDOFFS, kwargs=_handoff),
    PageRoute("handoff_done", MANAGE_HANDOFFS, kwargs=_handoff),
    PageRoute("handoff_edit", MANAGE_HANDOFFS, kwargs=_handoff),
    PageRoute("handoff_edit", MANAGE_HANDOFFS, "POST", kwargs=_handoff),
    PageRoute("handoff_test", MANAGE_HANDOFFS, kwargs=_handoff),
    PageRoute("handoff_test", MANAGE_HANDOFFS, "POST", kwargs=_handoff),
    PageRoute("handoff_duplicate", MANAGE_HANDOFFS, "POST", ok=302, kwargs=_handoff),
    PageRoute("handoff_archive", MANAGE_HANDOFFS, kwargs=_handoff),
    PageRoute("handoff_archive", MANAGE_HANDOFFS, "POST", ok=302, kwargs=_unused_handoff),
]
# Those that a browser shows, for axe and the pictures.
LOOKS = [page for page in PAGES if page.looks and page.method == "GET"]


def console_views() -> Iterator[str]:
    """The names of all views under account/<account_number>/."""
    for pattern in get_resolver().url_patterns:
        if str(pattern.pattern).startswith("^account/"):
            names = [pattern.name] if hasattr(pattern, "name") else _names(pattern.url_patterns)
            yield from names


def _names(patterns: list[Any]) -> Iterator[str]:
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _names(pattern.url_patterns)
        else:
            yield pattern.name
