"""`python -m proactive_site.embedded`: what the scripts call."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from proactive_site.embedded import product, stubs
from proactive_site.embedded.databases import environment, start_databases
from proactive_site.embedded.folders import Failure
from proactive_site.embedded.foreground import Stopped, listen_for_signals, run_command
from proactive_site.embedded.installation import (
    HOME,
    Installation,
    kept,
    thrown_away,
    urls_of_holder,
)
from proactive_site.embedded.ports import HIGHEST, free_port
from proactive_site.embedded.supervisor import Plan, close, serve

Planner = Callable[[Path, int], Plan]


def main(argv: Sequence[str], *, server_plan: Planner = product.server_plan) -> int:
    """The exit code: the command's own, 128 + signal when stopped, 1 when something failed."""
    arguments = parsed(argv)
    listen_for_signals()
    try:
        if arguments.verb == "server":
            return server(arguments.port, server_plan, has_stubs=arguments.providers)
        if arguments.verb == "demo":
            return demo(has_stubs=arguments.providers)
        return run(
            arguments.command,
            is_throwaway=arguments.throwaway or arguments.durable,
            is_durable=arguments.durable,
        )
    except Stopped as stopped:
        return stopped.exit_code
    except (Failure, argparse.ArgumentTypeError) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m proactive_site.embedded")
    verbs = parser.add_subparsers(dest="verb", required=True)
    server_verb = verbs.add_parser("server", help="start the product and keep it running")
    server_verb.add_argument(
        "--port", type=port_number, default=default_port(), help="otherwise PORT, or 8000"
    )
    demo_verb = verbs.add_parser("demo", help="do the main job once on a throw-away installation")
    for verb in (server_verb, demo_verb):
        verb.add_argument(
            "--providers",
            action="store_true",
            help="push by FCM, APNs, Web Push and a push proxy to stubs of them",
        )
    run_verb = verbs.add_parser("run", help="start the databases and run a command with them")
    run_verb.add_argument("--throwaway", action="store_true", help="fresh and gone afterwards")
    run_verb.add_argument(
        "--durable", action="store_true", help="throw-away too, but written to disk as the server's"
    )
    run_verb.add_argument("command", nargs="+", metavar="COMMAND")
    return parser.parse_args(argv)


def default_port() -> str:
    return os.environ.get("PORT") or "8000"


def port_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= HIGHEST):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def server(port: int, planner: Planner, *, has_stubs: bool) -> int:
    """The stubs are on the ports after the product's."""
    with kept() as installation:
        plan = planner(installation.home, port)
        if has_stubs:
            ports = range(port + 1, port + 1 + stubs.COUNT)
            plan = stubs.with_stubs(plan, installation.home, ports)
        return serve(installation, plan, given=os.environ)


def demo(*, has_stubs: bool) -> int:
    """Whatever databases the environment names, they are not for demo data."""
    with thrown_away() as installation:
        plan = product.demo_plan(installation.home, free_port())
        if has_stubs:
            ports = [free_port() for _ in range(stubs.COUNT)]
            plan = stubs.with_stubs(plan, installation.home, ports)
        return serve(installation, plan, given={})


def run(command: Sequence[str], *, is_throwaway: bool, is_durable: bool = False) -> int:
    """Without `--throwaway` it works on the server's data, also while the server runs."""
    if is_throwaway:
        with thrown_away(is_durable=is_durable) as installation:
            return run_with_databases(installation, command, {})
    env = product.environment(port_number(default_port()))
    if urls := urls_of_holder():
        return run_command(command, {**environment(HOME, urls), **env, **urls})
    with kept() as installation:
        return run_with_databases(installation, command, env)


def run_with_databases(
    installation: Installation, command: Sequence[str], env: Mapping[str, str]
) -> int:
    try:
        start_databases(installation, os.environ)
        own = environment(installation.home, installation.urls)
        return run_command(command, {**own, **env})
    finally:
        close(installation)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
