"""Four processes of one worker that need an access token in the same moment; prints what each got.

`python -m tests.providers.token_processes <url of the stub> <its authority> <a service account>`,
with the settings of Django in the environment.
"""

import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from push.providers.fcm import FcmProvider
from push.providers.fcm_settings import read_fcm_settings
from push.providers.site import Site
from push.shelf import CacheShelf

PROCESSES = 4
FORK = multiprocessing.get_context("fork")


def ask(make: Callable[[], FcmProvider], together: Any, told: Any) -> None:
    provider = make()
    together.wait()
    told.put(provider.tokens.get().value)


def main(url: str, ca_file: str, account: str) -> None:
    site = Site(ca_file=ca_file, fcm_url=url, fcm_token_url=f"{url}/token")
    settings = read_fcm_settings({"service_account": Path(account).read_text()}, site)
    together, told = FORK.Barrier(PROCESSES), FORK.Queue()
    arguments = (lambda: FcmProvider(settings, site, CacheShelf()), together, told)
    workers = [FORK.Process(target=ask, args=arguments) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for _ in workers:
        print(told.get(timeout=30))
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
