"""The demo brand on stubs of the vendors, and what they took on the phones of the lab."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Account, App
from consumers.models import Device
from lab import brand as demo
from lab import stubs
from lab.wire import Log
from push.credentials import save_credential
from push.models import LabPush, PushCredential
from tests.factories.lab import LabBrand
from tests.providers import papers
from tests.providers.processes import running

LAB = {"ios": "lab", "android": "lab", "web": "lab"}
STUBS = {"ios": "apns", "android": "fcm", "huawei": "proxy", "web": "webpush"}
MESSAGE = "01a216c7ecd174af83da660e7f09a658"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder with the stubs' keys, and where browsers subscribe."""
    folder = tmp_path_factory.mktemp("stubs")
    papers.main(folder)
    secure = ("--cert", folder / "vendor.pem", "--key", folder / "vendor.key")
    kept = ("--log", folder / "webpush.jsonl", "--subscriptions", folder / "browsers.jsonl")
    with running("webpush_server", *secure, *kept) as url:
        yield folder, url


@pytest.fixture
def stub_folder(world: tuple[Path, str], settings: Any) -> Path:
    folder, url = world
    settings.LAB_STUBS = str(folder)
    settings.LAB_WEB_PUSH_URL = url
    settings.LAB_PROXY_URL = "http://127.0.0.1:9/push"
    settings.EGRESS_CA_FILE = str(folder / "authorities.pem")
    settings.EGRESS_ALLOW_HTTP = True
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.WEB_PUSH_HOSTS = ["127.0.0.1"]
    return folder


def start(settings: Any, *, stubs_at: Path | str) -> None:
    """As script/server does it, with or without --providers."""
    settings.LAB_STUBS = str(stubs_at)
    call_command("load_demo", stdout=StringIO())


def providers() -> dict[str, str]:
    """But for the demo app's, which real browsers subscribe to."""
    rows = PushCredential.objects.filter(account__number=demo.NUMBER, is_enabled=True)
    rows = rows.exclude(app__bundle_id=demo.DEMO_APP)
    return dict(rows.values_list("platform", "provider"))


def tokens() -> dict[str, str]:
    registered = Device.objects.registered().order_by("id")
    return dict(registered.values_list("consumer__ref", "token"))


def test_demo_brand_changes_between_lab_and_stubs_both_ways(
    db: None, stub_folder: Path, settings: Any
) -> None:
    start(settings, stubs_at="")
    at_first = (providers(), list(tokens()))
    start(settings, stubs_at=stub_folder)
    with_stubs, known = providers(), tokens()
    start(settings, stubs_at="")
    without = providers()
    start(settings, stubs_at=stub_folder)

    assert at_first == (LAB, ["user1", "ingrid", "kola", "leila", "mei"])
    assert (with_stubs, without) == (STUBS, {**LAB, "huawei": "lab"})
    assert list(known) == [*at_first[1], "jun"]
    assert known["mei"].startswith(f"{settings.LAB_WEB_PUSH_URL}/push/")
    assert (providers(), tokens()) == (STUBS, known)


def test_devices_keep_their_names_and_facts_when_a_stub_gives_them_tokens(
    db: None, stub_folder: Path, settings: Any
) -> None:
    start(settings, stubs_at=stub_folder)

    device = Device.objects.registered().get(consumer__ref="ingrid")
    assert (device.label, device.model, device.city) == ("Ingrid’s iPhone", "iPhone 17", "Växjö")
    assert stubs.APNS_TOKEN.fullmatch(device.token)


def test_credential_that_a_person_saved_stays_with_stubs_and_without(
    db: None, stub_folder: Path, settings: Any
) -> None:
    start(settings, stubs_at="")
    save_credential(
        app=App.objects.get(bundle_id=demo.MOBILE_APP),
        platform="ios",
        provider="proxy",
        settings={"url": "http://127.0.0.1:9/mine"},
        by="admin@larkfield.example",
    )

    for folder in (stub_folder, ""):
        start(settings, stubs_at=folder)
        assert providers()["ios"] == "proxy"

    assert tokens()["ingrid"] == "lab-phone-of-ingrid"


def test_browser_that_is_added_subscribes_at_the_stub(
    db: None, client: Client, stub_folder: Path, settings: Any
) -> None:
    start(settings, stubs_at=stub_folder)
    way = PushCredential.objects.get(app__bundle_id=demo.WEB_APP)

    form = {"consumer_ref": "amir", "credential": way.pk, "label": "Amir’s browser"}
    response = client.post(f"/lab/{demo.NUMBER}/phones/new/", form)

    device = Device.objects.get(consumer__ref="amir")
    assert response.status_code == 302
    assert device.token.rpartition("/")[2] in (stub_folder / "browsers.jsonl").read_text()
    assert len(device.auth) == 22


