"""A real Firefox, without a screen, driven by the protocol that it speaks itself (Marionette): a
page's own context, and the browser's, in which its notifications are."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from tests.live import free_port, wait_for
from tests.needs import leave_out

FIREFOX = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or "/usr/bin/firefox-esr"
START, ANSWER = 60, 30
COMMAND = ("--headless", "--marionette", "--remote-allow-system-access", "--no-remote")
PREFERENCES = {
    # Windows of the browser's own, which exist without a screen too.
    "alerts.useSystemBackend": False,
    "permissions.default.desktop-notification": 1,
    "dom.push.connection.enabled": True,
    "dom.push.testing.allowInsecureServerURL": True,
    # Milliseconds after a click in which a worker may open a page; a slow machine needs more.
    "dom.disable_open_click_delay": 30_000,
    # Nothing but the tests' own servers is there to be asked.
    "app.normandy.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


class FirefoxSaid(Exception):
    """The browser could not do what it was asked."""


class Firefox:
    """One profile; started again it has what it had."""

    def __init__(self, profile: Path, push_url: str) -> None:
        if not Path(FIREFOX).exists():
            leave_out(f"NO FIREFOX at {FIREFOX}: real Web Push is not tested.")
        self._profile = profile
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._stream: BinaryIO
        self._asked = 0
        wanted = {**PREFERENCES, "dom.push.serverURL": push_url, "marionette.port": self._port}
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(wanted[name])});" for name in wanted)
        profile.mkdir()
        (profile / "user.js").write_text("\n".join(lines))

    def start(self) -> None:
        with open(self._profile / "said.log", "ab") as log:
            self._process = subprocess.Popen(
                (FIREFOX, *COMMAND, "--profile", str(self._profile)),
                env={**os.environ, "HOME": str(self._profile)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._stream = wait_for(self._connect, seconds=START, what="Firefox")
        self._receive()
        self._ask("WebDriver:NewSession")
        self._ask("WebDriver:SetTimeouts", script=ANSWER * 1000, pageLoad=ANSWER * 1000)

    def _connect(self) -> BinaryIO | None:
        try:
            connection = socket.create_connection(("127.0.0.1", self._port))
        except OSError:
            return None
        with connection:
            connection.settimeout(START)
            return cast(BinaryIO, connection.makefile("rwb"))

    def stop(self) -> None:
        """As a person closes it."""
        if self._process is None:
            return
        try:
            self._ask("Marionette:Quit", flags=["eAttemptQuit"])
            self._process.wait(ANSWER)
        finally:
            self._stream.close()
            self._process.kill()
            self._process.wait()
            self._process = None

    def go(self, url: str) -> None:
        self._ask("Marionette:SetContext", value="content")
        self._ask("WebDriver:Navigate", url=url)

    def page(self, script: str, *args: Any) -> Any:
        """What an async function of the page returns; `args` are its arguments."""
        return self._run("content", script, args)

    def browser(self, script: str, *args: Any) -> Any:
        """The same with the browser's own rights."""
        return self._run("chrome", script, args)

    def wait(self, script: str, *args: Any, what: str, seconds: float = 30) -> Any:
        """Until the page's answer is true."""
        return wait_for(lambda: self.page(script, *args), seconds=seconds, what=what)

    def notifications(self) -> list[str]:
        """The texts of the browser's own notifications that are on the screen, sorted."""
        return sorted(self.browser(TEXTS))

    def tap(self, text: str) -> None:
        """On the notification that says so."""
        self.browser(TAP, text)

    def look_at(self, title: str) -> None:
        """Go to the tab whose page has this title, once it is there."""
        # A tab that is looked into while it takes another process stays empty to Marionette.
        wait_for(lambda: self.browser(TAB, title), seconds=ANSWER, what=f"a tab “{title}”")
        self._ask("Marionette:SetContext", value="content")
        for handle in self._ask("WebDriver:GetWindowHandles"):
            self._ask("WebDriver:SwitchToWindow", handle=handle, focus=True)
            if self._ask("WebDriver:GetTitle")["value"] == title:
                return
        raise FirefoxSaid(f"It has no tab “{title}”.")

    def _run(self, context: str, script: str, args: Any) -> Any:
        self._ask("Marionette:SetContext", value=context)
        body = (
            "const args = [...arguments], done = args.pop();"
            f"(async (...args) => {{ {script} }})(...args)"
            ".then((value) => done({ value }), (error) => done({ error: String(error) }));"
        )
        answer = self._ask("WebDriver:ExecuteAsyncScript", script=body, args=list(args))["value"]
        if "error" in answer:
            raise FirefoxSaid(answer["error"])
        return answer.get("value")

    def _ask(self, command: str, **given: Any) -> Any:
        self._asked += 1
        message = json.dumps([0, self._asked, command, given]).encode()
        self._stream.write(b"%d:%s" % (len(message), message))
        self._stream.flush()
        _, _, error, result = self._receive()
        if error:
            raise FirefoxSaid(f"{command}: {error['message']}")
        return result

    def _receive(self) -> Any:
        size = b""
        while (byte := self._stream.read(1)) != b":":
            if not byte:
                raise FirefoxSaid("It is gone.")
            size += byte
        return json.loads(self._stream.read(int(size)))


@contextmanager
def firefox(profile: Path, push_url: str) -> Iterator[Firefox]:
    browser = Firefox(profile, push_url)
    try:
        browser.start()
        yield browser
    finally:
        browser.stop()


TAB = """
const { gBrowser } = Services.wm.getMostRecentWindow("navigator:browser");
return gBrowser.tabs.some((tab) => tab.label === args[0] && !tab.hasAttribute("busy"));
"""
# The windows in which Firefox shows notifications where no desktop does it. Some are still empty.
ALERTS = """
const alerts = [...Services.wm.getEnumerator("alert:alert")].map(({ document }) => ({
  box: document.getElementById("alertBox"),
  text: document.getElementById("alertTextLabel")?.textContent,
})).filter(({ text }) => text);
"""
TEXTS = f"{ALERTS} return alerts.map(({{ text }}) => text);"
TAP = f"{ALERTS} alerts.find(({{ text }}) => text === args[0]).box.click();"
