"""The endpoint as the tutorials have it: nested serializers, a save for each recipient."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BrandView
from bench.naive.models import Campaign, Recipient
from bench.naive.tasks import send_push
from consumers.models import Consumer


class ContentSerializer(serializers.Serializer):
    inapp = serializers.CharField(max_length=255)


class RecipientSerializer(serializers.Serializer):
    consumerContent = ContentSerializer()  # noqa: N815 -- as the call spells it
    variables = serializers.DictField(child=serializers.CharField(max_length=1550), required=False)


class CampaignSerializer(serializers.Serializer):
    campaignName = serializers.CharField(max_length=255)  # noqa: N815
    skill = serializers.CharField(max_length=255)
    templateId = serializers.CharField(max_length=32)  # noqa: N815
    consent = serializers.BooleanField()
    consumers = RecipientSerializer(many=True, allow_empty=False, max_length=100)


class Accept(BrandView):
    """Stores, and does no more: what accepting costs."""

    required_scope = "campaigns:send"

    def post(self, request: Request, account_number: int) -> Response:
        serializer = CampaignSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        campaign, recipients = self._store(serializer.validated_data)
        self.follow_up(recipients)
        return Response(
            {
                "proactiveCampaignId": str(campaign.public_id),
                "acceptedConsumers": [
                    {"id": str(row.public_id), "consumerContent": {"inapp": row.consumer_ref}}
                    for row in recipients
                ],
            }
        )

    def _store(self, call: dict[str, Any]) -> tuple[Campaign, list[Recipient]]:
        campaign = Campaign(
            account=self.account,
            name=call["campaignName"],
            skill=call["skill"],
            handoff_id=call["templateId"],
        )
        campaign.save()
        recipients = []
        for entry in call["consumers"]:
            ref = entry["consumerContent"]["inapp"]
            recipient = Recipient(
                campaign=campaign,
                consumer_ref=ref,
                consumer=Consumer.objects.filter(account=self.account, ref=ref).first(),
                text=entry["variables"]["1"],
            )
            recipient.save()
            recipients.append(recipient)
        return campaign, recipients

    def follow_up(self, recipients: list[Recipient]) -> None:
        pass


class Send(Accept):
    """Stores, and starts a task for each recipient."""

    def follow_up(self, recipients: list[Recipient]) -> None:
        for recipient in recipients:
            send_push.delay(recipient.pk)
