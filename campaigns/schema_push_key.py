"""The key that browsers subscribe with, described for the OpenAPI document."""

from common.openapi import Access, Operation, Schema, about, answer, obj, ref

COMPONENTS: dict[str, Schema] = {
    "PushKey": obj(
        {
            "applicationServerKey": about(
                {"type": "string", "pattern": "^[A-Za-z0-9_-]{87}$"},
                "A P-256 public key in base64url, for `pushManager.subscribe`.",
            )
        }
    )
}
_SAMPLE = {
    "applicationServerKey": (
        "BKcYQZ-KnxsV4CKh8uQ0WOCCPa5bhW2xMLQ7s0WJIl2WrJRNPaRUUnABDXXj6qtUjzHPKbUsUgDWPkmQFXEMGXY"
    )
}
OPERATIONS = {
    "GET /api/sdk/v1/account/{accountId}/apps/{appName}/push-key": Operation(
        id="getPushKey",
        tag="SDK: devices",
        access=Access.CONSUMER,
        summary="Read the key that a web app subscribes with",
        responses={200: answer("The public key.", ref("PushKey"), key=_SAMPLE)},
    )
}
