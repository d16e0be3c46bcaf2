"""The vendors' stub servers beside the product: real protocols, and no account anywhere."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from proactive_site.embedded.folders import make_folder
from proactive_site.embedded.ports import HOST
from proactive_site.embedded.supervisor import Plan, Servers, Task

STUB = (sys.executable, "-m")
COUNT = 4


def with_stubs(plan: Plan, home: Path, ports: Sequence[int]) -> Plan:
    """The plan with a stub on each of four ports, and a product that is sent to them."""
    folder = make_folder(home / "stubs")
    papers = Task("Keys of the stubs", (*STUB, "tests.providers.papers", str(folder)))
    servers = Servers("Stubs of the providers", dict(zip(ports, stubs(folder, ports), strict=True)))
    return replace(
        plan,
        steps=(papers, servers, *plan.steps),
        children=(*plan.children, Task("Lab", (sys.executable, "manage.py", "follow_stubs"))),
        urls={**plan.urls, **environment(folder, ports)},
    )


def stubs(folder: Path, ports: Sequence[int]) -> tuple[Task, ...]:
    secure = ("--cert", str(folder / "vendor.pem"), "--key", str(folder / "vendor.key"))
    own = {
        "fcm": (
            *(*secure, "--account", str(folder / "fcm.json")),
            *("--tokens", str(folder / "tokens.json")),
        ),
        "apns": (*secure, "--credential", str(folder / "apns.json")),
        "webpush": (*secure, "--subscriptions", str(folder / "browsers.jsonl")),
        "proxy": (),
    }
    return tuple(
        Task(
            f"Stub {name}",
            (
                *(*STUB, f"tests.providers.{name}_server", *options, "--port", str(port)),
                *("--log", str(folder / f"{name}.jsonl"), "--whole"),
                *("--behaviour", str(folder / "orders.json")),
            ),
        )
        for (name, options), port in zip(own.items(), ports, strict=True)
    )


def environment(folder: Path, ports: Sequence[int]) -> Mapping[str, str]:
    """Where the product finds them, and whose certificates it trusts."""
    fcm, apns, webpush = (f"https://{HOST}:{port}" for port in ports[:3])
    networks = os.environ.get("EGRESS_ALLOWED_NETWORKS")
    return {
        "FCM_URL": fcm,
        "FCM_TOKEN_URL": f"{fcm}/token",
        "APNS_URL": apns,
        "APNS_SANDBOX_URL": apns,
        "WEB_PUSH_HOSTS": HOST,
        "EGRESS_CA_FILE": str(folder / "authorities.pem"),
        "EGRESS_ALLOW_HTTP": "true",
        "EGRESS_ALLOWED_NETWORKS": ",".join(filter(None, (networks, "127.0.0.0/8"))),
        "LAB_STUBS": str(folder),
        "LAB_WEB_PUSH_URL": webpush,
        "LAB_PROXY_URL": f"http://{HOST}:{ports[3]}/push",
    }
