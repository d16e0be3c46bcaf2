"""Examples of the OpenAPI document: LivePerson's In-App samples (``liveperson.md`` 1.4 to 1.7)."""

from typing import Any

Sample = dict[str, Any]

ID = "252d195b-1a4f-8807-aa45-97d2a5560e44"
CALL: Sample = {
    "campaignName": "TestInappProactiveAPI",
    "skill": "sales",
    "templateId": "H1234567890",
    "consent": True,
    "consumers": [
        {
            "consumerContent": {"inapp": "user1"},
            "variables": {"1": "Hi user1, welcome to proactive messaging."},
        }
    ],
}
CREATED: Sample = {
    "proactiveCampaignId": "a9cRASfbQ",
    "leCampaignId": "1239032370",
    "leEngagementId": "1244018070",
    "requestTraceId": "f7d5baa8-d4c1-46ad-bd1e-9a98a38b99a3",
    "failedConsumers": [],
    "acceptedConsumers": [{"id": ID, "consumerContent": {"inapp": "user1"}}],
}
FAILED: Sample = {
    "consumerContent": {"inapp": "user1"},
    "variables": {"1": "Test1"},
    "errorMessage": "MISSING_VARIABLE=2",
}
FORECAST: Sample = {
    "dryRun": True,
    "requestTraceId": "911448c3-2ec5-4556-8cec-664e7e9b880d",
    "failedConsumers": [],
    "consumers": [
        {
            "consumerContent": {"inapp": "user1"},
            "wouldSend": True,
            "wouldGoOutAt": "2026-12-01T14:00:00Z",
            "reason": "before_start",
            "explanation": "It waits for the campaign's start.",
            "remedy": "Nothing needs to be done: it goes out then.",
            "timeZone": "America/New_York",
            "title": "",
            "text": "Hi user1, welcome to proactive messaging.",
            "targets": [
                {
                    "platform": "ios",
                    "appName": "com.larkfield.app",
                    "payloadBytes": 513,
                    "isPreview": False,
                }
            ],
        }
    ],
}
LISTED: Sample = {
    "proactiveCampaignId": "a9cRASfbQ",
    "campaignName": "TestInappProactiveAPI",
    "leCampaignId": "1239032370",
    "leEngagementId": "1244018070",
    "requestTraceId": "f7d5baa8-d4c1-46ad-bd1e-9a98a38b99a3",
    "source": "API",
    "channel": "inapp",
    "skill": "sales",
    "handoff": {"id": "H1234567890", "title": "Welcome"},
    "status": "completed",
    "nextTryAt": None,
    "heldUp": [],
    "startAt": None,
    "schedulingMetrics": None,
    "createdAt": "2026-11-23T19:21:52.966433Z",
    "cancelledAt": None,
    "counts": {
        "requested": 1,
        "rejected": 0,
        "accepted": 1,
        "waiting": 0,
        "sent": 1,
        "suppressed": 0,
        "failed": 0,
        "expired": 0,
        "cancelled": 0,
        "delivered": 1,
        "opened": 1,
    },
}
CAMPAIGN: Sample = {
    **LISTED,
    "funnel": {
        "requested": 1,
        "eligible": 1,
        "sent": 1,
        "delivered": 1,
        "opened": 1,
        "replied": 0,
        "closed": 0,
    },
    "reasons": [],
}
RECIPIENT: Sample = {
    "id": ID,
    "consumerContent": {"inapp": "user1"},
    "status": "sent",
    "reason": None,
    "explanation": None,
    "remedy": None,
    "attempts": 1,
    "appName": "com.larkfield.app",
    "createdAt": "2026-11-23T19:21:52.966433Z",
    "nextTryAt": None,
    "finishedAt": "2026-11-23T19:21:53.160713Z",
    "expiresAt": "2026-12-23T19:21:52.966433Z",
    "deliveredAt": None,
    "openedAt": None,
    "repliedAt": None,
    "conversationId": None,
}
TIMELINE: list[Sample] = [
    {"at": "2026-11-23T19:21:52.966433Z", "event": "accepted", "sentence": "Accepted."},
    {
        "at": "2026-11-23T19:21:53.186865Z",
        "event": "push",
        "sentence": "The provider took the push.",
        "deviceId": "01a209db-8bac-7e7b-8dee-afd63530e0ab",
        "provider": "lab",
        "outcome": "accepted",
        "elapsedMs": 0,
    },
]
STATUS_LIST: Sample = {
    "campaignStatus": "FINISHED",
    "conversations": [
        {
            "id": ID,
            "status": "DELIVERED",
            "conversationId": None,
            "errorMessage": None,
            "errorCode": None,
        }
    ],
}
ANALYTICS: Sample = {
    "channel": "inapp",
    "skill": "sales",
    "transactionday": "12-11-2021",
    "attempted": 500,
    "eligible": 475,
    "skipped": 10,
    "sent": 450,
    "failed": 50,
    "delivered": 440,
    "read": 400,
    "conversationscreated": 200,
    "conversationsclosed": 185,
    "csat": None,
    "error_aggregation": {"proactive_16": 25, "proactive_1800": 25},
}
INTERVAL: Sample = {
    "accountId": "123456",
    "app": "prmsg",
    "attemptedStartTime": 1633305600000,
    "attemptedEndTime": 1635977318000,
}
REPORT: Sample = {
    "requestMetadata": {"accountId": "123456", "app": "prmsg", "proactiveCampaignId": "a9cRASfbQ"},
    "page": {"count": 1, "previousOffset": -1, "currentOffset": 0, "nextOffset": -1},
    "consumersReport": [
        {
            "id": ID,
            "errorCode": 16,
            "errorMessage": "InApp token not found",
            "errorSource": "proactive",
            "status": "FAILED",
            "consumerId": "user1",
            "conversationId": None,
        }
    ],
}
TRANSACTION: Sample = {
    "channel": "inapp",
    "skill": "billing",
    "transactionId": ID,
    "attemptedTime": "2021-02-17T22:57:13.214Z",
    "cancelledTime": None,
    "conversationId": None,
    "conversationsClosedTime": None,
    "conversationsCreatedTime": None,
    "consumerId": "user1",
    "deliveredTime": "2021-02-17T22:57:14.902Z",
    "eligibleTime": None,
    "errorCode": None,
    "errorMessage": None,
    "errorSource": None,
    "failedTime": None,
    "inviteTime": "2021-02-17T22:57:13.611Z",
    "optInsTime": None,
    "optOutsTime": None,
    "proactiveCampaignId": "a9cRASfbQ",
    "readTime": "2021-02-17T22:58:01.077Z",
    "sentTime": "2021-02-17T22:57:13.611Z",
    "initialSkill": "billing",
    "initialChannel": "inapp",
    "handOffId": "H000000000000000",
    "skippedTime": None,
    "ivrNumber": "",
    "messageStatus": "READ",
}
