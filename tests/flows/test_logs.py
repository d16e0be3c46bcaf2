"""What the logs of the real processes say of a call, and what they never say."""

from lab import brand
from lab.brand import Secrets
from lab.caller import Caller
from tests.live import Stack, wait_for

TEXT = brand.sample()["consumers"][0]["variables"]["1"]


def test_request_id_of_a_call_is_in_the_logs_of_web_and_worker(
    stack: Stack, caller: Caller
) -> None:
    sent = caller.send(caller.token().body["access_token"], brand.SAMPLE_BODY)

    for name in ("request_id", "trace_id"):
        trace = f'"{name}": "{sent.body["requestTraceId"]}"'
        wait_for(
            lambda: trace in stack.log_of("worker"),  # noqa: B023
            seconds=20,
            what="the worker's line of the call",
        )
        assert trace in stack.log_of("web")


def test_no_secret_token_or_text_is_in_the_logs(stack: Stack, caller: Caller) -> None:
    token = caller.token().body["access_token"]
    caller.send(token, brand.SAMPLE_BODY)
    wait_for(lambda: "Delivered batch" in stack.log_of("worker"), seconds=20, what="the delivery")

    logs = stack.log_of("web") + stack.log_of("worker")
    assert f"POST /api/v2/account/{brand.NUMBER}/campaign" in logs
    assert [word for word in (token, Secrets.read().client_secret, TEXT) if word in logs] == []
