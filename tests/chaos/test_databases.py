"""PostgreSQL and Valkey in trouble, on a stage of their own: the API says 503, nothing is lost."""

import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from proactive_site.embedded.folders import make_folder, postgres_owner
from proactive_site.embedded.installation import thrown_away
from tests.chaos.big_run.caller import Caller
from tests.chaos.big_run.stage import Stage
from tests.chaos.conftest import SHRUNK
from tests.live import wait_for
from tests.needs import leave_out

pytestmark = pytest.mark.chaos

# The web server gives a statement up after this; production has 15 s.
IMPATIENT = {"DB_STATEMENT_TIMEOUT": "1"}
PEOPLE = 400
IS_ROOT = os.geteuid() == 0


class Scene:
    """A stage with a brand, a push proxy, and a caller's eyes on both."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.log = stage.installation.home / "pushes.jsonl"
        url = stage.start_stub("stub", "tests.providers.proxy_server", "--log", str(self.log))
        world = json.loads(
            stage.run("-m", "tests.chaos.big_run.new_world", url, str(PEOPLE)).splitlines()[-1]
        )
        self.caller = Caller(stage.port, world["path"], world["headers"], world["call"], [])
        self.sent = 0

    def call(self, count: int = 1) -> tuple[int, Any]:
        """Send to the next people once; status, and the answer's JSON."""
        part = [(f"c{n}", f"Hi c{n}") for n in range(self.sent, self.sent + count)]
        status, body = self.caller.ask(f"call-{self.sent}", self.caller.body(part))
        if status == 200:
            self.sent += count
        return status, json.loads(body) if body else None

    def look(self) -> int:
        """The status of a question about an account that there is not: it asks the database."""
        link = http.client.HTTPConnection("127.0.0.1", self.stage.port, timeout=10)
        with closing(link):
            link.request("GET", "/api/sdk/v1/account/1/devices")
            return link.getresponse().status

    def refusal(self, count: int) -> tuple[int, Any] | None:
        """The answer of a call that was not accepted."""
        answer = self.call(count)
        return None if answer[0] == 200 else answer

    def rows(self, where: str = "true") -> int:
        with self.connect() as connection:
            query = f"SELECT count(*) FROM campaigns_outboundmessage WHERE {where}"
            found = connection.execute(query).fetchone()
        assert found is not None
        return int(found[0])

    def connect(self, **given: Any) -> psycopg.Connection:
        url = self.stage.env["DATABASE_URL"].replace("postgres://app@/app?", "")
        return psycopg.connect(
            f"user=app dbname=app {url.replace('&', ' ')}", autocommit=True, **given
        )

    def wait_until_all_are_sent(self) -> None:
        def is_done() -> bool:
            with suppress(psycopg.OperationalError):
                return self.rows("state = 'sent'") == self.sent
            return False

        wait_for(is_done, seconds=40, what="every message to be sent")
        pushed = {json.loads(line)["message"] for line in self.log.read_bytes().splitlines()}
        assert len(pushed) == self.sent
        assert self.rows() == self.sent


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    size = "size=200m,mode=0755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """PostgreSQL's data are on a small disk of their own where that can be had."""
    with thrown_away(is_durable=True) as installation, ExitStack() as undo:
        data = installation.postgres
        if IS_ROOT:
            disk = undo.enter_context(small_disk(installation.home / "disk"))
            data = make_folder(disk / "cluster", mode=0o755, owner=postgres_owner()) / "data"
        stage = Stage(replace(installation, postgres=data), {**SHRUNK, **IMPATIENT})
        undo.callback(stage.end_all)
        stage.start_databases()
        stage.run("manage.py", "migrate", "--no-input", "--verbosity", "0")
        made = Scene(stage)
        stage.start_product(workers=["worker-1"])
        yield made


def assert_unavailable(status: int, answer: Any) -> None:
    assert (status, answer["errorKey"], answer["status"]) == (503, "unavailable", 503)


def test_crashed_database_is_answered_503_and_its_return_is_enough(scene: Scene) -> None:
    """D8: no process of ours is started again."""
    for _ in range(2):
        assert scene.call(20)[0] == 200
        scene.stage.stop_postgres()

        refused = scene.call(20)
        scene.stage.start_postgres()

        assert_unavailable(*refused)
        wait_for(lambda: scene.call(20)[0] == 200, seconds=20, what="an accepted call")
    scene.wait_until_all_are_sent()


