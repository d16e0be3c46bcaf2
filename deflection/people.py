"""Erasing and exporting one person (C8): the calls, on top of what campaigns hold."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from campaigns import erasing, exporting
from campaigns.people import Person
from common.times import json_time
from deflection.models import DeflectionCall


@transaction.atomic
def erase_person(*, person: Person, by: User | str, now: datetime) -> erasing.Extent:
    """As `campaigns.erasing.erase_person`; that there were calls stays, without who called.

    :raises BeingSent: in a moment it can be done.
    """
    calls = DeflectionCall.objects.filter(account=person.account, consumer_ref=person.ref)
    calls.update(consumer_ref="")
    return erasing.erase_person(person=person, by=by, now=now)


def export_person(*, person: Person, by: User | str) -> dict[str, Any]:
    """As `campaigns.exporting.export_person`, with the phone calls that were deflected."""
    calls = DeflectionCall.objects.filter(account=person.account, consumer_ref=person.ref)
    return {
        **exporting.export_person(person=person, by=by),
        "calls": [
            {
                "id": str(call.call_id),
                "at": json_time(call.created_at),
                "ivrNumber": call.ivr_number,
                "wasInvited": call.campaign_id is not None,
            }
            for call in calls.order_by("pk")
        ],
    }
