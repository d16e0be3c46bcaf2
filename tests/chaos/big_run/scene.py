"""Who takes part, from the vendors' stubs to the verdict."""

import argparse

from django.core.management import call_command
from django.core.management.base import CommandError

from tests.chaos.big_run.faults import Faults
from tests.chaos.big_run.run import Run, judge
from tests.chaos.big_run.stage import Stage
from tests.chaos.big_run.world import Phone, Way, make_world

# Shares of all answers: 2 % are 5xx, 1 % are 429, of 0.5 % nobody learns.
TROUBLE = "503=0.01,500=0.01,429=0.01,lost=0.005"


def perform(stage: Stage, faults: Faults, given: argparse.Namespace, *, batch: int) -> int:
    """0 when the promise was kept, else 1."""
    ways, logs = [], []
    for platform in ("ios", "android"):
        log = stage.installation.home / f"{platform}.jsonl"
        url = stage.start_stub(
            f"stub-{platform}",
            "tests.providers.proxy_server",
            *("--log", str(log), "--trouble", TROUBLE, "--seed", str(given.seed)),
            *("--latency", "0.02"),
        )
        ways.append(Way(platform, "proxy", {"url": url}))
        logs.append(log)
    platforms = [way.platform for way in ways]
    phones = [Phone(platforms[n % len(platforms)], f"token-{n}") for n in range(given.recipients)]
    world = make_world(ways, phones)
    stage.start_product()
    texts = [(f"c{n}", f"Hi c{n}, your card is on its way 💳") for n in range(given.recipients)]
    run = Run(stage, world, faults, logs, texts, phones, given.patience)
    run.go()
    stage.end_product()
    return _conclude(run, batch)


def _conclude(run: Run, batch: int) -> int:
    verdict = judge(run, batch=batch)
    try:
        call_command("verify_delivery")
    except CommandError as error:
        print(f"verify_delivery: {error}")
        holds = False
    else:
        holds = True
    print(f"Ledger: {run.counts()}; not final: {verdict.unfinished}.")
    print(
        f"Extra pushes allowed: {verdict.extra_allowed}"
        f" ({batch} for each of {verdict.faults} faults, and the lost answers);"
        f" the caller repeated {run.caller.repeats} calls."
    )
    print(verdict.line(), flush=True)
    return 0 if holds and verdict.is_kept else 1
