"""The call that uses a handoff, ready to be run: as cURL, Python and JavaScript.

Values of the account stand in it as they are; what only a person knows is a capital word to fill
in. No secret is ever in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import Account, ApiClient
from handoffs import programs
from handoffs.models import Handoff, Kind
from handoffs.placeholders import placeholders
from handoffs.programs import Call

SENDS = "campaigns:send"


@dataclass(frozen=True, slots=True)
class Snippet:
    """``language`` is the word of the tab's radio; ``code`` is what is copied."""

    language: str
    label: str
    code: str

    @property
    def html(self) -> SafeString:
        """The same with its strings, keys and numbers marked."""
        return highlight(self.code)


def call_of(
    handoff: Handoff, *, samples: Mapping[str, str] | None = None, consumer_ref: str = ""
) -> Call:
    """The call with the values of the handoff's account: its first client that may send, and its
    default skill, else its first. A handoff that has no id yet leaves a word for it."""
    account = handoff.account
    names = placeholders(f"{handoff.notification_title} {handoff.text}")
    given = samples or {}
    return Call(
        url=settings.PUBLIC_URL,
        account_number=account.number,
        client_id=_client_id(account),
        skill=_skill(account),
        is_ivr=handoff.kind == Kind.IVR,
        handoff_id=handoff.public_id,
        campaign_name=handoff.title,
        consumer_ref=consumer_ref,
        variables={
            str(number): given.get(str(number)) or f"sample {number}" for number in sorted(names)
        },
    )


def snippets(call: Call) -> Sequence[Snippet]:
    """Token and call in one program each, which runs as it is once the capital words are filled."""
    return (
        Snippet("curl", "cURL", programs.curl(call)),
        Snippet("py", "Python", programs.python(call)),
        Snippet("js", "JavaScript", programs.javascript(call)),
    )


def senders(account: Account) -> QuerySet[ApiClient]:
    """The account's clients that may send, the first made first."""
    return account.api_clients.filter(is_enabled=True, scopes__contains=[SENDS]).order_by("pk")


def _client_id(account: Account) -> str:
    return senders(account).values_list("client_id", flat=True).first() or ""


def _skill(account: Account) -> str:
    if account.default_skill is not None:
        return account.default_skill.name
    return account.skills.order_by("pk").values_list("name", flat=True).first() or ""


_TOKENS = re.compile(
    r"""(?P<comment>^(?:\#|//).*$)
    |(?P<key>"(?:[^"\\\n]|\\.)*"(?=:))
    |(?P<string>"(?:[^"\\\n]|\\.)*"|`[^`\n]*`)
    |(?P<number>(?<![\w./:-])(?:true|True|\d+)\b)
    |(?P<word>\b(?:import|def|with|return|const|async|function|await|new|throw|if)\b)""",
    re.VERBOSE | re.MULTILINE,
)
_CLASSES = {"comment": "c", "key": "k", "string": "s", "number": "n", "word": "k"}


def highlight(code: str) -> SafeString:
    """Escaped, with spans for what a reader looks for; its text is the code, letter for letter."""
    parts, end = [], 0
    for token in _TOKENS.finditer(code):
        parts.append(format_html("{}", code[end : token.start()]))
        name = _CLASSES[str(token.lastgroup)]
        parts.append(format_html('<span class="{}">{}</span>', name, token.group()))
        end = token.end()
    parts.append(format_html("{}", code[end:]))
    return format_html_join("", "{}", ((part,) for part in parts))