def test_restarted_database_makes_no_caller_wait(scene: Scene) -> None:
    """D8: the web server's connections died while nobody called; all are replaced at once."""
    with ThreadPoolExecutor(8) as callers:
        warm = list(callers.map(lambda _: scene.look(), range(80)))
    scene.stage.stop_postgres()
    scene.stage.start_postgres()
    began = time.monotonic()

    statuses = [scene.look() for _ in range(8)]

    assert warm == [404] * 80
    assert statuses == [404] * 8
    assert time.monotonic() - began < 3.0


def test_locked_table_is_answered_503_and_nothing_stays_stuck(scene: Scene) -> None:
    """D9: somebody holds a lock for longer than the web server's patience."""
    with scene.connect() as other, other.transaction():
        other.execute("LOCK TABLE campaigns_outboundmessage IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()

        refused = scene.call(20)

        assert_unavailable(*refused)
        assert time.monotonic() - began < 8

    assert scene.call(20)[0] == 200
    scene.wait_until_all_are_sent()


OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name <> 'holder'
"""


def hold_all_connections(scene: Scene, held: ExitStack) -> None:
    """Take every connection that PostgreSQL allows, those of the product too."""
    control = held.enter_context(scene.connect(application_name="holder"))
    while True:
        try:
            while True:
                held.enter_context(scene.connect(application_name="holder"))
        except psycopg.OperationalError:
            if not control.execute(OTHERS).fetchall():
                return


def test_database_without_a_free_connection_is_answered_503(scene: Scene) -> None:
    """D9: somebody has taken them all."""
    with ExitStack() as held:
        hold_all_connections(scene, held)

        refused = scene.call(20)

    assert_unavailable(*refused)
    wait_for(lambda: scene.call(20)[0] == 200, seconds=20, what="an accepted call")
    scene.wait_until_all_are_sent()


def test_deadlock_is_answered_503_and_the_call_may_be_repeated(scene: Scene) -> None:
    """D9: PostgreSQL ends one of two that wait for each other; here it is ours."""
    with scene.connect() as control:
        control.execute(
            "CREATE FUNCTION unlucky() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$"
        )
        control.execute(
            "CREATE TRIGGER unlucky BEFORE INSERT ON campaigns_outboundmessage"
            " EXECUTE FUNCTION unlucky()"
        )

        refused = scene.call(20)

        control.execute("DROP FUNCTION unlucky CASCADE")
    assert_unavailable(*refused)
    assert scene.call(20)[0] == 200
    scene.wait_until_all_are_sent()


def test_broker_in_trouble_slows_no_call_and_stops_no_message(scene: Scene) -> None:
    """D6: emptied, full, silent for a while."""
    broker = redis.Redis.from_url(scene.stage.env["REDIS_URL"])
    seconds = []
    for trouble in (
        lambda: broker.flushall(),
        lambda: broker.config_set("maxmemory", "1"),
        lambda: broker.execute_command("CLIENT", "PAUSE", "4000", "ALL"),
    ):
        trouble()
        for _ in range(4):
            began = time.monotonic()
            assert scene.call(5)[0] == 200
            seconds.append(time.monotonic() - began)
    broker.config_set("maxmemory", "0")

    scene.wait_until_all_are_sent()
    assert sorted(seconds)[-2] < 1.0, seconds


def test_full_disk_is_answered_503_and_nothing_is_half_accepted(scene: Scene) -> None:
    """D22: PostgreSQL's disk is full, and then is not."""
    if not IS_ROOT:
        leave_out("NO FULL DISK: only root can mount a small one.")
    assert scene.call(20)[0] == 200
    scene.wait_until_all_are_sent()

    filler = fill(scene.stage.installation.postgres.parents[1])
    refused = wait_for(lambda: scene.refusal(20), seconds=30, what="a refused call")
    stored = scene.rows()
    filler.unlink()

    assert_unavailable(*refused)
    assert stored == scene.sent
    wait_for(lambda: scene.call(20)[0] == 200, seconds=30, what="an accepted call")
    scene.wait_until_all_are_sent()


def fill(disk: Path) -> Path:
    path = disk / "filler"
    with path.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    return path
