"""What the settings make of the environment."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
ASK = (
    "import json; from proactive_site import settings as s; "
    "options = s.DATABASES['default']['OPTIONS']; "
    "print(json.dumps([s.ALLOWED_HOSTS, s.EGRESS_ALLOWED_NETWORKS, options]))"
)


def started_with(ask: str = ASK, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ask],
        cwd=CHECKOUT,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_spaces_after_commas_and_options_of_the_database_do_as_they_look():
    told = started_with(
        ALLOWED_HOSTS="proactive.example, localhost",
        EGRESS_ALLOWED_NETWORKS=" 10.1.2.0/24 , 10.9.0.5",
        DATABASE_URL="postgres://app@/app?host=/run&options=-c%20search_path%3Dbrands",
        DB_STATEMENT_TIMEOUT="15",
    )

    hosts, networks, options = json.loads(told.stdout)
    assert hosts == ["proactive.example", "localhost"]
    assert networks == ["10.1.2.0/24", "10.9.0.5"]
    assert options["host"] == "/run"
    assert options["options"].startswith("-c search_path=brands -c statement_timeout=15000")


def test_no_mail_server_keeps_a_worker_for_ever():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        ask = (
            "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'proactive_site.settings';"
            "from django.conf import settings; django.setup(); settings.EMAIL_TIMEOUT /= 50;"
            "from django.core.mail import send_mail; send_mail('a', 'b', 'c@d.ee', ['e@d.ee'])"
        )
        told = started_with(ask, EMAIL_URL=f"smtp://127.0.0.1:{port}")

    assert told.stderr.strip().endswith("timed out")


def test_a_network_that_is_none_is_named_at_the_start_and_not_at_the_first_push():
    told = started_with(EGRESS_ALLOWED_NETWORKS="10.1.2.3/24")

    said = told.stderr.strip().splitlines()[-1]
    assert told.returncode == 1
    assert "EGRESS_ALLOWED_NETWORKS names networks such as 10.1.2.0/24: 10.1.2.3/24" in said
