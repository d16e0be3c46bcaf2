"""pywebpush with a kept session: python -m bench.peers.browsers URL KEY P256DH AUTH COUNT."""

import json
import sys

import requests
from pywebpush import webpush

from bench.peers.measured import measure
from bench.peers.text import ALERT, DATA, token


def main() -> None:
    url, key, p256dh, auth = sys.argv[1:5]
    session = requests.Session()
    text = json.dumps({**ALERT, **DATA})

    def send(count: int) -> int:
        accepted = 0
        for number in range(count):
            answer = webpush(
                {"endpoint": f"{url}/wp/{token(number)}", "keys": {"p256dh": p256dh, "auth": auth}},
                text,
                vapid_private_key=key,
                vapid_claims={"sub": "mailto:bench@brand.example"},
                ttl=3600,
                requests_session=session,
            )
            accepted += answer.status_code == 201
        return accepted

    measure(send)


if __name__ == "__main__":
    main()
