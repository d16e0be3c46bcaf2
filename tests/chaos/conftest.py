from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import Stack, live_stack

# A takeover has to fit into a test.
SHRUNK = {
    "DELIVERY_LEASE": "4",
    "DELIVERY_CONNECT_TIMEOUT": "1",
    "DELIVERY_TOTAL_TIMEOUT": "1",
    "DELIVERY_CLAIM": "200",
    "DELIVERY_IN_FLIGHT": "10",
    "SWEEP_INTERVAL": "0.5",
    "SWEEP_OVERDUE": "1",
    "EGRESS_ALLOW_HTTP": "true",
    "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
}


@pytest.fixture
def stack(tmp_path: Path, loopback_egress: None) -> Iterator[Stack]:
    print("\nlease 4 s, connect and total timeout 1 s, sweep each 0.5 s")
    with live_stack(tmp_path, **SHRUNK) as stack:
        yield stack
