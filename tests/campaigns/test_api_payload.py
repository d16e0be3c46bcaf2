"""P9, A5: a text that exceeds a push is pushed as a preview, and waits whole in the app."""

import orjson
import pytest

from campaigns.models import State
from push.credentials import save_credential
from push.models import LabPush
from tests.campaigns.conftest import deliver_all, states
from tests.consumers import tokens
from tests.consumers.conftest import Sdk
from tests.factories.consumers import IdentityProviderFactory
from tests.providers.proxy_server import ProxyServer, open_log, run_in_thread

LIMIT = 4096
FAMILY = "👨‍👩‍👧‍👦"


@pytest.fixture
def sdk(brand):
    IdentityProviderFactory(
        account=brand.account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    return Sdk(brand.account)


class Proxy:
    """Pushes of the brand as its own push proxy gets them."""

    def __init__(self, brand, platform, server):
        self.server = server
        save_credential(
            app=brand.app,
            platform=platform,
            provider="proxy",
            settings={"url": server.url},
            by="tests",
        )

    def last(self):
        body = self.server.calls[-1][1]
        told = orjson.loads(body)
        return body, told["aps"]["alert"] if "aps" in told else told["data"]["message"]


class Lab:
    """Pushes of the brand as a vendor would have got them."""

    def last(self):
        body = LabPush.objects.latest("id").request_body.encode()
        told = orjson.loads(body)
        if "aps" in told:
            return body, told["aps"]["alert"]["body"]
        return body, orjson.loads(told["message"]["data"]["payload"])["message"]


@pytest.fixture(params=["proxy", "lab"])
def provider(request, brand, platform, tmp_path, loopback_egress):
    if request.param == "lab":
        yield Lab()
        return
    server = ProxyServer(open_log(tmp_path / "calls.jsonl"))
    with run_in_thread(server):
        yield Proxy(brand, platform, server)


def push(brand, provider, text):
    """The bytes and the text of the push that the call makes."""
    entry = {"consumerContent": {"inapp": "anna"}, "variables": {"1": text}}
    created = brand.send(consumers=[entry])
    deliver_all()
    assert states(created.campaign) == {"anna": (State.SENT, "")}
    return provider.last()


@pytest.mark.parametrize("platform", ["ios", "android"])
def test_a_push_has_4096_bytes_at_most_and_is_cut_between_graphemes(brand, sdk, platform, provider):
    """P9: 4,095 and 4,096 bytes go out whole; of 4,097 a preview does."""
    brand.consumer("anna", platform=platform)
    families = FAMILY * 130
    frame = len(push(brand, provider, "x")[0]) - 1
    room = LIMIT - frame - len(families.encode())
    texts = [f"{'x' * (room + more)}{families}" for more in (-1, 0, 1)]

    whole = [push(brand, provider, text) for text in texts[:2]]
    body, preview = push(brand, provider, texts[2])

    assert [(len(sent), told) for sent, told in whole] == [(4095, texts[0]), (4096, texts[1])]
    assert LIMIT - len(FAMILY.encode()) < len(body) <= LIMIT
    assert preview == f"{'x' * (room + 1)}{FAMILY * 129}…"
    inbox = sdk.signed_in("anna").get("messages").json()["messages"]
    assert [message["text"] for message in inbox] == [*texts[::-1], "x"]


@pytest.mark.parametrize("platform", ["ios", "android"])
def test_the_longest_text_of_the_widest_characters_is_sent(brand, sdk, platform, provider):
    """A5: 1,550 characters of four bytes; of a single grapheme only the mark of a cut is left."""
    brand.consumer("anna", platform=platform)

    wide = push(brand, provider, "👋" * 1550)
    endless = push(brand, provider, "e" + "\u0301" * 1549)

    assert len(wide[0]) <= LIMIT
    assert set(wide[1]) == {"👋", "…"}
    assert (len(endless[0]) <= LIMIT, endless[1][0]) == (True, "e")
    inbox = sdk.signed_in("anna").get("messages").json()["messages"]
    assert [len(message["text"]) for message in inbox] == [1550, 1550]
