"""A task for each recipient, a request of its own for each push."""

import os

import requests
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from bench.naive.models import Recipient
from bench.stub import PASSWORD, USERNAME
from consumers.models import Device


@shared_task
def send_push(recipient_id: int) -> None:
    recipient = Recipient.objects.select_related("campaign").get(pk=recipient_id)
    device = Device.objects.filter(consumer=recipient.consumer_id, removed_at=None).latest(
        "last_seen_at"
    )
    response = requests.post(
        os.environ["NAIVE_PUSH_URL"],
        json={
            "device-token": device.token,
            "aps": {"alert": recipient.text, "sound": "default"},
            "transactionId": str(recipient.public_id),
        },
        headers={"webhook-id": recipient.public_id.hex},
        auth=(USERNAME, PASSWORD),
        verify=settings.EGRESS_CA_FILE,
        timeout=10,
    )
    recipient.status = "sent" if response.ok else "failed"
    recipient.sent_at = timezone.now()
    recipient.save()
