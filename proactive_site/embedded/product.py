"""The product's own processes, steps and environment, as plans for the supervisor."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from proactive_site.embedded.folders import make_folder
from proactive_site.embedded.ports import HOST
from proactive_site.embedded.supervisor import Plan, Task

PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")
CELERY = (PYTHON, "-m", "celery", "-A", "proactive_site")


def server_plan(home: Path, port: int) -> Plan:
    """What script/server does: runs until somebody stops it."""
    return Plan(
        port=port,
        ready_path="/ready",
        steps=(
            Task("Database schema", (*MANAGE, "migrate", "--no-input")),
            Task("Demo brand", (*MANAGE, "load_demo")),
        ),
        children=programs(home),
        then=(*MANAGE, "demo_info"),
        urls=addresses(port),
        env={
            **environment(port),
            "PROMETHEUS_MULTIPROC_DIR": str(emptied_folder(home / "metrics")),
            "TMPDIR": str(emptied_folder(home / "tmp")),
        },
    )


def demo_plan(home: Path, port: int) -> Plan:
    """What script/demo does: the main job once, by itself."""
    plan = server_plan(home, port)
    # Its phones stand in the lab, whatever the caller's environment says of another installation.
    env = {**plan.env, "LAB": "open"}
    return replace(plan, env=env, then=(*MANAGE, "demo"), is_over_then=True)


def programs(home: Path) -> tuple[Task, ...]:
    web = ("-m", "gunicorn", "-c", "python:proactive_site.gunicorn", "proactive_site.wsgi")
    worker = ("worker", "--concurrency", "2", "--without-gossip", "--without-mingle")
    schedule = home / "celerybeat-schedule"
    return (
        Task("Web", (PYTHON, *web)),
        Task("Worker", (*CELERY, *worker)),
        Task("Beat", (*CELERY, "beat", "--schedule", str(schedule), "--pidfile=")),
        Task("Sweep", (*MANAGE, "sweep")),
    )


def environment(port: int) -> dict[str, str]:
    """A loopback installation, the lab open to all who reach it; what the caller set stands."""
    address = f"http://{HOST}:{port}"
    defaults = {
        "PUBLIC_URL": address,
        "DEBUG": "false",
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "INSECURE_HTTP": "true",
        "LAB": "open",
    }
    return {
        **{name: os.environ.get(name, value) for name, value in defaults.items()},
        "WEB_HOST": HOST,
        "PORT": str(port),
        "PROACTIVE_URL": address,
    }


def addresses(port: int) -> dict[str, str]:
    """What commands that run beside the server are told as well: links lead to it."""
    told = environment(port)
    return {name: told[name] for name in ("PUBLIC_URL", "PROACTIVE_URL", "PORT")}


def emptied_folder(path: Path) -> Path:
    """What processes that were killed left there helps nobody: gauges counted for ever, files."""
    shutil.rmtree(path, ignore_errors=True)
    return make_folder(path)
