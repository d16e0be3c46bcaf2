"""A world in which every address is this machine and names say what they like.

Runs in namespaces of its own (`unshare --map-root-user --net --mount`), where nothing leaves and
whatever is connected is seen: `python -m tests.common.one_machine_world` prints what came of each
attempt as JSON. Its resolver rebinds: a name's answers are used up one a look-up, the last stays.
"""

import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

from common.calls import Call, Timeouts, Tls
from common.guard import AddressGuard
from common.transport import fetch
from tests.common.test_guard import CLOSED_ADDRESSES, LOCAL_SPELLINGS, PUBLIC_ADDRESSES
from tests.providers.certificates import make_certificate

PORTS = (22, 80, 443, 6379, 8080, 8443)
PUBLIC = "8.8.8.8"
UNANSWERED = "silent.example"
RESOLVER_SECONDS = 4
"""For which it waits for the answers of a name."""
NAMES = {
    "rebind.example": [[PUBLIC], ["127.0.0.1"]],
    "rebind6.example": [[PUBLIC], ["::1"]],
    "loop.example": [["127.0.0.1"]],
    "metadata.example": [["169.254.169.254", "fd00:ec2::254"]],
    "mixed.example": [["127.0.0.1", "10.0.0.1", PUBLIC]],
}
A, AAAA = 1, 28
REDIRECTS = (301, 302, 303, 307, 308)


def make_world(folder: Path) -> None:
    """Each address leads to the loopback, and names are asked of 127.0.0.1."""
    for command in (
        "link set lo up",
        "-6 addr add 2001:4860::1/128 dev lo",
        "route add local 0.0.0.0/0 dev lo",
        "-6 route add local ::/0 dev lo",
    ):
        subprocess.run(["ip", *command.split()], check=True)
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver 127.0.0.1\noptions attempts:1 timeout:{RESOLVER_SECONDS}\n")
    subprocess.run(["mount", "--bind", resolver, "/etc/resolv.conf"], check=True)


class World(threading.Thread):
    """Listens on every address, and notes which was meant; answers plain HTTP by a redirect."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.connected: list[str] = []
        self.asked: dict[str, int] = {}
        self.selector = selectors.DefaultSelector()
        self.names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.names.bind(("127.0.0.1", 53))
        self.selector.register(self.names, selectors.EVENT_READ)
        for port in PORTS:
            listening = socket.create_server(
                ("::", port), family=socket.AF_INET6, dualstack_ipv6=True
            )
            self.selector.register(listening, selectors.EVENT_READ, port)

    def run(self) -> None:
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.names:
                    question, peer = self.names.recvfrom(512)
                    if _read_name(question, 12)[0] != UNANSWERED:
                        self.names.sendto(self.resolve(question), peer)
                elif isinstance(key.fileobj, socket.socket):
                    self.welcome(key.fileobj, key.data)

    def welcome(self, listening: socket.socket, port: int) -> None:
        connection, _ = listening.accept()
        meant = ip_address(connection.getsockname()[0].partition("%")[0])
        self.connected.append(f"{getattr(meant, 'ipv4_mapped', None) or meant} {port}")
        with connection:
            connection.settimeout(1)
            request = connection.recv(4096)
            if request.startswith(b"GET /"):
                status = request[5:8].decode()
                answer = f"HTTP/1.1 {status} Go\r\nLocation: http://127.0.0.1/\r\n"
                connection.sendall(f"{answer}Content-Length: 0\r\n\r\n".encode())

    def resolve(self, question: bytes) -> bytes:
        """RFC 1035: the question again, with the addresses of the kind that it asks for."""
        name, end = _read_name(question, 12)
        (kind,) = struct.unpack(">H", question[end : end + 2])
        answers = NAMES.get(name, [[]])
        turn = self.asked.get(f"{name} {kind}", 0)
        self.asked[f"{name} {kind}"] = turn + 1
        version = {A: 4, AAAA: 6}.get(kind)
        found = [ip_address(one) for one in answers[min(turn, len(answers) - 1)]]
        packed = [one.packed for one in found if one.version == version]
        head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, len(packed), 0, 0)
        records = [b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(one)) + one for one in packed]
        return head + question[12 : end + 4] + b"".join(records)


def _read_name(message: bytes, start: int) -> tuple[str, int]:
    labels = []
    while size := message[start]:
        labels.append(message[start + 1 : start + 1 + size].decode())
        start += size + 1
    return ".".join(labels), start + 1


def literal(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@contextmanager
def noting(world: World) -> Iterator[list[str]]:
    before = len(world.connected)
    seen: list[str] = []
    yield seen
    seen += world.connected[before:]


def attempt(world: World, url: str, guard: AddressGuard | None, ca_file: str) -> dict[str, object]:
    with noting(world) as seen:
        answer = fetch(
            Call("t", "k", "GET", url, timeouts=Timeouts(2, 2), tls=Tls(ca_file), guard=guard)
        )
    return {
        "url": url,
        "is_refused": answer.is_address_refused,
        "status": answer.status,
        "connected": seen,
    }


def wait_for_a_name() -> float:
    """Seconds that a call took which had a tenth of one."""
    began = time.monotonic()
    fetch(Call("t", "k", "GET", f"https://{UNANSWERED}/", timeouts=Timeouts(0.1, 0.1)))
    return time.monotonic() - began


def main() -> None:
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
    make_world(folder)
    (folder / "ca.pem").write_text(make_certificate("Nobody").cert_pem)
    world = World()
    world.start()

    def tried(urls: list[str], guard: AddressGuard | None) -> list[dict[str, object]]:
        return [attempt(world, url, guard, str(folder / "ca.pem")) for url in urls]

    closed = [
        *(f"https://{host}/" for host in LOCAL_SPELLINGS),
        *(f"https://{literal(one)}/" for one in CLOSED_ADDRESSES if " " not in one),
        *(f"https://{name}/" for name in ("loop.example", "loop.example.", "metadata.example")),
    ]
    strict, http = AddressGuard(), AddressGuard(allow_http=True)
    told = {
        "closed": tried(closed, strict),
        "unguarded": tried(closed, None),
        "public": tried([f"https://{literal(one)}/" for one in PUBLIC_ADDRESSES], strict),
        "ports": tried([f"https://{PUBLIC}:{port}/" for port in PORTS], strict),
        "mixed": tried(["https://mixed.example/"], strict),
        "rebound": tried(["https://rebind.example/"] * 2, strict),
        "rebound6": tried(["https://rebind6.example/"] * 2, strict),
        "redirected": tried([f"http://{PUBLIC}/{code}" for code in REDIRECTS], http),
        "waited": wait_for_a_name(),
    }
    print(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
