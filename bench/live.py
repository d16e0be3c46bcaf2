"""What consumers write, on its way to the screens of the agents who answer them.

Every consumer has an app with its dialog live, every agent the workspace: as many streams of
server-sent events. An agent's browser looks again when its stream says so, as the page's script
does: one look at a time, which brings the queue and the open conversation.
"""

import asyncio
import json
import random
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Role, Skill, User
from accounts.services import grant_role
from bench.processes import BenchFailure, web_server
from bench.report import Finding, Goal, Round, Side, percentile
from bench.size import Size
from bench.world import BY, World
from consumers.models import Consumer, IdentityProvider
from conversations.models import Conversation
from conversations.services import accept_conversation, receive_message
from proactive_site.embedded.ports import HOST

LIVE = Goal("live", 1, is_most=True)
LIVE_P95 = Goal("live-p95", 2, is_most=True)
# Seconds from the start of the call that sends a message to the agent's screen.
LIMIT = Side(1.0, "seconds")
CONSUMERS, AGENTS, SKILLS = 500, 20, 5
# All consumers together: each writes every 25 seconds.
PER_SECOND = 20.0
SECONDS = 6.0
# What the page's script waits for more to come, before it looks.
GATHER = 0.15
PATIENCE = 30.0
AGAINST = (
    f"the limit of 1 s; {CONSUMERS} consumers and {AGENTS} agents live, {PER_SECOND:g} messages a"
    " second, from the call to the fragment that shows the message"
)
_ISSUER = "https://id.bench.example"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_CODE = re.compile(rb"said-[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class App:
    """What a consumer's app calls with."""

    events: str
    replies: str
    authorization: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an agent's browser is: the open conversation, and its session."""

    stream: str
    look: str
    cookie: str


@dataclass(slots=True)
class Seen:
    """By the code in its text, when a message was sent, and when it stood on a screen first."""

    sent: dict[bytes, float] = field(default_factory=dict)
    shown: dict[bytes, float] = field(default_factory=dict)

    def note(self, fragment: bytes) -> None:
        now = time.monotonic()
        for code in _CODE.findall(fragment):
            if code in self.sent:
                self.shown.setdefault(code, now)

    @property
    def is_complete(self) -> bool:
        return self.shown.keys() == self.sent.keys()


def measure_live(world: World, size: Size, folder: Path) -> list[Finding]:
    apps, desks = _fill(world.account)
    with web_server("web", "proactive_site.wsgi", "proactive_site.settings", folder) as web:
        found = asyncio.run(_measure(web.port, apps, desks, size.rounds))
    middle = [Round(Side(percentile(took, 0.5), "seconds"), LIMIT) for took in found]
    late = [Round(Side(percentile(took, 0.95), "seconds"), LIMIT) for took in found]
    return [Finding(LIVE, middle, AGAINST), Finding(LIVE_P95, late, AGAINST)]


def _fill(account: Account) -> tuple[list[App], list[Desk]]:
    """Everybody is in a conversation that an agent of its skill has accepted."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    IdentityProvider.objects.create(
        account=account, issuer=_ISSUER, public_key=pem, algorithms=["ES256"]
    )
    skills = [Skill.objects.create(account=account, name=f"team-{n}") for n in range(SKILLS)]
    agents = [_make_agent(account, skills[n % SKILLS], n) for n in range(AGENTS)]
    people = list(Consumer.objects.filter(account=account).order_by("pk")[:CONSUMERS])
    talks = [
        _talk(account, person, skills[n % SKILLS], agents[n % AGENTS])
        for n, person in enumerate(people)
    ]
    apps = [_app(account, person.ref, key) for person in people]
    return apps, [_desk(account, agent, talks[n]) for n, agent in enumerate(agents)]


def _make_agent(account: Account, skill: Skill, number: int) -> User:
    user = User.objects.create_user(f"agent-{number}@bench.example")
    grant_role(account=account, user=user, role=Role.AGENT, skills=[skill], by=BY)
    return user


def _talk(account: Account, person: Consumer, skill: Skill, agent: User) -> Conversation:
    now = timezone.now()
    talk = receive_message(account=account, consumer=person, text="Hello", now=now).conversation
    Conversation.objects.filter(pk=talk.pk).update(skill=skill)
    accept_conversation(conversation=talk, by=agent, now=now)
    return talk


def _app(account: Account, ref: str, key: ec.EllipticCurvePrivateKey) -> App:
    now = int(time.time())
    claims = {"iss": _ISSUER, "sub": ref, "iat": now, "exp": now + 3600}
    token = jwt.encode(claims, key, algorithm="ES256")
    paths = [reverse(name, args=[account.number]) for name in ("sdk-events", "sdk-replies")]
    return App(*paths, f"Authorization: Bearer {token}")


def _desk(account: Account, agent: User, talk: Conversation) -> Desk:
    client = Client()
    client.force_login(agent, backend="django.contrib.auth.backends.ModelBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page = reverse("workspace_conversation", args=[account.number, talk.public_id])
    return Desk(
        stream=reverse("workspace_live", args=[account.number]),
        look=f"{page}?live=mine",
        cookie=f"Cookie: {settings.SESSION_COOKIE_NAME}={session}",
    )


async def _measure(port: int, apps: list[App], desks: list[Desk], rounds: int) -> list[list[float]]:
    """Seconds of each message, by round."""
    seen = Seen()
    opened = [asyncio.Event() for _ in range(len(apps) + len(desks))]
    views = [
        *(_app_view(port, app, opened[n]) for n, app in enumerate(apps)),
        *(_desk_view(port, desk, opened[len(apps) + n], seen) for n, desk in enumerate(desks)),
    ]
    async with asyncio.timeout(PATIENCE * (rounds + 2)), asyncio.TaskGroup() as group:
        tasks = [group.create_task(view) for view in views]
        for one in opened:
            await one.wait()
        found = [await _round(port, apps, seen) for _ in range(rounds)]
        for task in tasks:
            task.cancel()
    return found


async def _round(port: int, apps: list[App], seen: Seen) -> list[float]:
    """Consumers write, at a steady rate; until the last message stands on a screen."""
    seen.sent, seen.shown = {}, {}
    began = time.monotonic()
    calls = []
    # Nobody twice, as the queue shows somebody's last words alone.
    for number, app in enumerate(random.sample(apps, int(PER_SECOND * SECONDS))):
        await asyncio.sleep(began + number / PER_SECOND - time.monotonic())
        calls.append(asyncio.create_task(_write(port, app, seen)))
    await asyncio.gather(*calls)
    ends = time.monotonic() + PATIENCE
    while not seen.is_complete:
        if time.monotonic() > ends:
            missing = len(seen.sent) - len(seen.shown)
            raise BenchFailure(f"{missing} messages came on no screen.")
        await asyncio.sleep(0.05)
    return [seen.shown[code] - sent for code, sent in seen.sent.items()]


async def _write(port: int, app: App, seen: Seen) -> None:
    code = f"said-{uuid4().hex}"
    seen.sent[code.encode()] = time.monotonic()
    body = json.dumps({"text": f"Is it on its way? {code}", "clientMessageId": code}).encode()
    await _call(port, "POST", app.replies, app.authorization, body)


async def _app_view(port: int, app: App, opened: asyncio.Event) -> None:
    async def ignore(event: bytes) -> None:
        return

    await _follow(port, app.events, app.authorization, opened, ignore)


async def _desk_view(port: int, desk: Desk, opened: asyncio.Event, seen: Seen) -> None:
    """Look when the stream says so; what it says meanwhile is answered by one more look."""
    is_due = asyncio.Event()

    async def note(event: bytes) -> None:
        if event.startswith(b"event: queue"):
            is_due.set()

    async def look() -> None:
        while True:
            await is_due.wait()
            await asyncio.sleep(GATHER)
            is_due.clear()
            seen.note(await _call(port, "GET", desk.look, f"{desk.cookie}\r\nHX-Request: true"))

    async with asyncio.TaskGroup() as group:
        group.create_task(look())
        group.create_task(_follow(port, desk.stream, desk.cookie, opened, note))


async def _follow(
    port: int,
    path: str,
    header: str,
    opened: asyncio.Event,
    take: Callable[[bytes], Coroutine[Any, Any, None]],
) -> None:
    """Read a stream for as long as it goes on."""
    reader, writer = await _open(port, path, header)
    try:
        opened.set()
        while True:
            size = int(await reader.readuntil(b"\r\n"), 16)
            if not size:
                raise BenchFailure(f"{path} ended.")
            await take(await reader.readexactly(size))
            await reader.readexactly(2)
    finally:
        writer.close()


async def _open(port: int, path: str, header: str) -> Connection:
    """A process that has no room for one more says so; the next try may meet the other one."""
    while True:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{header}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 200"):
            return reader, writer
        writer.close()
        if not head.startswith(b"HTTP/1.1 503"):
            raise BenchFailure(f"{path} answered {head[:200]!r}")
        await asyncio.sleep(random.uniform(0.2, 1.0))


async def _call(port: int, method: str, path: str, header: str, body: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        sized = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{header}\r\n{sized}Connection: close"
        writer.write(f"{head}\r\n\r\n".encode() + body)
        answer = await reader.read()
    finally:
        writer.close()
    if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
        raise BenchFailure(f"{path} answered {answer[:500]!r}")
    return answer
