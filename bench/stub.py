"""The push provider of a run: a process of its own that takes every push and logs its id."""

import shutil
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
    log_format ids $http_webhook_id;
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


@dataclass(slots=True)
class Stub:
    name: str
    url: str
    log: Path
    pid: int
    read_to: int = field(default=0)

    def new_ids(self) -> Counter[str]:
        """How often each message came since this was last asked."""
        with self.log.open("rb") as file:
            file.seek(self.read_to)
            lines = file.readlines()
            self.read_to = file.tell()
        return Counter(_id(line) for line in lines)

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


def _id(line: bytes) -> str:
    text: str = orjson.loads(line)["message"] if line.startswith(b"{") else line.decode().strip()
    return text


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
        with _own_stub(folder) as stub:
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
def _own_stub(folder: Path) -> Iterator[Stub]:
    port, log = free_port(), folder / "ids.jsonl"
    given = {"--log": log, "--port": port, "--credential": CREDENTIAL}
    files = {"--cert": folder / CERTIFICATES.cert, "--key": folder / CERTIFICATES.key}
    words = [str(word) for pair in (given | files).items() for word in pair]
    argv = (sys.executable, "-m", "tests.providers.proxy_server", *words)
    with running("stub", argv, folder) as process:
        _wait_until_said("https://", process, folder / "stub.log")
        url = f"https://{HOST}:{port}/push"
        yield Stub("Python stub, HTTP/1.1 over TLS", url, log, process.pid)


def _wait_until_said(word: str, process: Process, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while word not in (said := log.read_text(errors="replace")):
        if not process.is_alive() or time.monotonic() > deadline:
            raise BenchFailure(f"The stub did not start. It says:\n{said[-3000:]}")
        time.sleep(0.05)
