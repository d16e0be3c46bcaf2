"""The vendors of the run: stubs that speak their protocols, in processes of their own."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from common.transport import Answer, Call, Tls, transport
from proactive_site.embedded.ports import HOST, free_port
from push.providers.vapid import new_private_key, public_key_of, read_private_key
from tests.chaos.big_run.stage import Stage
from tests.chaos.big_run.world import Phone, Way
from tests.providers.certificates import write_certificates

# Shares of all answers: 2 % are 5xx, 1 % are 429, of 0.5 % nobody learns.
TROUBLE = "503=0.01,500=0.01,429=0.01,lost=0.005"
LATENCY = "0.02"
# Of ten people four are reached by a push proxy, three by FCM, two by APNs, one by Web Push.
PLATFORMS = (*["huawei", "android", "ios"] * 2, "huawei", "android", "huawei", "web")


@dataclass
class Vendors:
    stage: Stage
    seed: int
    ports: dict[str, int] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = self.stage.installation.home
        self.ports = {name: free_port() for name in ("fcm", "apns", "web")}

    def environment(self) -> dict[str, str]:
        """Where the product finds them, and whose certificates it trusts."""
        fcm, apns = (f"https://{HOST}:{self.ports[name]}" for name in ("fcm", "apns"))
        return {
            "FCM_URL": fcm,
            "FCM_TOKEN_URL": f"{fcm}/token",
            "APNS_URL": apns,
            "WEB_PUSH_HOSTS": HOST,
            "EGRESS_CA_FILE": str(self._certificates()),
        }

    def start(self) -> list[Way]:
        self._start("proxy", "--latency", LATENCY)
        secure = (
            "--cert",
            str(self.folder / "vendor.pem"),
            "--key",
            str(self.folder / "vendor.key"),
        )
        for name, module, *more in (
            ("fcm", "fcm_server", "--account", str(self.folder / "account.json")),
            ("apns", "apns_server", "--credential", str(self.folder / "apns.json")),
            ("web", "webpush_server"),
        ):
            port = ("--port", str(self.ports[name]))
            self._start(name, *secure, *port, *more, "--latency", LATENCY, module=module)
        account = (self.folder / "account.json").read_text()
        apns = json.loads((self.folder / "apns.json").read_text())
        self.vapid = new_private_key()
        web = {"vapid_private_key": self.vapid, "contact": "mailto:chaos@brand.example"}
        return [
            Way("huawei", "proxy", {"url": self.urls["proxy"]}),
            Way("android", "fcm", {"service_account": account}),
            Way("ios", "apns", apns),
            Way("web", "webpush", web),
        ]

    def phones(self, count: int) -> list[Phone]:
        """In the order of the consumers."""
        platforms = [PLATFORMS[number % len(PLATFORMS)] for number in range(count)]
        browsers = self._browsers(platforms.count("web"))
        return [
            next(browsers) if platform == "web" else self._phone(platform, number)
            for number, platform in enumerate(platforms)
        ]

    def logs(self) -> list[Path]:
        return [self.folder / f"{name}.jsonl" for name in self.urls]

    def _phone(self, platform: str, number: int) -> Phone:
        if platform == "ios":
            return Phone("ios", f"{number:064x}", environment="production")
        return Phone(platform, f"token-{number}")

    def _browsers(self, count: int) -> Iterator[Phone]:
        """Subscribed at the push service, as browsers do it."""
        key = public_key_of(read_private_key(self.vapid))
        tls = Tls(str(self.folder / "authority.pem"))
        body = orjson.dumps({"applicationServerKey": key})
        calls = (
            Call(n, "browsers", "POST", f"{self.urls['web']}/subscribe", body=body, tls=tls)
            for n in range(count)
        )
        answers = transport().perform(calls)
        for answer in answers:
            if isinstance(answer, Answer):
                made = orjson.loads(answer.body)
                yield Phone("web", made["endpoint"], made["keys"]["p256dh"], made["keys"]["auth"])

    def _start(self, name: str, *options: str, module: str = "proxy_server") -> None:
        log = self.folder / f"{name}.jsonl"
        trouble = ("--trouble", TROUBLE, "--seed", str(self.seed))
        self.urls[name] = self.stage.start_stub(
            f"stub-{name}", f"tests.providers.{module}", "--log", str(log), *trouble, *options
        )

    def _certificates(self) -> Path:
        write_certificates(self.folder, host=HOST)
        return self.folder / "authority.pem"
