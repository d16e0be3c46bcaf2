"""Why a message ended as it did: the stable word, a sentence, and LivePerson's word and code (A18).

Codes are those of LivePerson's error dictionary for ``proactive`` (source_code).
"""

from dataclasses import dataclass

from campaigns.models import PENDING, Campaign, State

# Whose dictionary the codes are from, in LivePerson's reports.
ERROR_SOURCE = "proactive"
# How far a message came, in LivePerson's reports; the first two while it waits.
JOURNEY = ("SCHEDULED", "NOT_SENT", "FAILED", "SKIPPED", "SENT", "DELIVERED", "READ", "RESPONDED")


@dataclass(frozen=True, slots=True)
class Reason:
    sentence: str
    remedy: str
    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a message waits. It is no outcome: it goes out, or ends with a reason."""

    sentence: str
    remedy: str


# What waits for its time is scheduled; what is put off for another reason is being sent.
WAITING: dict[str, Waiting] = {
    "before_start": Waiting(
        "It waits for the campaign's start.",
        "Nothing needs to be done: it goes out then.",
    ),
    "outside_window": Waiting(
        "It waits for its sending window, by the person's own clock.",
        "Nothing needs to be done: it goes out at the next opening.",
    ),
}

PUT_OFF: dict[str, Waiting] = {
    "provider_held_up": Waiting(
        "Its push provider does not work for now; the message waits.",
        "Nothing needs to be done when the provider is down. A credential that was refused, or "
        "switched off, has to be saved anew.",
    ),
    "send_rate": Waiting(
        "The account's send rate is reached; the message waits for its turn.",
        "Nothing needs to be done: it goes out in its turn.",
    ),
}

REASONS: dict[str, Reason] = {
    "campaign_cancelled": Reason(
        "The campaign was cancelled before this message went out.",
        "Send a new campaign.",
        1001,
        "Consumer ineligible to receive message",
    ),
    "consumer_erased": Reason(
        "The person's data was erased before this message went out.",
        "Nothing can be done: nobody knows any more whom it was for.",
        1001,
        "Consumer ineligible to receive message",
    ),
    "lookback_over": Reason(
        "The lookback ended before the message could be handed over.",
        "Give the handoff a longer lookback, or send earlier.",
        17,
        "InApp failed to sent message",
    ),
    "opted_out": Reason(
        "The person does not want messages from you.",
        "Only the person can change this, by opting in.",
        1001,
        "Consumer ineligible to receive message",
    ),
    "never_logged_in": Reason(
        "The person has never signed in to the app.",
        "They can be reached once they have signed in.",
        28,
        "InApp - Consumer is not authenticated",
    ),
    "no_credentials": Reason(
        "The app has no push credentials.",
        "Add a credential for the app.",
        19,
        "InApp certificate missing",
    ),
    "open_conversation": Reason(
        "Already talking with you.",
        "Write in that conversation, or send after it has been closed.",
        1800,
        "Open conversation already exists for inapp",
    ),
    "no_device": Reason(
        "The person has no device with the handoff's apps.",
        "They can be reached once they have installed the app and signed in.",
        16,
        "InApp token not found",
    ),
    "sdk_too_old": Reason(
        "The app on their device is too old to show messages.",
        "They can be reached once they have updated the app.",
        27,
        "InApp - Mobile app does not support in app messaging",
    ),
    "logged_in_not_allowed": Reason(
        "The person is signed in, and the handoff does not push then.",
        "Switch on “push when logged in” in the handoff.",
        1001,
        "Consumer ineligible to receive message",
    ),
    "logged_out_not_allowed": Reason(
        "The person has signed out, and the handoff or their app does not push then.",
        "Switch on “push when logged out” in the handoff; the app's log-out type decides too.",
        1001,
        "Consumer ineligible to receive message",
    ),
    "token_gone": Reason(
        "The provider says that the app was removed.",
        "They can be reached once they have opened the app again.",
        16,
        "InApp token not found",
    ),
    "bad_token": Reason(
        "The device's token is none that the provider knows.",
        "They can be reached once they have opened the app again.",
        16,
        "InApp token not found",
    ),
    "other_topic": Reason(
        "The device's token belongs to another app than the one that the credential is for.",
        "Have the app register its devices under its own name, and give it a credential.",
        16,
        "InApp token not found",
    ),
    "wrong_environment": Reason(
        "The device runs a build of the environment that the app's key is not for.",
        "Use a key for both of Apple's environments, or set such builds up as an app of their own.",
        19,
        "InApp certificate missing",
    ),
    "malformed": Reason(
        "The provider could not read what it was sent.",
        "Tell the operator: the attempt's details have the provider's own word.",
        5403,
        "Internal error",
    ),
    "sender_mismatch": Reason(
        "The device's app is of another Firebase project than the app's service account.",
        "They can be reached once they have opened an app that was built for the project.",
        16,
        "InApp token not found",
    ),
    "bad_subscription": Reason(
        "The browser's subscription has no usable keys.",
        "They can be reached once the web app has registered their browser again.",
        16,
        "InApp token not found",
    ),
    "other_vapid_key": Reason(
        "The browser subscribed with another key than the app's.",
        "Let the web app subscribe again with the app's public key.",
        16,
        "InApp token not found",
    ),
    "endpoint_refused": Reason(
        "The browser's subscription is of a push service that is not called from here.",
        "If the service is one to be trusted, the operator can add its host to WEB_PUSH_HOSTS.",
        17,
        "InApp failed to sent message",
    ),
    "payload_too_big": Reason(
        "The provider found the message too big.",
        "Send a shorter text.",
        5803,
        "InApp message sent failed",
    ),
    "provider_unavailable": Reason(
        "The provider was not available each time it was asked.",
        "Send again when the provider is back; its timeline has the provider's own words.",
        17,
        "InApp failed to sent message",
    ),
    "answer_lost": Reason(
        "The provider's answer was lost twice, so nobody knows whether the push arrived.",
        "The message waits in the app until the lookback ends.",
        5002,
        "Message could not be sent (network)",
    ),
    "internal": Reason(
        "Something broke on our side, five times.",
        "Tell the operator the campaign's id.",
        5403,
        "Internal error",
    ),
}

UNKNOWN_REASON = Reason(
    "The provider refused the message.",
    "See the attempt's details for the provider's own words.",
    17,
    "InApp failed to sent message",
)


def reason(word: str) -> Reason:
    return REASONS.get(word, UNKNOWN_REASON)


def explanation(word: str) -> Reason | Waiting:
    """The sentence and the remedy of a final state's reason, or of a wait's."""
    return WAITING.get(word) or PUT_OFF.get(word) or reason(word)


def recipient_status(state: str, word: str) -> tuple[str, int | None, str | None]:
    """LivePerson's status, error code and message for one of our rows.

    Its DELIVERED means accepted by the gateway: our *sent*.
    """
    if state in PENDING:
        is_scheduled = state == State.QUEUED and word in WAITING
        return "SCHEDULED" if is_scheduled else "NOT_SENT", None, None
    if state == State.SENT:
        return "DELIVERED", None, None
    known = reason(word)
    if word == "opted_out":
        return "SKIPPED", known.code, known.message
    return "FAILED", known.code, known.message


def error_key(word: str) -> str:
    """How LivePerson's reports name an error: ``proactive_1800``."""
    return f"{ERROR_SOURCE}_{reason(word).code}"


def journey_status(status: str, *, is_shown: bool, is_opened: bool, is_answered: bool) -> str:
    """Its reports tell how far a sent message came, its status list only that it was sent."""
    if status != "DELIVERED":
        return status
    if is_answered:
        return "RESPONDED"
    if is_opened:
        return "READ"
    return "DELIVERED" if is_shown else "SENT"


def campaign_status(campaign: Campaign, waiting: int) -> str:
    """LivePerson's campaign status; its pollers wait for FINISHED or FAILED."""
    return "IN_PROGRESS" if waiting and not campaign.cancelled_at else "FINISHED"


def campaign_state(campaign: Campaign, waiting: int, *, is_scheduled: bool = False) -> str:
    """Our own word for where a campaign stands; scheduled: all that waits waits for its time."""
    if campaign.cancelled_at:
        return "cancelled"
    if not waiting:
        return "completed"
    return "scheduled" if is_scheduled else "sending"
