"""pywebpush's `webpush_async` with a kept aiohttp session, 100 in flight: as bench.peers.browsers,
with CA before COUNT."""

import asyncio
import json
import ssl
import sys

import aiohttp
from pywebpush import webpush_async

from bench.peers.measured import measure
from bench.peers.text import ALERT, DATA, token

IN_FLIGHT = 100


def main() -> None:
    url, key, p256dh, auth, authority = sys.argv[1:6]
    context = ssl.create_default_context(cafile=authority)
    text = json.dumps({**ALERT, **DATA})

    async def run(count: int) -> int:
        numbers, accepted = iter(range(count)), 0
        connector = aiohttp.TCPConnector(ssl=context, limit=IN_FLIGHT)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def sender() -> None:
                nonlocal accepted
                for number in numbers:
                    keys = {"p256dh": p256dh, "auth": auth}
                    answer = await webpush_async(
                        {"endpoint": f"{url}/wp/{token(number)}", "keys": keys},
                        text,
                        vapid_private_key=key,
                        vapid_claims={"sub": "mailto:bench@brand.example"},
                        ttl=3600,
                        aiohttp_session=session,
                    )
                    accepted += answer.status == 201

            await asyncio.gather(*(sender() for _ in range(IN_FLIGHT)))
        return accepted

    measure(lambda count: asyncio.run(run(count)))


if __name__ == "__main__":
    main()
