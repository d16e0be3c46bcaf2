"""What each ``errorKey`` means and what to do about it: for its page and for docs/errors.md."""

from collections.abc import Iterator
from dataclasses import dataclass

from common.problem_types import explain


@dataclass(frozen=True, slots=True)
class Advice:
    cause: str
    cure: str

    @property
    def text(self) -> str:
        """Both, without the marks of Markdown."""
        return f"{self.cause} {self.cure}".replace("`", "")


GENERAL = {
    "validation_error": Advice(
        "One or more fields are wrong.", "Correct the fields that `errors` names by JSON Pointer."
    ),
    "malformed_body": Advice(
        "The body is not JSON in UTF-8, has a key twice, `NaN`, or more than 20 levels.",
        "Send one JSON object (RFC 8259).",
    ),
    "invalid_request": Advice("The request breaks a rule.", "Do what `detail` says."),
    "unauthenticated": Advice(
        "There is no token, or it is unknown, revoked or expired.",
        "Get a token and send it as `Authorization: Bearer <token>`.",
    ),
    "forbidden": Advice(
        "The token does not have the scope.", "Give the API client the scope that `detail` names."
    ),
    "not_found": Advice(
        "The account has no such thing; another account's is none either.",
        "Compare the ids in the path with the account of the token.",
    ),
    "method_not_allowed": Advice(
        "The path does not offer this method.", "Use one that the header `Allow` names."
    ),
    "conflict": Advice(
        "What was asked is not possible in the present state.", "Do what `detail` says."
    ),
    "length_required": Advice(
        "The body came in chunks, without its length.", "Send `Content-Length`."
    ),
    "body_too_large": Advice(
        "The body is over the installation's limit, 4 MiB unless told.",
        "Send fewer recipients a call.",
    ),
    "unsupported_media_type": Advice(
        "The body is not declared as JSON.", "Send `Content-Type: application/json`."
    ),
    "contradiction": Advice(
        "This contradicts what was sent before under the same name.",
        "Take a new name for what is new, or repeat the call as it was.",
    ),
    "rate_limited": Advice(
        "A limit of the account is used up; the call was not processed.",
        "Wait for `Retry-After` seconds, then repeat it. `violated-policies` names the limit.",
    ),
    "internal_error": Advice(
        "Something broke on our side; the call was not carried out.",
        "Repeat it. If the error stays, report its `requestTraceId`.",
    ),
    "unavailable": Advice(
        "Something that is needed is away; nothing was accepted.",
        "Wait for `Retry-After` seconds, then repeat the call.",
    ),
}
CAMPAIGNS = {
    "unknown_skill": Advice(
        "The account has no skill of that name.", "Name one that it has, letter by letter."
    ),
    "unknown_handoff": Advice(
        "The account has no such handoff.", "Copy the id from the list of handoffs."
    ),
    "handoff_inactive": Advice(
        "The handoff is switched off or archived.", "Switch it on, or use another."
    ),
    "handoff_not_inapp": Advice(
        "The handoff is for another channel or purpose.", "Use a proactive In-App handoff."
    ),
    "phone_invalid": Advice(
        "consumerPhoneNumber is no number in E.164.", "Send + and at most 15 digits."
    ),
    "version_invalid": Advice(
        "The call does not name the version 2.0.", "Add ?v=2.0 to the address."
    ),
    "not_eligible": Advice(
        "The consumer of this call cannot be sent a message now; eligibility said so.",
        "Keep the caller on the line. `reason` of eligibility says what would change it.",
    ),
    "channel_not_available": Advice(
        "The handoff does not have the channel that the invite wants instead.",
        "Leave overrideChannel out.",
    ),
    "overridden_skill_unknown": Advice(
        "The account has no skill of the name that the invite wants instead.",
        "Use the name of a skill, or leave overrideSkill out.",
    ),
    "being_sent": Advice(
        "A message to the person is being sent, so they cannot be erased this very moment.",
        "Try again in a moment.",
    ),
    "conversation_taken": Advice(
        "Somebody else answers the conversation.", "Leave it to them, or have it transferred."
    ),
    "handoff_in_use": Advice(
        "Campaigns that use the handoff are still going out.",
        "Wait until they are done, or cancel them.",
    ),
    "invalid_idempotency_key": Advice(
        "The header `Idempotency-Key` is not 1 to 255 visible ASCII characters.",
        "Send a uuid, with or without quotes.",
    ),
    "idempotency_key_reused": Advice(
        "The key was sent before, with another body.",
        "Take a new key for a new call; repeat a call as it was.",
    ),
    "idempotency_key_in_use": Advice(
        "The first call with this key was still running after five seconds.",
        "Repeat the call with the same key in a few seconds.",
    ),
    "unknown_message": Advice(
        "The consumer never got such a message.", "Send the id that the message came with."
    ),
    "nothing_to_send": Advice(
        "The account has no handoff, no skill or no phone to send with.",
        "Create what is missing, then send.",
    ),
    "stub_away": Advice(
        "The stub of a browser's push service does not answer, so no browser can subscribe.",
        "Read its log under `.local/log`, then add the phone again.",
    ),
}
CONVERSATIONS = {
    "conversation_closed": Advice(
        "The conversation is closed, so nothing can be added to it.",
        "Let the consumer write, which opens a new one.",
    ),
    "no_skill": Advice("The account has nobody to route to.", "Give the account a default skill."),
    "client_id_reused": Advice(
        "The app sent another text under an id that it had used.",
        "Take a new `clientMessageId` for each text; repeat a text as it was.",
    ),
    "text_not_allowed": Advice(
        "The text is empty to the eye, too long, or holds what no one can read.",
        "Send visible text without control characters.",
    ),
    "widget_invalid": Advice(
        "The name or the URL of a widget cannot be used.", "Give a name, and a URL with https."
    ),
    "widget_name_taken": Advice(
        "The account has a widget of this name, or it is `InApp-Widget`.", "Choose another name."
    ),
    "widget_code_refused": Advice(
        "The widget's code was used, is older than a minute, or is none of this account.",
        "Sign in again, or ask for another code.",
    ),
    "too_many_widgets": Advice("An account may have ten widgets of its own.", "Remove one first."),
    "origin_invalid": Advice(
        "This is no origin that may frame a page.",
        "Give a scheme and a host, as `https://desk.brand.com`, without a wildcard.",
    ),
    "too_many_origins": Advice("Twenty origins can be listed.", "Remove one first."),
    "shortcut_invalid": Advice(
        "The shortcut of a canned reply could not be typed after a slash.",
        "Give one word of letters, digits, dots and hyphens.",
    ),
    "shortcut_taken": Advice(
        "The account has a canned reply of this shortcut.", "Choose another shortcut."
    ),
    "too_many_canned": Advice("An account may have 200 canned replies.", "Remove one first."),
}
WEBHOOKS = {
    "url_not_allowed": Advice(
        "Calls may not go to this URL.", "Give an https URL that is reached from the internet."
    ),
    "too_many_webhooks": Advice(
        "The account has as many webhooks as one may have.", "Remove one that is not needed."
    ),
    "webhook_made_before": Advice(
        "A form of the web tool was sent twice.", "Nothing: the webhook is there."
    ),
    "webhook_disabled": Advice(
        "The webhook is switched off, so nothing is sent to it.", "Switch it on first."
    ),
    "delivery_under_way": Advice(
        "The delivery has not ended, so there is nothing to repeat yet.",
        "Wait until it succeeded or was given up.",
    ),
}
HANDOFFS = {
    "title_taken": Advice(
        "Another handoff of the account has this title, in whatever case.", "Choose another title."
    ),
    "handoff_id_taken": Advice(
        "Another handoff of the account, live or archived, has this id.", "Leave the id out."
    ),
    "handoff_archived": Advice("An archived handoff is history.", "Create a new handoff."),
    "unknown_app": Advice("The account has no app of this name.", "Name one of its bundle ids."),
    "app_count": Advice(
        "An In-App handoff names one app at least and four at most (IVR: three).",
        "Take apps out, or make a second handoff.",
    ),
    "channels_dont_mix": Advice(
        "In-App stands alone in a handoff.", "Make a handoff for each channel."
    ),
    "lookback_out_of_range": Advice(
        "The lookback is one hour to thirty days, in whole hours.", "Choose one in that range."
    ),
}
ACCOUNTS = {
    "account_invalid": Advice(
        "A field of the account is wrong.", "Correct the field that `errors` names."
    ),
    "account_number_taken": Advice("Another account has this number.", "Choose another."),
    "unknown_account": Advice("There is no such account.", "Compare the number in the path."),
    "unknown_service": Advice(
        "There is no service of that name.", "Ask for the list of services and take one of it."
    ),
    "email_invalid": Advice("This is no e-mail address.", "Correct it."),
    "unknown_role": Advice("There is no such role.", "Choose one of the four."),
    "skill_of_another_account": Advice(
        "The skill belongs to another account.", "Choose one of this account."
    ),
    "last_administrator": Advice(
        "An account needs an administrator.", "Make somebody else administrator first."
    ),
    "client_id_invalid": Advice(
        "A client id is 1 to 100 letters, digits and `._~-`.", "Choose another, or leave it out."
    ),
    "client_id_taken": Advice("Another client has this id.", "Choose another, or leave it out."),
    "secret_too_weak": Advice(
        "A secret of one's own is too short to be safe.", "Give 20 or more random characters."
    ),
    "secret_rotated_meanwhile": Advice(
        "Another secret was made since the page was opened.",
        "Open the page again; rotate once more if nobody kept the new secret.",
    ),
    "skill_name_taken": Advice("The account has a skill of this name.", "Choose another name."),
    "skill_in_use": Advice(
        "The skill is the default, or campaigns or conversations went to it.",
        "Choose another default, or rename the skill.",
    ),
    "unknown_scope": Advice("There is no such scope.", "Choose from those that are listed."),
    "identity_provider_invalid": Advice(
        "A setting of the identity provider cannot be used.",
        "Correct the field that `errors` names.",
    ),
    "app_invalid": Advice(
        "A field of the app does not hold.", "Correct the field that the message names."
    ),
    "bundle_id_taken": Advice(
        "The account has an app of this bundle id.", "Change that one, or choose another id."
    ),
    "vapid_keys_exist": Advice(
        "The app has a key pair for Web Push; another would end every browser's subscription.",
        "Keep the pair, or say that it is to be replaced.",
    ),
    "credential_invalid": Advice(
        "A setting of the push provider is wrong.", "Correct the field that `errors` names."
    ),
    "nothing_signed": Advice(
        "Pushes of this credential's provider are not signed.",
        "Ask for a signing secret of a push proxy's credential only.",
    ),
}
# The `code` of an entry of `errors` or `warnings`, where it is no errorKey.
FIELDS = {
    "consent_required": Advice(
        "`consent` is not `true`.", "Send only to people who agreed, and say so."
    ),
    "invalid": Advice("The value breaks the rule that `detail` tells.", "Do what `detail` says."),
    "invalid_character": Advice(
        "The text has a control character other than tab and line breaks.", "Leave it out."
    ),
    "invalid_cursor": Advice(
        "The cursor is not one of ours.", "Send `nextCursor` of the page before, as it is."
    ),
    "no_sde": Advice(
        "A warning: In-App has no consumer data (SDE); it was neither stored nor sent.",
        "Leave it out.",
    ),
    "not_a_boolean": Advice("The value is not `true` or `false`.", "Send one of them, unquoted."),
    "not_a_choice": Advice(
        "The value is none of those allowed.", "Choose one that `detail` names."
    ),
    "not_a_country": Advice("The value is no country.", "Send two letters (ISO 3166)."),
    "not_a_key": Advice(
        "The value is no key of a push subscription.", "Send what the browser gave, in base64url."
    ),
    "not_a_list": Advice("The value is no list, or an empty one.", "Send a list."),
    "not_a_message_id": Advice("The value is no id of a message.", "Send the id of the push."),
    "not_a_number": Advice("The value is no whole number.", "Send a number, or its digits."),
    "not_a_string": Advice("The value is no string.", "Put it between quotes."),
    "not_a_time": Advice("The value is no time.", "Send RFC 3339, as `2026-11-24T10:42:00Z`."),
    "not_a_time_zone": Advice("There is no such time zone.", "Send an IANA name."),
    "not_a_push_service": Advice(
        "The subscription's address is none of a push service that is known here.",
        "Send what the browser gave; an operator adds services with `WEB_PUSH_HOSTS`.",
    ),
    "not_a_version": Advice("The value is no version.", "Send one as `6.2` or `5.23.1`."),
    "not_allowed": Advice("The field does not go with another one.", "Do what `detail` says."),
    "not_an_id": Advice("The value is no id of ours.", "Send it as the API gave it."),
    "not_an_object": Advice("The value is no JSON object.", "Send an object."),
    "other_channel": Advice(
        "A warning: the field belongs to another channel and was ignored.", "Leave it out."
    ),
    "out_of_range": Advice("The number is too small or too large.", "`detail` tells the range."),
    "platform_not_set_up": Advice(
        "The app is not for this platform.", "Have an administrator set the app up for it."
    ),
    "required": Advice("The field is missing or empty.", "Send it."),
    "sdk_too_old": Advice(
        "A warning: the device is registered, and not pushed to.", "Update the SDK in the app."
    ),
    "too_far_ahead": Advice("The time is more than 366 days ahead.", "Send it nearer to then."),
    "too_few": Advice("There are no entries.", "Send at least one."),
    "too_long": Advice("The text is longer than `detail` says.", "Shorten it."),
    "too_many": Advice("There are more entries than `detail` says.", "Send several calls."),
    "unknown_field": Advice(
        "A warning: the field is not known here and was ignored.", "Look for a slip in its name."
    ),
    "unknown_version": Advice("The version is not served.", "Send the one that `detail` names."),
}
SECTIONS = {
    "Any call": GENERAL,
    "Campaigns": CAMPAIGNS,
    "Conversations": CONVERSATIONS,
    "Webhooks": WEBHOOKS,
    "Handoffs": HANDOFFS,
    "Accounts": ACCOUNTS,
}
ADVICE = {key: advice for section in SECTIONS.values() for key, advice in section.items()}


def as_markdown() -> str:
    """The tables of docs/errors.md."""
    sections = [f"## {name}\n\n" + "\n".join(_rows(section)) for name, section in SECTIONS.items()]
    return "\n\n".join([*sections, "\n".join(_field_rows())])


def _field_rows() -> Iterator[str]:
    yield "## Fields"
    yield ""
    yield "`code` in the entries of `errors`, and of `warnings` in a success. Where a rule is"
    yield "broken, not a form, it is the `errorKey` once more."
    yield ""
    yield "| `code` | cause | what to do |"
    yield "| --- | --- | --- |"
    for word, advice in FIELDS.items():
        yield f"| `{word}` | {advice.cause} | {advice.cure} |"


def _rows(section: dict[str, Advice]) -> Iterator[str]:
    yield "| `errorKey` | status | cause | what to do |"
    yield "| --- | --- | --- | --- |"
    for key, advice in section.items():
        known = explain(key)
        status = known.status if known else ""
        yield f"| `{key}` | {status} | {advice.cause} | {advice.cure} |"
