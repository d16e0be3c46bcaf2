"""aioapns, 100 in flight: python -m bench.peers.apns HOST:PORT CA KEY COUNT."""

import asyncio
import ssl
import sys
from pathlib import Path

from aioapns import APNs, NotificationRequest
from aioapns.connection import APNsProductionClientProtocol

from bench.peers.measured import measure
from bench.peers.text import ALERT, DATA, token

IN_FLIGHT = 100


def main() -> None:
    host, _, port = sys.argv[1].partition(":")
    APNsProductionClientProtocol.APNS_SERVER = host
    APNsProductionClientProtocol.APNS_PORT = int(port)
    context = ssl.create_default_context(cafile=sys.argv[2])
    context.set_alpn_protocols(["h2"])
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    client = APNs(
        key=Path(sys.argv[3]).read_text(),
        key_id="KEYKEYKEY1",
        team_id="TEAMTEAM01",
        topic="com.brand.app",
        ssl_context=context,
    )

    async def run(count: int) -> int:
        numbers, accepted = iter(range(count)), 0

        async def sender() -> None:
            nonlocal accepted
            for number in numbers:
                request = NotificationRequest(
                    device_token=token(number),
                    message={"aps": {"alert": ALERT, "sound": "default", "badge": 1}, **DATA},
                )
                result = await client.send_notification(request)
                accepted += result.is_successful

        await asyncio.gather(*(sender() for _ in range(IN_FLIGHT)))
        return accepted

    measure(lambda count: loop.run_until_complete(run(count)))


if __name__ == "__main__":
    main()
