"""One recipient's timeline as people read it: what happened, step by step, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from campaigns.models import PENDING, Campaign, EventKind, State
from campaigns.reasons import WAITING, explanation
from campaigns.recipient_rows import RecipientRow
from campaigns.selectors import TimelineEntry
from push.models import ProviderKind
from push.providers.base import Outcome

# What belongs to getting a message out: told as sentences of one step.
_TRIES = frozenset({EventKind.PUSH, EventKind.WORKER_LOST, EventKind.ERROR})
_ICONS = {
    State.SUPPRESSED: "ban",
    State.EXPIRED: "clock",
    State.CANCELLED: "ban",
    State.FAILED: "alert",
}


@dataclass(frozen=True, slots=True)
class Step:
    """``kind`` colours its dot: ok, warn, bad, on for the last one, or nothing. What only waits for
    its turn has no time."""

    title: str
    icon: str
    at: datetime | None
    sentences: tuple[str, ...] = ()
    kind: str = ""
    quote: str = ""


def steps_of(
    campaign: Campaign, row: RecipientRow, entries: Sequence[TimelineEntry], *, answer: str
) -> list[Step]:
    """``answer`` is what the person wrote; empty where nothing was."""
    steps: list[Step] = []
    for is_try, group in groupby(entries, key=lambda entry: entry.what in _TRIES):
        if is_try:
            steps.append(_tried(list(group)))
        else:
            steps += [_step(campaign, row, entry, answer) for entry in group]
    if _ends_with_a_refusal(row, entries):
        steps.append(_ended(row, row.message.finished_at or entries[-1].at))
    elif row.message.state in PENDING and entries[-1].what != EventKind.DEFERRED:
        steps.append(_waiting(row))
    last = steps[-1]
    return [*steps[:-1], last if last.kind in {"bad", "warn"} else replace(last, kind="on")]


def _step(campaign: Campaign, row: RecipientRow, entry: TimelineEntry, answer: str) -> Step:
    if entry.what == "accepted":
        caller = f"Accepted in the call of {campaign.client_id}." if campaign.client_id else ""
        return Step("Requested", "plug", entry.at, (caller or entry.sentence,))
    if entry.what == EventKind.DELIVERED:
        return Step("Delivered", "checks", entry.at, ("Told by the app.",), "ok")
    if entry.what == EventKind.OPENED:
        return Step("Opened", "eye", entry.at, ("Told by the app.",), "ok")
    if entry.what == "replied":
        return Step("Replied", "reply", entry.at, (), "ok", answer)
    if entry.what == EventKind.REPLAYED:
        return Step("Sent again", "sync", entry.at, (entry.sentence,))
    if entry.what == EventKind.DEFERRED:
        why = explanation(entry.reason)
        return Step("Put off", "clock", entry.at, (why.sentence, why.remedy), "warn")
    return _ended(row, entry.at, entry.reason)


def _tried(entries: Sequence[TimelineEntry]) -> Step:
    """Retries are sentences of the step that they belong to."""
    is_sent = any(entry.outcome == Outcome.ACCEPTED for entry in entries)
    sentences = tuple(_sentence(entry) for entry in entries)
    if is_sent:
        return Step("Sent", "send", entries[0].at, sentences)
    return Step("Tried", "send", entries[0].at, sentences, "warn")


def _sentence(entry: TimelineEntry) -> str:
    if not entry.provider:
        return entry.sentence
    name = dict(ProviderKind.choices).get(entry.provider, entry.provider)
    detail = f" It said: {entry.detail}." if entry.detail else ""
    return f"{name}: {entry.sentence}{detail}"


def _ends_with_a_refusal(row: RecipientRow, entries: Sequence[TimelineEntry]) -> bool:
    """Whether tries alone led to the end, which no line of the timeline tells by itself."""
    is_final = row.message.state in _ICONS
    return is_final and entries[-1].what not in {EventKind.DECIDED, EventKind.CANCELLED}


def _waiting(row: RecipientRow) -> Step:
    """What has not begun, or is to be tried again."""
    is_planned = row.message.reason in WAITING
    return Step("Waiting", "queue", row.message.due_at if is_planned else None, (row.why,))


def _ended(row: RecipientRow, at: datetime, word: str = "") -> Step:
    """The rule or the answer that ended it, and what would change that."""
    state = row.message.state
    why = explanation(word or row.message.reason)
    title = row.message.get_state_display() if state in _ICONS else "Decided"
    kind = "bad" if state == State.FAILED else "warn"
    return Step(title, _ICONS.get(State(state), "shield"), at, (why.sentence, why.remedy), kind)
