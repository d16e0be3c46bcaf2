"""What the tests of the settings' pages share: who is signed in, and what a page shows."""

import re
from typing import Any

from django.urls import reverse

from accounts.models import Account

_SECRET = re.compile(r'<code id="secret">([^<]+)</code>')


def path_of(view: str, account: Account, *named: Any) -> str:
    return reverse(view, args=[account.number, *named])


def text_of(answer: Any) -> str:
    """What a person reads: no tags, single spaces."""
    body = re.sub(r"<script.*?</script>|<[^>]+>", " ", answer.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", body).replace("&#x27;", "'").replace("&quot;", '"')


def secret_of(answer: Any) -> str:
    """The one that the answer to a POST tells."""
    (secret,) = _SECRET.findall(answer.content.decode())
    return str(secret)
