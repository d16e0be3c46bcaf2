"""The call that uses a handoff, ready to be run: as cURL, Python and JavaScript.

Values of the account stand in it as they are; what only a person knows is a capital word to fill
in. No secret is ever in it.
"""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Any

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import Account
from handoffs.models import Handoff
from handoffs.placeholders import placeholders

SECRET = "THE_CLIENT_SECRET"
CONSUMER = "THE_CONSUMER_ID"
NO_CLIENT = "THE_CLIENT_ID"
NO_SKILL = "THE_SKILL"
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


@dataclass(frozen=True, slots=True)
class Call:
    """What the account's own call says. ``client_id`` and ``skill`` are empty where it has none."""

    url: str
    account_number: int
    client_id: str
    skill: str
    handoff_id: str
    campaign_name: str
    consumer_ref: str
    variables: Mapping[str, str]

    @property
    def body(self) -> dict[str, Any]:
        recipient: dict[str, Any] = {"consumerContent": {"inapp": self.consumer_ref or CONSUMER}}
        if self.variables:
            recipient["variables"] = dict(self.variables)
        return {
            "campaignName": self.campaign_name,
            "skill": self.skill or NO_SKILL,
            "templateId": self.handoff_id,
            "consent": True,
            "consumers": [recipient],
        }

    @property
    def token_url(self) -> str:
        return f"{self.url}/oauth/token"

    @property
    def campaign_url(self) -> str:
        return f"{self.url}/api/v2/account/{self.account_number}/campaign"


def call_of(
    handoff: Handoff, *, samples: Mapping[str, str] | None = None, consumer_ref: str = ""
) -> Call:
    """The call with the values of the handoff's account: its first client that may send, and its
    default skill, else its first."""
    account = handoff.account
    names = placeholders(f"{handoff.notification_title} {handoff.text}")
    given = samples or {}
    return Call(
        url=settings.PUBLIC_URL,
        account_number=account.number,
        client_id=_client_id(account),
        skill=_skill(account),
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
        Snippet("curl", "cURL", _curl(call)),
        Snippet("py", "Python", _python(call)),
        Snippet("js", "JavaScript", _javascript(call)),
    )


def _client_id(account: Account) -> str:
    clients = account.api_clients.filter(is_enabled=True, scopes__contains=[SENDS])
    return clients.order_by("pk").values_list("client_id", flat=True).first() or ""


def _skill(account: Account) -> str:
    if account.default_skill is not None:
        return account.default_skill.name
    return account.skills.order_by("pk").values_list("name", flat=True).first() or ""


def _json(value: Any) -> str:
    """JSON, whose strings are those of Python and JavaScript too."""
    return json.dumps(value, ensure_ascii=False)


def _curl(call: Call) -> str:
    body = _literal(call.body, 2, last="")
    client_id = shlex.quote(f"client_id={call.client_id or NO_CLIENT}")
    return f"""\
CLIENT_SECRET={SECRET}

# A token lasts an hour: keep it for the calls that follow.
TOKEN=$(curl -sS {shlex.quote(call.token_url)} \\
  -d grant_type=client_credentials \\
  --data-urlencode {client_id} \\
  --data-urlencode "client_secret=$CLIENT_SECRET" |
  sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p')

# The same key again sends nothing twice.
curl -sS {shlex.quote(call.campaign_url)} \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: $(date +%s)-$$" \\
  -d {shlex.quote(body)}"""


def _python(call: Call) -> str:
    return f"""\
import json
import urllib.parse
import urllib.request
import uuid

CLIENT_SECRET = {_json(SECRET)}


def post(url, data, headers):
    request = urllib.request.Request(url, data.encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


# A token lasts an hour: keep it for the calls that follow.
token = post(
    {_json(call.token_url)},
    urllib.parse.urlencode({{
        "grant_type": "client_credentials",
        "client_id": {_json(call.client_id or NO_CLIENT)},
        "client_secret": CLIENT_SECRET,
    }}),
    {{"Content-Type": "application/x-www-form-urlencoded"}},
)["access_token"]

# The same key again sends nothing twice.
campaign = post(
    {_json(call.campaign_url)},
    json.dumps({_literal(call.body, 4, true="True")}),
    {{
        "Authorization": f"Bearer {{token}}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid.uuid4()),
    }},
)
print(json.dumps(campaign, indent=2))"""


def _javascript(call: Call) -> str:
    return f"""\
// For Node 20 or newer, as send.mjs.
const CLIENT_SECRET = {_json(SECRET)};

async function post(url, options) {{
  const answer = await fetch(url, {{ method: "POST", ...options }});
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}}

// A token lasts an hour: keep it for the calls that follow.
const {{ access_token }} = await post({_json(call.token_url)}, {{
  body: new URLSearchParams({{
    grant_type: "client_credentials",
    client_id: {_json(call.client_id or NO_CLIENT)},
    client_secret: CLIENT_SECRET,
  }}),
}});

// The same key again sends nothing twice.
const campaign = await post({_json(call.campaign_url)}, {{
  headers: {{
    Authorization: `Bearer ${{access_token}}`,
    "Content-Type": "application/json",
    "Idempotency-Key": crypto.randomUUID(),
  }},
  body: JSON.stringify({_literal(call.body, 2)}),
}});
console.log(campaign);"""


def _literal(body: Mapping[str, Any], margin: int, *, true: str = "true", last: str = ",") -> str:
    """The body as source text, its lines but the first moved in by ``margin``."""
    lines = ",\n".join(
        f"{_json(name)}: {true if value is True else _json(value)}" for name, value in body.items()
    )
    return indent("{\n" + indent(lines, "  ") + f"{last}\n}}", " " * margin).lstrip()


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
