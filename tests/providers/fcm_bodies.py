"""What FCM and Google's fronts answer, in their own words: as documented, and as others met it."""

from typing import Any

import orjson

FCM = "type.googleapis.com/google.firebase.fcm.v1."
RPC = "type.googleapis.com/google.rpc."
INVALID = "Request contains an invalid argument."

Detail = dict[str, Any]


def refusal(code: int, status: str, message: str, *details: Detail) -> bytes:
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if details:
        error["details"] = list(details)
    return orjson.dumps({"error": error}, option=orjson.OPT_INDENT_2)


def fcm_error(code: str, kind: str = "FcmError") -> Detail:
    return {"@type": FCM + kind, "errorCode": code}


def bad_request(field: str, description: str) -> Detail:
    return {
        "@type": RPC + "BadRequest",
        "fieldViolations": [{"field": field, "description": description}],
    }


def error_info(reason: str, **metadata: str) -> Detail:
    return {
        "@type": RPC + "ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "fcm.googleapis.com", **metadata},
    }


def unregistered() -> bytes:
    message = "Requested entity was not found."
    return refusal(404, "NOT_FOUND", message, fcm_error("UNREGISTERED"))


def not_a_token() -> bytes:
    message = "The registration token is not a valid FCM registration token"
    return refusal(400, "INVALID_ARGUMENT", message, fcm_error("INVALID_ARGUMENT"))


def sender_id_mismatch() -> bytes:
    return refusal(403, "PERMISSION_DENIED", "SenderId mismatch", fcm_error("SENDER_ID_MISMATCH"))


def too_big() -> bytes:
    message = "Android message is too big"
    return refusal(400, "INVALID_ARGUMENT", message, fcm_error("INVALID_ARGUMENT"))


def bad_value(field: str, description: str) -> bytes:
    return refusal(400, "INVALID_ARGUMENT", description, bad_request(field, description))


def bad_message(field: str, description: str) -> bytes:
    """Found by FCM itself, where `bad_value` is found in front of it."""
    details = (fcm_error("INVALID_ARGUMENT"), bad_request(field, description))
    return refusal(400, "INVALID_ARGUMENT", INVALID, *details)


def unauthenticated(reason: str) -> bytes:
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login"
        " cookie or other valid authentication credential. See"
        " https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    method = "google.firebase.fcm.v1.FcmService.SendMessage"
    return refusal(401, "UNAUTHENTICATED", message, error_info(reason, method=method))


def no_authentication() -> bytes:
    message = (
        "Request is missing required authentication credential. Expected OAuth 2 access token,"
        " login cookie or other valid authentication credential. See"
        " https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return refusal(401, "UNAUTHENTICATED", message, error_info("CREDENTIALS_MISSING"))


def no_permission(project: str) -> bytes:
    message = (
        "Permission 'cloudmessaging.messages.create' denied on resource"
        f" '//cloudresourcemanager.googleapis.com/projects/{project}' (or it may not exist)."
    )
    info = error_info("IAM_PERMISSION_DENIED", permission="cloudmessaging.messages.create")
    return refusal(403, "PERMISSION_DENIED", message, info)


def api_disabled(project: str) -> bytes:
    message = (
        f"Firebase Cloud Messaging API has not been used in project {project} before or it is"
        " disabled."
    )
    return refusal(403, "PERMISSION_DENIED", message, error_info("SERVICE_DISABLED"))


def quota_exceeded() -> bytes:
    message = (
        "Quota exceeded for quota metric 'Send requests' and limit 'Send requests per minute' of"
        " service 'fcm.googleapis.com' for consumer 'project_number:48213907'."
    )
    info = error_info(
        "RATE_LIMIT_EXCEEDED",
        quota_metric="fcm.googleapis.com/send_requests",
        quota_limit="SendsPerMinutePerProject",
        quota_unit="1/min/{project}",
    )
    return refusal(429, "RESOURCE_EXHAUSTED", message, info)


def device_quota_exceeded() -> bytes:
    failure = {
        "@type": RPC + "QuotaFailure",
        "violations": [{"subject": "device", "description": "Device message rate exceeded."}],
    }
    message = "Quota exceeded."
    return refusal(429, "RESOURCE_EXHAUSTED", message, fcm_error("QUOTA_EXCEEDED"), failure)


def internal() -> bytes:
    return refusal(500, "INTERNAL", "Internal error encountered.", fcm_error("INTERNAL"))


def unavailable() -> bytes:
    message = "The service is currently unavailable."
    return refusal(503, "UNAVAILABLE", message, fcm_error("UNAVAILABLE"))


def html(status: int, title: str, words: str) -> bytes:
    """Of Google's fronts."""
    return f"""<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <meta name=viewport content="initial-scale=1, minimum-scale=1, width=device-width">
  <title>Error {status} ({title})!!1</title>
  <style>
    {"*{margin:0;padding:0}html,code{font:15px/22px arial,sans-serif}" * 20}
  </style>
  <a href=//www.google.com/><span id=logo aria-label=Google></span></a>
  <p><b>{status}.</b> <ins>That’s an error.</ins>
  <p>{words}  <ins>That’s all we know.</ins>
""".encode()


def html_502() -> bytes:
    words = (
        "The server encountered a temporary error and could not complete your request.<p>Please"
        " try again in 30 seconds."
    )
    return html(502, "Server Error", words)


def html_404(path: str) -> bytes:
    words = f"The requested URL <code>{path}</code> was not found on this server."
    return html(404, "Not Found", words)
