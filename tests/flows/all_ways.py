"""What the supervisor runs beside a demo with stubs: sends to every phone, waits until all ring,
and prints what stands in the stubs' logs as one line of JSON: `python -m tests.flows.all_ways`."""

import json
import os
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proactive_site.settings")
django.setup()

from lab import brand  # noqa: E402 -- needs Django set up
from lab.caller import Caller  # noqa: E402
from lab.desk_reader import phones_of  # noqa: E402

REFS = [phone.ref for phone in (*brand.PHONES, brand.HUAWEI_PHONE)]
SECONDS = 60


def main() -> None:
    caller = Caller(os.environ["PROACTIVE_URL"], brand.Secrets.read())
    consumers = [
        {"consumerContent": {"inapp": ref}, "variables": {"1": f"Hi {ref} 💳"}} for ref in REFS
    ]
    sent = caller.send(
        caller.token().body["access_token"],
        json.dumps({**brand.sample(), "consumers": consumers}),
    )
    assert len(sent.body["acceptedConsumers"]) == len(REFS), str(sent)
    deadline = time.monotonic() + SECONDS
    while (silent := silent_phones(caller)) and time.monotonic() < deadline:
        time.sleep(0.1)
    logs = Path(os.environ["LAB_STUBS"]).glob("*.jsonl")
    said = {log.stem: [json.loads(line) for line in log.read_bytes().splitlines()] for log in logs}
    print(json.dumps({"silent": silent, "logs": said}))


def silent_phones(caller: Caller) -> list[str]:
    page = caller.lab().text
    return [
        ref
        for ref in REFS
        if not any(f"Hi {ref} 💳" in phone.texts["notif__text"] for phone in phones_of(page, ref))
    ]


if __name__ == "__main__":
    main()
