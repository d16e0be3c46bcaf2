"""Programs that use a handoff, as text: a token, then the call of its kind.

Strings are those of JSON, which Python and JavaScript read alike; the shell has its own quotes.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Any

SECRET = "THE_CLIENT_SECRET"
CONSUMER = "THE_CONSUMER_ID"
NO_CLIENT = "THE_CLIENT_ID"
NO_SKILL = "THE_SKILL"
NO_HANDOFF = "THE_HANDOFF_ID"
# Of nobody: such numbers are kept for stories.
PHONE = "+12065550100"


@dataclass(frozen=True, slots=True)
class Call:
    """What the account's own call says. ``client_id``, ``skill`` and ``handoff_id`` are empty where
    it has none."""

    url: str
    account_number: int
    client_id: str
    skill: str
    is_ivr: bool
    handoff_id: str
    campaign_name: str
    consumer_ref: str
    variables: Mapping[str, str]

    @property
    def campaign(self) -> dict[str, Any]:
        """The body of a call that sends."""
        recipient: dict[str, Any] = {"consumerContent": {"inapp": self.consumer_ref or CONSUMER}}
        if self.variables:
            recipient["variables"] = dict(self.variables)
        return {
            "campaignName": self.campaign_name,
            "skill": self.skill or NO_SKILL,
            "templateId": self.handoff_id or NO_HANDOFF,
            "consent": True,
            "consumers": [recipient],
        }

    @property
    def caller(self) -> dict[str, Any]:
        """The body of a call that asks whether a caller can be sent a message."""
        return {
            "consumerPhoneNumber": PHONE,
            "handoffId": self.handoff_id or NO_HANDOFF,
            "skill": self.skill or NO_SKILL,
            "consumerId": self.consumer_ref or CONSUMER,
        }

    @property
    def token_url(self) -> str:
        return f"{self.url}/oauth/token"

    @property
    def campaign_url(self) -> str:
        return f"{self.url}/api/v2/account/{self.account_number}/campaign"

    def ivr_url(self, verb: str) -> str:
        return f"{self.url}/api/account/{self.account_number}/{verb}?v=2.0"


def curl(call: Call) -> str:
    client_id = shlex.quote(f"client_id={call.client_id or NO_CLIENT}")
    token = f"""\
CLIENT_SECRET={SECRET}

# A token lasts an hour: keep it for the calls that follow.
TOKEN=$(curl -sS {shlex.quote(call.token_url)} \\
  -d grant_type=client_credentials \\
  --data-urlencode {client_id} \\
  --data-urlencode "client_secret=$CLIENT_SECRET" |
  sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p')

"""
    return token + (_curl_ivr(call) if call.is_ivr else _curl_campaign(call))


def _curl_campaign(call: Call) -> str:
    return f"""\
# The same key again sends nothing twice.
curl -sS {shlex.quote(call.campaign_url)} \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: $(date +%s)-$$" \\
  -d {shlex.quote(_literal(call.campaign, 2, last=""))}"""


def _curl_ivr(call: Call) -> str:
    return f"""\
# May this caller be sent a message instead of waiting?
CALL=$(curl -sS {shlex.quote(call.ivr_url("eligibility"))} \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d {shlex.quote(_literal(call.caller, 2, last=""))})
echo "$CALL"

# Within an hour, and once, however often it is called.
CALL_ID=$(echo "$CALL" | sed -n 's/.*"callId": *"\\([^"]*\\)".*/\\1/p')
curl -sS {shlex.quote(call.ivr_url("invite"))} \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d "{{\\"callId\\": \\"$CALL_ID\\"}}\""""


def python(call: Call) -> str:
    needed = ["json", "urllib.parse", "urllib.request", *([] if call.is_ivr else ["uuid"])]
    imports = "\n".join(f"import {name}" for name in needed)
    return f"""\
{imports}

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
headers = {{"Authorization": f"Bearer {{token}}", "Content-Type": "application/json"}}

{_python_ivr(call) if call.is_ivr else _python_campaign(call)}"""


def _python_campaign(call: Call) -> str:
    return f"""\
# The same key again sends nothing twice.
campaign = post(
    {_json(call.campaign_url)},
    json.dumps({_literal(call.campaign, 4, true="True")}),
    {{**headers, "Idempotency-Key": str(uuid.uuid4())}},
)
print(json.dumps(campaign, indent=2))"""


def _python_ivr(call: Call) -> str:
    return f"""\
# May this caller be sent a message instead of waiting?
call = post(
    {_json(call.ivr_url("eligibility"))},
    json.dumps({_literal(call.caller, 4)}),
    headers,
)
print(json.dumps(call, indent=2))

# Within an hour, and once, however often it is called.
if call["eligible"]:
    body = json.dumps({{"callId": call["callId"]}})
    print(post({_json(call.ivr_url("invite"))}, body, headers))"""


def javascript(call: Call) -> str:
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
const headers = {{
  Authorization: `Bearer ${{access_token}}`,
  "Content-Type": "application/json",
}};

{_javascript_ivr(call) if call.is_ivr else _javascript_campaign(call)}"""


def _javascript_campaign(call: Call) -> str:
    return f"""\
// The same key again sends nothing twice.
const campaign = await post({_json(call.campaign_url)}, {{
  headers: {{ ...headers, "Idempotency-Key": crypto.randomUUID() }},
  body: JSON.stringify({_literal(call.campaign, 2)}),
}});
console.log(campaign);"""


def _javascript_ivr(call: Call) -> str:
    return f"""\
// May this caller be sent a message instead of waiting?
const call = await post({_json(call.ivr_url("eligibility"))}, {{
  headers,
  body: JSON.stringify({_literal(call.caller, 2)}),
}});
console.log(call);

// Within an hour, and once, however often it is called.
if (call.eligible) {{
  const body = JSON.stringify({{ callId: call.callId }});
  console.log(await post({_json(call.ivr_url("invite"))}, {{ headers, body }}));
}}"""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _literal(body: Mapping[str, Any], margin: int, *, true: str = "true", last: str = ",") -> str:
    """The body as source text, its lines but the first moved in by ``margin``."""
    lines = ",\n".join(
        f"{_json(name)}: {true if value is True else _json(value)}" for name, value in body.items()
    )
    return indent("{\n" + indent(lines, "  ") + f"{last}\n}}", " " * margin).lstrip()
