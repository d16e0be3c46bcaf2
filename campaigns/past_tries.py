"""What a message's earlier pushes told of each device, read from its timeline."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from campaigns.eligibility import PastTries
from campaigns.models import EventKind, MessageEvent
from push.providers.base import Outcome

# Outcomes after which a device is asked again.
AGAIN = frozenset({Outcome.RETRY, Outcome.UNKNOWN, Outcome.MISCONFIGURED})


def fetch_past_tries(message_ids: list[int]) -> dict[int, PastTries]:
    """The last outcome at each device: retry and unknown are tried again, the rest are not."""
    if not message_ids:
        return {}
    last: dict[int, dict[int, str]] = defaultdict(dict)
    unknown: dict[int, Counter[int]] = defaultdict(Counter)
    told = MessageEvent.objects.filter(message_id__in=message_ids)
    replays = told.filter(message=OuterRef("message"), kind=EventKind.REPLAYED).order_by("-id")
    # After a replay the tries begin anew.
    since = Coalesce(Subquery(replays.values("id")[:1]), 0)
    pushes = told.filter(kind=EventKind.PUSH, id__gt=since)
    pushes = pushes.exclude(device_id=None).order_by("id")
    unavailable: dict[int, Counter[int]] = defaultdict(Counter)
    for message_id, device_id, outcome, word in pushes.values_list(
        "message_id", "device_id", "outcome", "reason"
    ):
        assert device_id is not None
        last[message_id][device_id] = outcome
        if outcome == Outcome.UNKNOWN:
            unknown[message_id][device_id] += 1
        if word == "provider_unavailable":
            unavailable[message_id][device_id] += 1
    return {
        message_id: _past_tries(tries, unknown[message_id], unavailable[message_id])
        for message_id, tries in last.items()
    }


def _past_tries(
    last: Mapping[int, str], unknown: Counter[int], unavailable: Counter[int]
) -> PastTries:
    # An answer that was lost twice is not asked for again.
    again = {d for d, outcome in last.items() if outcome in AGAIN and unknown[d] < 2}
    return PastTries(
        again=frozenset(again),
        done=frozenset(last.keys() - again),
        unknown=frozenset(unknown),
        unavailable=unavailable,
    )
