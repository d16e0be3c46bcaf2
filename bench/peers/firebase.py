"""firebase_admin's `send_each`: python -m bench.peers.firebase URL COUNT.

REQUESTS_CA_BUNDLE names who is trusted.
"""

import sys

import firebase_admin
from firebase_admin import credentials, messaging
from google.oauth2.credentials import Credentials

from bench.peers.measured import measure
from bench.peers.text import DATA, token

BATCH = 500


class Static(credentials.Base):
    """No token is fetched: ours has its own at hand, too."""

    def get_credential(self) -> Credentials:
        return Credentials(token="bench")


def main() -> None:
    messaging._MessagingService.FCM_URL = f"{sys.argv[1]}/v1/projects/{{0}}/messages:send"
    firebase_admin.initialize_app(Static(), {"projectId": "bench"})
    android = messaging.AndroidConfig(priority="high", ttl=3600)

    def send(count: int) -> int:
        accepted = 0
        for start in range(0, count, BATCH):
            messages = [
                messaging.Message(data=DATA, token=token(n), android=android)
                for n in range(start, min(start + BATCH, count))
            ]
            accepted += messaging.send_each(messages).success_count
        return accepted

    measure(send)


if __name__ == "__main__":
    main()
