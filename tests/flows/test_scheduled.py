"""A11 on real processes: nobody has to look after a scheduled campaign."""

import json
from datetime import timedelta

from django.utils import timezone

from campaigns.models import OutboundMessage
from lab import brand
from lab.caller import Caller
from push.models import LabPush
from tests.live import Stack, wait_for


def test_a_campaign_with_a_start_goes_out_then_and_not_before(stack: Stack, caller: Caller) -> None:
    """The sweep finds what has become due; no worker was woken for it."""
    start = timezone.now() + timedelta(seconds=6)
    body = json.loads(brand.SAMPLE_BODY) | {"startAt": start.isoformat()}
    token = str(caller.token().body["access_token"])

    created = caller.send(token, json.dumps(body))
    assert created.status == 200, created
    pushes = wait_for(lambda: list(LabPush.objects.all()), seconds=30, what="the push")

    message = OutboundMessage.objects.get()
    late = pushes[0].created_at - start
    print(f"\npushed {late.total_seconds():.2f} s after its start")
    assert late >= timedelta()
    assert message.expires_at == start + message.campaign.handoff.lookback