def test_browser_cannot_be_added_while_the_stub_is_away(
    db: None, client: Client, stub_folder: Path, settings: Any
) -> None:
    start(settings, stubs_at=stub_folder)
    settings.LAB_WEB_PUSH_URL = "https://127.0.0.1:9"
    way = PushCredential.objects.get(app__bundle_id=demo.WEB_APP)

    page = client.post(
        f"/lab/{demo.NUMBER}/phones/new/", {"consumer_ref": "amir", "credential": way.pk}
    ).content.decode()

    assert "push service does not answer" in page
    assert not Device.objects.filter(consumer__ref="amir").exists()


def test_printed_instructions_name_the_log_of_each_stub(
    db: None, stub_folder: Path, settings: Any
) -> None:
    start(settings, stubs_at=stub_folder)
    said = StringIO()

    call_command("demo_info", stdout=said)

    assert [name for name in stubs.LOGS if f"{name}.jsonl" not in said.getvalue()] == []


# What stubs took, on the phones


def entry(**facts: Any) -> bytes:
    """A line of FCM's stub for Kola's phone."""
    status = facts.get("status", 200)
    said = {"protocol": "HTTP/2", "headers": [["content-type", "text/x"]], "body": '{"name": "n"}'}
    asked = {"protocol": "HTTP/2", "headers": [["x-of-us", "yes"]], "body": '{"message": {}}'}
    return orjson.dumps(
        {
            "message": MESSAGE,
            "token": "token-of-kola",
            "at": timezone.now().timestamp(),
            "status": status,
            "text": "Hi Kola",
            "title": "Your card",
            "method": "POST",
            "url": "https://127.0.0.1:8001/v1/projects/larkfield-app/messages:send",
            "request": asked,
            "answer": None if isinstance(status, str) else said,
            **facts,
        }
    )


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "fcm.jsonl")


def write(log: Log, *lines: bytes) -> None:
    with log.path.open("ab") as file:
        file.write(b"".join(lines))


@pytest.fixture
def kola(brand: LabBrand) -> Device:
    return brand.phone("kola", platform="android", token="token-of-kola")


def test_push_that_a_stub_took_rings_once_though_the_reader_starts_again(
    kola: Device, log: Log
) -> None:
    write(log, entry(), b"\n")

    assert (log.ring(), Log(log.path).ring()) == (1, 0)
    push = LabPush.objects.get(device_id=kola.pk)
    assert (push.title, push.body, push.is_shown) == ("Your card", "Hi Kola", True)
    assert push.request_line == "POST /v1/projects/larkfield-app/messages:send"


def test_line_that_is_still_written_is_read_when_it_is_whole(kola: Device, log: Log) -> None:
    line = entry()
    write(log, line[:50])
    early = log.ring()
    write(log, line[50:], b"\n")

    assert (early, log.ring()) == (0, 1)


def test_log_that_is_a_new_one_is_read_from_its_start(kola: Device, log: Log) -> None:
    write(log, entry(), b"\n", entry(), b"\n")
    log.ring()
    log.path.write_bytes(entry() + b"\n")

    assert log.ring() == 1


def test_requests_for_tokens_and_for_strangers_ring_nowhere(kola: Device, log: Log) -> None:
    write(log, entry(message="", token="oauth2"), b"\n", entry(token="of-nobody"), b"\n")

    assert log.ring() == 0


def test_desk_shows_the_request_and_its_answer_as_the_stub_took_them(
    client: Client, kola: Device, log: Log, stub_folder: Path
) -> None:
    write(log, entry(status=429), b"\n", entry(), b"\n")
    log.ring()

    page = client.get(f"/lab/{kola.account.number}/").content.decode()

    assert '<span class="k">x-of-us:</span> yes' in page
    assert '<span class="c">HTTP/2 200</span>' in page
    assert "429, then accepted" in page
    assert f"{stub_folder}/orders.json" in page
    assert "lab:timeout" not in page


@pytest.mark.parametrize(
    ("status", "outcome", "is_shown"),
    [
        (201, "accepted", True),
        ("lost", "unknown", True),
        (410, "unregistered", False),
        (503, "retry", False),
        (400, "rejected", False),
    ],
)
def test_phone_shows_what_was_taken_whoever_learned_of_it(
    kola: Device, log: Log, status: int | str, outcome: str, is_shown: bool
) -> None:
    write(log, entry(status=status), b"\n")
    log.ring()

    push = LabPush.objects.get()
    assert (push.outcome, push.is_shown) == (outcome, is_shown)


def test_encrypted_body_stands_on_the_desk_beside_what_the_browser_read(
    client: Client, brand: LabBrand, log: Log
) -> None:
    url = "https://127.0.0.1:8003/push/abc"
    brand.phone("mei", platform="web", token=url)
    sealed = {"protocol": "HTTP/2", "headers": [], "sealed": "AAECAw"}
    write(log, entry(token="abc", url=url, plaintext='{"message": "Hi"}', request=sealed), b"\n")
    log.ring()

    page = client.get(f"/lab/{Account.objects.get().number}/").content.decode()

    assert "4 bytes, encrypted" in page
    assert ">AAECAw</pre>" in page
    assert '<span class="s">&quot;Hi&quot;</span>' in page
