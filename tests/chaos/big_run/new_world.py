"""Make a brand on a stage's databases and print how to call for it, as one line of JSON:
`python -m tests.chaos.big_run.new_world URL RECIPIENTS`, the URL being a push proxy's."""

import json
import sys

import django

django.setup()

from tests.chaos.big_run.world import Phone, Way, make_world  # noqa: E402 -- needs Django set up


def main(url: str, recipients: str) -> None:
    phones = [Phone("android", f"token-c{n}") for n in range(int(recipients))]
    world = make_world([Way("android", "proxy", {"url": url})], phones)
    print(json.dumps({"path": world.path, "headers": world.headers, "call": world.call}))


if __name__ == "__main__":
    main(*sys.argv[1:])
