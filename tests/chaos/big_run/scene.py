"""Who takes part, from the vendors' stubs to the verdict."""

import argparse

from django.core.management import call_command
from django.core.management.base import CommandError

from tests.chaos.big_run.faults import Faults
from tests.chaos.big_run.run import Run, judge
from tests.chaos.big_run.stage import Stage
from tests.chaos.big_run.vendors import Vendors
from tests.chaos.big_run.world import make_world


def perform(
    stage: Stage, vendors: Vendors, faults: Faults, given: argparse.Namespace, *, batch: int
) -> int:
    """0 when the promise was kept, else 1."""
    ways = vendors.start()
    phones = vendors.phones(given.recipients)
    world = make_world(ways, phones)
    stage.start_product()
    texts = [(f"c{n}", f"Hi c{n}, your card is on its way 💳") for n in range(given.recipients)]
    run = Run(stage, world, faults, vendors.logs(), texts, phones, given.patience)
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
