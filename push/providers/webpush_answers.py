"""What push services answer, and what it means to us.

The RFCs leave words to the services, and each means "this subscription is not of your key" by
another status: Google 403, Mozilla 401, Apple 400 or 403, Windows 403 with an empty body.
"""

from typing import Any

from common.calls import Answer
from push.providers.base import Outcome
from push.providers.proof import Proof
from push.providers.reading import read_words

Verdict = tuple[Outcome, str]

OTHER_KEY: Verdict = (Outcome.REJECTED, "other_vapid_key")
OUR_TOKEN: Verdict = (Outcome.MISCONFIGURED, "credential_refused")
REFUSED: Verdict = (Outcome.REJECTED, "refused")

# In lower case; the first that stands in an answer of 400, 401 or 403 counts.
WORDS: dict[str, Verdict] = {
    "do not correspond to the credentials used": OTHER_KEY,  # Google
    "does not correspond to the sender id": OTHER_KEY,  # Google, of subscriptions before VAPID
    "unauthorizedregistration": OTHER_KEY,  # Google, 400
    "unauthorized registration": OTHER_KEY,
    "vapid public key mismatch": OTHER_KEY,  # Mozilla, errno 109
    "vapidpkhashmismatch": OTHER_KEY,  # Apple
    # Google, 401, for some subscriptions for some hours; then they work again.
    "invalid push subscription endpoint": (Outcome.RETRY, "provider_unavailable"),
    "badjwttoken": OUR_TOKEN,  # Apple
    "badvapidpublickey": OUR_TOKEN,  # Apple
    "vapid": OUR_TOKEN,  # Mozilla: "Invalid VAPID audience" and others
    "jwt": OUR_TOKEN,  # Google: "invalid JWT provided"
    "aud claim": OUR_TOKEN,  # Google
    "exp claim": OUR_TOKEN,  # Google
    "token has expired": OUR_TOKEN,  # Google
    "authorization header": OUR_TOKEN,  # Google
    "sender is not authenticated": OUR_TOKEN,  # Google
}
STATUSES: dict[int, Verdict] = {
    401: OUR_TOKEN,
    403: OUR_TOKEN,
    404: (Outcome.UNREGISTERED, "token_gone"),
    406: (Outcome.RETRY, "rate_limited"),  # Windows, where the others say 429
    408: (Outcome.RETRY, "provider_unavailable"),
    410: (Outcome.UNREGISTERED, "token_gone"),
    413: (Outcome.REJECTED, "payload_too_big"),
    429: (Outcome.RETRY, "rate_limited"),
}
CLASSES: dict[int, Verdict] = {
    2: (Outcome.ACCEPTED, ""),
    3: (Outcome.MISCONFIGURED, "redirected"),
    4: REFUSED,
}
OTHER: Verdict = (Outcome.RETRY, "provider_unavailable")


def judge(answer: Answer[Any], status: int, *, proof: Proof) -> Verdict:
    """With a token that some push service took, as `proof` says, another's refusal is not the app's
    fault: it is of that service, which may come round, or of an address that is no subscription.

    Otherwise one browser with a made-up address could hold up all others of the app.
    """
    worded = _by_words(answer, status)
    verdict = worded or STATUSES.get(status) or CLASSES.get(status // 100, OTHER)
    if verdict[0] is Outcome.MISCONFIGURED and proof.is_given:
        return (Outcome.RETRY, verdict[1]) if worded else REFUSED
    return verdict


def read_detail(answer: Answer[Any]) -> str:
    """The service's own words; Windows has them in a header."""
    return read_words(answer.body) or answer.headers.get("x-wns-error-description", "")[:300]


def _by_words(answer: Answer[Any], status: int) -> Verdict | None:
    if status not in (400, 401, 403):
        return None
    if status == 403 and "x-wns-status" in answer.headers:
        return OTHER_KEY
    said = read_words(answer.body).lower()
    return next((verdict for words, verdict in WORDS.items() if words in said), None)
