"""`python -m proactive_site.embedded`: what the scripts call."""

import argparse
import os
import sys
from collections.abc import Sequence

from proactive_site.embedded import product
from proactive_site.embedded.databases import environment, start_databases
from proactive_site.embedded.folders import Failure
from proactive_site.embedded.foreground import Stopped, listen_for_signals, run_command
from proactive_site.embedded.installation import HOME, kept, thrown_away, urls_of_holder
from proactive_site.embedded.ports import free_port
from proactive_site.embedded.supervisor import close, serve


def main(argv: Sequence[str]) -> int:
    """The exit code: the command's own, 128 + signal when stopped, 1 when something failed."""
    arguments = parsed(argv)
    listen_for_signals()
    try:
        if arguments.verb == "server":
            return server(arguments.port)
        if arguments.verb == "demo":
            return demo()
        return run(arguments.command, is_throwaway=arguments.throwaway)
    except Stopped as stopped:
        return stopped.exit_code
    except Failure as failure:
        sys.stderr.write(f"{failure}\n")
        return 1


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m proactive_site.embedded")
    verbs = parser.add_subparsers(dest="verb", required=True)
    server_verb = verbs.add_parser("server", help="start the product and keep it running")
    port = int(os.environ.get("PORT") or 8000)
    server_verb.add_argument("--port", type=int, default=port, help="8000, or PORT")
    verbs.add_parser("demo", help="do the main job once on a throw-away installation")
    run_verb = verbs.add_parser("run", help="start the databases and run a command with them")
    run_verb.add_argument("--throwaway", action="store_true", help="fresh and gone afterwards")
    run_verb.add_argument("command", nargs="+", metavar="COMMAND")
    return parser.parse_args(argv)


def server(port: int) -> int:
    with kept() as installation:
        product.empty_metrics(installation.home)
        plan = product.server_plan(installation.home, port)
        return serve(installation, plan, given=os.environ)


def demo() -> int:
    with thrown_away() as installation:
        product.empty_metrics(installation.home)
        plan = product.demo_plan(installation.home, free_port())
        return serve(installation, plan, given={})


def run(command: Sequence[str], *, is_throwaway: bool) -> int:
    """Without `--throwaway` it works on the server's data, also while the server runs."""
    if not is_throwaway and (urls := urls_of_holder()):
        return run_command(command, environment(HOME, urls))
    with thrown_away() if is_throwaway else kept() as installation:
        try:
            start_databases(installation, os.environ)
            env = environment(installation.home, installation.urls)
            return run_command(command, env)
        finally:
            close(installation)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
