"""What a provider's answer to one push means, in words for people."""

from campaigns.reasons import REASONS
from push.providers.base import Outcome, PushResult

Telling = tuple[str, str]
"""A sentence, and what can be done; `{provider}` stands for the provider's name."""

# Where a campaign tries again or waits, one push alone has another story.
BY_REASON: dict[str, Telling] = {
    "access_token_refused": (
        "{provider} wants a newer token of ours, which is made now.",
        "Test again.",
    ),
    "address_refused": (
        "The push was not sent: its URL leads to an address that may not be called.",
        "Use a public address, or ask the operator to allow this one.",
    ),
    "answer_lost": (
        "The push was sent, but no answer came back: nobody knows whether it arrived.",
        "Look at the phone, and check what stands between here and the provider.",
    ),
    "certificate_refused": (
        "The push was not sent: one side refused the other's certificate.",
        "Check the server's certificate and, for a push proxy, the client certificate.",
    ),
    "credential_refused": (
        "{provider} refused the app's credential.",
        "Save the credential again, with what the provider gave you.",
    ),
    "credential_unreadable": (
        "The app's credential cannot be used as it is stored.",
        "Save the credential again.",
    ),
    "internal": (
        "Something broke on our side.",
        "Tell the operator the time of this test.",
    ),
    "not_reached": (
        "{provider} could not be reached.",
        "Check the URL, and whether it can be reached from here; then test again.",
    ),
    "not_started": (
        "The push was not sent: too much was under way.",
        "Test again in a moment.",
    ),
    "provider_unavailable": (
        "{provider} is not available now.",
        "Test again in a few minutes.",
    ),
    "rate_limited": (
        "{provider} wants fewer pushes at the moment.",
        "Test again in a few minutes.",
    ),
    "redirected": (
        "The URL answers with a redirect, which is not followed.",
        "Save the credential with the URL that it leads to.",
    ),
    "topic_refused": (
        "{provider} does not know the app by the credential's topic, or not with this key.",
        "Save the credential with the bundle id that the app has there.",
    ),
}
BY_OUTCOME: dict[Outcome, Telling] = {
    Outcome.ACCEPTED: (
        "{provider} took the push.",
        "If the phone does not show it, check whether notifications are allowed there.",
    ),
    Outcome.RETRY: (
        "{provider} did not take the push now.",
        "Test again in a few minutes.",
    ),
    Outcome.UNKNOWN: BY_REASON["answer_lost"],
    Outcome.UNREGISTERED: (
        "{provider} says that this device can no longer be reached.",
        "It was taken out of the registry; open the app on it again.",
    ),
    Outcome.REJECTED: (
        "{provider} refused the push.",
        "Its own words say why.",
    ),
    Outcome.MISCONFIGURED: (
        "{provider} does not accept the app's credential or its settings.",
        "Its own words say why; save the credential again.",
    ),
}


def tell(result: PushResult, provider: str) -> Telling:
    """The sentence and the remedy for a result of this provider."""
    sentence, remedy = _find(result)
    return sentence.format(provider=provider), remedy


def _find(result: PushResult) -> Telling:
    if result.reason in BY_REASON:
        return BY_REASON[result.reason]
    if result.reason in REASONS:
        known = REASONS[result.reason]
        return known.sentence, known.remedy
    return BY_OUTCOME[result.outcome]
