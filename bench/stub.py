"""The push provider of a run: a process of its own that takes every push and logs its id."""

import shutil
import socket
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bench.processes import START_SECONDS, BenchFailure, running, wait_until_answers
from proactive_site.embedded.ports import HOST, free_port
from proactive_site.embedded.processes import Process
from tests.providers.certificates import make_certificate


@dataclass(frozen=True, slots=True)
class Names:
    authority: str = "authority.pem"
    cert: str = "stub.pem"
    key: str = "stub.key"


CERTIFICATES = Names()
USERNAME, PASSWORD = "push", "benchmark"
CREDENTIAL = "Basic " + b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()

# One process, as a provider is not what is measured; its log is written before the answer leaves.
NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-errors.log;
events {{ worker_connections 1024; }}
http {{
    log_format ids '$http_webhook_id $msec';
    log_format uris $uri;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    keepalive_requests 1000000;
    http2_max_concurrent_streams 128;
    upstream slow {{ server {host}:{slow}; keepalive 256; }}
    server {{
        listen {host}:{port} ssl http2;
        ssl_certificate {folder}/{cert};
        ssl_certificate_key {folder}/{key};
        location /health {{ access_log off; return 200; }}
        location /push {{ access_log {folder}/ids.log ids; return 200; }}
        # The vendors' paths: FCM names the device in its body, the others in theirs.
        location /v1/projects/ {{
            access_log {folder}/fcm.log uris;
            default_type application/json;
            return 200 '{{"name": "projects/bench/messages/0"}}';
        }}
        location /3/device/ {{
            access_log {folder}/apns.log uris;
            add_header apns-id $http_apns_id;
            return 200;
        }}
        location /wp/ {{ access_log {folder}/web.log uris; return 201; }}
        location /token {{
            access_log off;
            default_type application/json;
            return 200 '{{"access_token": "bench", "expires_in": 3600, "token_type": "Bearer"}}';
        }}
        location /slow/ {{
            access_log {folder}/slow.log uris;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://slow;
        }}
    }}
    server {{
        listen {host}:{plain};
        location /health {{ access_log off; return 200; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A push as the provider's log has it, with the second at which it was taken."""

    message: str
    at: float


@dataclass(slots=True)
class Stub:
    name: str
    url: str
    log: Path
    pid: int
    read_to: int = field(default=0)

    def new_arrivals(self) -> list[Arrival]:
        """What came since this was last asked."""
        with self.log.open("rb") as file:
            file.seek(self.read_to)
            lines = [line for line in file if line.endswith(b"\n")]
            self.read_to += sum(map(len, lines))
        return [_arrival(line) for line in lines]

    def new_ids(self) -> Counter[str]:
        """How often each message came since this was last asked."""
        return Counter(arrival.message for arrival in self.new_arrivals())

    def check(self, expected: set[str]) -> None:
        """:raises BenchFailure: a message did not come, came twice, or was never stored."""
        came = self.new_ids()
        lost, strange = expected - came.keys(), came.keys() - expected
        doubled = [message for message, times in came.items() if times > 1]
        if lost or strange or doubled:
            raise BenchFailure(
                f"Of {len(expected)} messages {len(lost)} were lost and {len(doubled)} doubled; "
                f"{len(strange)} that came are not in the ledger."
            )


def _arrival(line: bytes) -> Arrival:
    if line.startswith(b"{"):
        entry = orjson.loads(line)
        return Arrival(entry["message"], entry["at"])
    message, at = line.decode().split(" ")
    return Arrival(message, float(at))


def make_certificates(folder: Path) -> None:
    authority = make_certificate("Benchmark authority")
    server = make_certificate("Stub", issuer=authority, hosts=(HOST,))
    (folder / CERTIFICATES.authority).write_text(authority.cert_pem)
    (folder / CERTIFICATES.cert).write_text(server.cert_pem)
    (folder / CERTIFICATES.key).write_text(server.key_pem)


@contextmanager
def provider_stub(folder: Path) -> Iterator[Stub]:
    """nginx where it is installed, with HTTP/2; otherwise our own server, with HTTP/1.1 only."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if nginx is None:
        with own_stub(folder) as stub:
            yield stub
        return
    port, plain, slow = free_port(), free_port(), free_port()
    config = folder / "nginx.conf"
    config.write_text(
        NGINX.format(
            folder=folder,
            host=HOST,
            port=port,
            plain=plain,
            slow=slow,
            cert=CERTIFICATES.cert,
            key=CERTIFICATES.key,
        )
    )
    argv = (nginx, "-p", str(folder), "-e", str(folder / "nginx-errors.log"), "-c", str(config))
    slowly = (sys.executable, "-m", "bench.slow", str(slow))
    with running("slow", slowly, folder), running("nginx", argv, folder) as process:
        wait_until_answers(process, plain, folder / "nginx-errors.log")
        url = f"https://{HOST}:{port}/push"
        yield Stub("nginx, HTTP/2 over TLS", url, folder / "ids.log", process.pid)


@contextmanager
def own_stub(
    folder: Path, *, name: str = "stub", port: int = 0, trouble: str = ""
) -> Iterator[Stub]:
    """Our own server; ``trouble`` is what it answers by chance (`tests.providers.trouble`)."""
    port, log = port or free_port(), folder / f"{name}.jsonl"
    given = {"--log": log, "--port": port, "--credential": CREDENTIAL, "--trouble": trouble}
    files = {"--cert": folder / CERTIFICATES.cert, "--key": folder / CERTIFICATES.key}
    words = [str(word) for pair in (given | files).items() for word in pair]
    argv = (sys.executable, "-m", "tests.providers.proxy_server", *words)
    with running(name, argv, folder) as process:
        _wait_until_open(process, port, folder / f"{name}.log")
        url = f"https://{HOST}:{port}/push"
        read_to = log.stat().st_size
        yield Stub("Python stub, HTTP/1.1 over TLS", url, log, process.pid, read_to)


def _wait_until_open(process: Process, port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_open(port):
        if not process.is_alive() or time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-3000:]
            raise BenchFailure(f"The stub did not start. It says:\n{said}")
        time.sleep(0.05)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
