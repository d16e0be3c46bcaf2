"""IVR deflection, described for the OpenAPI document."""

from common.openapi import (
    BOOLEAN,
    STORABLE,
    STRING,
    UUID,
    VISIBLE_PATTERN,
    Access,
    Operation,
    Schema,
    about,
    answer,
    array,
    enum,
    json_body,
    obj,
    or_null,
    query,
    ref,
)
from deflection.api import MAX_HANDOFF_ID, MAX_MESSAGE, VERSIONS

PATH = "/api/account/{accountId}"
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": STORABLE}


def _maybe(max_length: int) -> Schema:
    return or_null({"type": "string", "maxLength": max_length, "pattern": STORABLE})


COMPONENTS: dict[str, Schema] = {
    "EligibilityCall": obj(
        {
            "consumerPhoneNumber": {"type": "string", "pattern": "^\\+[1-9][0-9]{1,14}$"},
            "handoffId": {**_NAME, "maxLength": MAX_HANDOFF_ID},
            "skill": _NAME,
            "consumerId": about({**_NAME, "pattern": VISIBLE_PATTERN}, "`sub` of the brand's JWT."),
            "ivrNumber": _maybe(32),
        },
        optional=("ivrNumber",),
    ),
    "Eligibility": obj(
        {
            "availableChannels": array(enum("inapp")),
            "recommendedChannelName": enum("inapp", ""),
            "eligible": BOOLEAN,
            "callId": about(UUID, "For *invite*, within an hour."),
            "reason": about(STRING, "Ours: why not; as in a campaign's recipients."),
        },
        optional=("reason",),
    ),
    "InviteCall": obj(
        {
            "callId": UUID,
            "overrideChannel": _maybe(255),
            "overrideSkill": _maybe(255),
            "overrideMessage": about(_maybe(MAX_MESSAGE), "Of SMS; In-App has the handoff's."),
        },
        optional=("overrideChannel", "overrideSkill", "overrideMessage"),
    ),
    "Invited": obj({"callId": UUID}),
}
_CALL_ID = "c6c31756-bcad-4213-b9e3-a7a88aecf5f7"
_V = {**query("v", enum(*VERSIONS), "The version."), "required": True}
OPERATIONS = {
    f"POST {PATH}/eligibility": Operation(
        id="checkEligibility",
        tag="IVR deflection",
        access=Access.BRAND,
        scope="campaigns:send",
        summary="May this caller be sent a message instead?",
        description=(
            "Asks the rules that delivery asks; nothing is sent. Errors have `errorMessage` and "
            "`errorCode` as LivePerson's, too. 30 requests a second."
        ),
        parameters=(_V,),
        body=json_body(
            ref("EligibilityCall"),
            inapp={
                "consumerPhoneNumber": "+12061234567",
                "handoffId": "H123456789",
                "skill": "support",
                "ivrNumber": "180000",
                "consumerId": "james",
            },
        ),
        responses={
            200: answer(
                "Whether, and by what.",
                ref("Eligibility"),
                eligible={
                    "availableChannels": ["inapp"],
                    "recommendedChannelName": "inapp",
                    "eligible": True,
                    "callId": _CALL_ID,
                },
            )
        },
    ),
    f"POST {PATH}/invite": Operation(
        id="invite",
        tag="IVR deflection",
        access=Access.BRAND,
        scope="campaigns:send",
        summary="Send the handoff's message to the caller",
        description="Once for each call; a repeated invite is answered alike and sends nothing.",
        parameters=(_V,),
        body=json_body(ref("InviteCall"), call={"callId": _CALL_ID}),
        responses={200: answer("It is on its way.", ref("Invited"), call={"callId": _CALL_ID})},
    ),
}
