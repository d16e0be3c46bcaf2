"""Which permissions on the account each role stands for."""

from collections.abc import Mapping

from accounts.models import Role

VIEW_CAMPAIGNS = "view_campaigns"
MANAGE_HANDOFFS = "manage_handoffs"
ANSWER_CONVERSATIONS = "answer_conversations"
MANAGE_AGENTS = "manage_agents"
ADMINISTER = "administer"

PERMISSIONS: Mapping[str, frozenset[str]] = {
    Role.ADMINISTRATOR: frozenset(
        {VIEW_CAMPAIGNS, MANAGE_HANDOFFS, ANSWER_CONVERSATIONS, MANAGE_AGENTS, ADMINISTER}
    ),
    Role.CAMPAIGN_MANAGER: frozenset({VIEW_CAMPAIGNS, MANAGE_HANDOFFS}),
    Role.AGENT_MANAGER: frozenset({ANSWER_CONVERSATIONS, MANAGE_AGENTS}),
    Role.AGENT: frozenset({ANSWER_CONVERSATIONS}),
}
ALL_PERMISSIONS = frozenset().union(*PERMISSIONS.values())
