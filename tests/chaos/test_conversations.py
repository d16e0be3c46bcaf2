"""Both sides of conversations while the web server and the worker are killed.

Consumers write by the SDK API and repeat what was not answered 201, under the same
clientMessageId. A bot is told by webhook, reads what is new, and answers each message by the
conversations API, repeating in the same way.
"""

import http.client
import threading
import time
from collections import defaultdict
from itertools import count
from pathlib import Path

import orjson
import pytest

from accounts.models import Account
from conversations.models import Conversation, Message
from tests.consumers import tokens
from tests.factories.accounts import AccountFactory, ApiClientFactory, SkillFactory, bearer
from tests.factories.consumers import IdentityProviderFactory
from tests.factories.webhooks import WebhookEndpointFactory
from tests.live import Stack, live_stack, wait_for
from tests.providers.proxy_server import Orders, ProxyServer, open_log, run_in_thread
from webhooks.events import EventType

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

CONSUMERS, MESSAGES = 8, 12
KILLS = (["web"], ["worker"], ["web", "worker"])
SHRUNK = {
    "WEBHOOK_LEASE": "4",
    "WEBHOOK_CONNECT_TIMEOUT": "1",
    "WEBHOOK_TOTAL_TIMEOUT": "1",
    "SWEEP_INTERVAL": "0.5",
    "SWEEP_OVERDUE": "15",
    "EGRESS_ALLOW_HTTP": "true",
    "EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
}


class Caller:
    """Repeats a call until it is answered as it should be."""

    def __init__(self, stack: Stack, headers: dict[str, str]) -> None:
        self.stack = stack
        self.headers = {**headers, "Content-Type": "application/json"}
        self.repeats = 0

    def call(self, method: str, path: str, body: object = None) -> object:
        for tries in count():
            self.repeats += tries > 0
            answer = self._try(method, path, body)
            if answer is not None:
                return answer
            time.sleep(0.05)
        raise AssertionError("Nobody stops counting.")

    def _try(self, method: str, path: str, body: object) -> object | None:
        """None where nothing came back, or nothing that tells what was done."""
        link = http.client.HTTPConnection("127.0.0.1", int(self.stack.env["PORT"]), timeout=10)
        try:
            link.request(method, path, orjson.dumps(body) if body else None, self.headers)
            response = link.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            link.close()
        assert response.status in {200, 201} or response.status >= 500, said
        return orjson.loads(said) if response.status < 500 else None


class Shop(Caller):
    """An app of one consumer, who writes one thing after another."""

    def __init__(self, stack: Stack, account: Account, ref: str) -> None:
        token = tokens.sign(tokens.claims(sub=ref))
        super().__init__(stack, {"Authorization": f"Bearer {token}"})
        self.path = f"/api/sdk/v1/account/{account.number}/replies"
        self.ref = ref

    def write(self) -> None:
        for text in said_by(self.ref):
            self.call("POST", self.path, {"text": text, "clientMessageId": f"id-{text}"})


class Bot(Caller):
    """Answers what it is told of, each message once, in the order in which they were written."""

    def __init__(self, stack: Stack, account: Account, sink: ProxyServer) -> None:
        client = ApiClientFactory(
            account=account, scopes=["conversations:read", "conversations:write"]
        )
        super().__init__(stack, bearer(client))
        self.path = f"/api/v2/account/{account.number}/conversations"
        self.sink, self.is_over = sink, threading.Event()
        self.known: dict[str, str] = {}

    def work(self) -> None:
        read = 0
        while not self.is_over.wait(0.02):
            told = list(self.sink.calls)[read:]
            read += len(told)
            for _, body in told:
                self.answer(orjson.loads(body)["data"]["conversationId"])

    def answer(self, conversation: str) -> None:
        known = self.known.get(conversation)
        here = f"{self.path}/{conversation}/messages"
        new = self.call("GET", f"{here}?after={known}" if known else here)
        for message in new["messages"]:
            if message["sender"] == "consumer":
                text, name = f"Re: {message['text']}", f"re-{message['messageId']}"
                self.call("POST", here, {"text": text, "clientMessageId": name})
            self.known[conversation] = message["messageId"]


def said_by(ref: str) -> list[str]:
    return [f"{ref} {n}" for n in range(1, MESSAGES + 1)]


@pytest.fixture
def account() -> Account:
    account = AccountFactory(requests_per_second=1000)
    account.default_skill = SkillFactory(account=account)
    account.save()
    key = tokens.pem(tokens.rsa_key())
    IdentityProviderFactory(account=account, issuer=tokens.ISSUER, public_key=key)
    return account


@pytest.fixture
def sink(tmp_path: Path):
    sink = ProxyServer(open_log(tmp_path / "sink.jsonl"), Orders())
    sink.calls = type(sink.calls)(maxlen=100_000)
    with run_in_thread(sink):
        yield sink


def kill_and_start_again(stack: Stack, *names: str) -> None:
    """As a machine that loses power: everything that was under way is gone."""
    seen = Message.objects.count()
    wait_for(lambda: Message.objects.count() >= seen + 20, seconds=40, what="messages")
    for name in names:
        stack.kill(name)
    stack.start(*names)


def test_messages_of_both_sides_are_neither_lost_nor_doubled_and_keep_their_order(
    tmp_path, account, sink
):
    """Every app, the bot and the webhooks have calls under way when a process is killed."""
    WebhookEndpointFactory(
        account=account, url=sink.url, event_types=[EventType.CONVERSATION_MESSAGE]
    )
    refs = [f"c{n}" for n in range(1, CONSUMERS + 1)]
    with live_stack(tmp_path, **SHRUNK) as stack:
        stack.start("web", "worker", "sweep")
        stack.wait_until_ready()
        bot = Bot(stack, account, sink)
        shops = [Shop(stack, account, ref) for ref in refs]
        threads = [threading.Thread(target=bot.work)]
        threads += [threading.Thread(target=shop.write) for shop in shops]
        for thread in threads:
            thread.start()

        for names in KILLS:
            kill_and_start_again(stack, *names)

        wait_for(
            lambda: Message.objects.count() >= 2 * CONSUMERS * MESSAGES,
            seconds=60,
            what="every message to be answered",
        )
        bot.is_over.set()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads)

    heard, answers = defaultdict(list), defaultdict(list)
    for ref, sender, text in Message.objects.order_by("pk").values_list(
        "conversation__consumer__ref", "sender", "text"
    ):
        (heard if sender == "consumer" else answers)[ref].append(text)
    assert heard == {ref: said_by(ref) for ref in refs}
    assert answers == {ref: [f"Re: {text}" for text in said_by(ref)] for ref in refs}
    assert Conversation.objects.count() == CONSUMERS
    repeats = sum(shop.repeats for shop in shops)
    again = len(sink.calls) - len({head["webhook-id"] for head, _ in sink.calls})
    print(
        f"\n{CONSUMERS * MESSAGES} messages and as many answers; {len(KILLS)} times "
        f"something was killed; repeated: "
        f"{repeats} calls of apps, {bot.repeats} of the bot, {again} webhooks"
    )
    assert repeats > 0
