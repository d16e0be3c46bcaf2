"""J2: alive, ready, and how it is doing."""

from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from campaigns import ledger
from campaigns.models import Heartbeat
from campaigns.tasks import heartbeat
from push.breakers import Watched
from push.health import Health
from push.judging import note
from push.providers.base import DeviceTarget, Outcome, PushResult
from push.services import Ways
from tests.campaigns.caller import Api, shared_client
from tests.campaigns.conftest import deliver_all, make_brand
from tests.factories.accounts import ApiClientFactory, bearer
from tests.factories.push import BreakerFactory, PushCredentialFactory
from tests.live import free_port

pytestmark = pytest.mark.django_db


def ready():
    response = shared_client().get("/ready")
    return response, response.json()["checks"]


def samples():
    """Every sample of /metrics by its name and labels."""
    text = shared_client().get("/metrics").content.decode()
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def growth(before, name, *labels):
    return samples()[(name, *labels)] - before.get((name, *labels), 0)


@pytest.fixture
def brand():
    return make_brand()


def test_health_says_that_the_process_answers_and_asks_nobody(django_assert_num_queries):
    with django_assert_num_queries(0):
        response = shared_client().get("/health")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["X-Request-Id"]


def test_ready_when_database_broker_and_worker_work():
    heartbeat()

    response, checks = ready()

    assert response.status_code == 200
    assert checks == {"database": "ok", "broker": "ok", "worker": "ok"}


def test_not_ready_before_a_worker_was_seen():
    response, checks = ready()

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert checks == {"database": "ok", "broker": "ok", "worker": "no worker was seen yet"}


@pytest.mark.parametrize(("seconds", "status"), [(30, 200), (40, 503)])
def test_not_ready_when_the_worker_has_been_silent(seconds, status):
    """Three beats may be missed."""
    Heartbeat.beat("worker", timezone.now() - timedelta(seconds=seconds))

    response, checks = ready()

    assert response.status_code == status
    assert checks["worker"] == ("ok" if status == 200 else f"silent for {seconds} s")


def test_not_ready_when_the_broker_cannot_be_reached(settings):
    """And the answer does not wait for it for long."""
    heartbeat()
    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"

    response, checks = ready()

    assert response.status_code == 503
    assert checks == {"database": "ok", "broker": "no connection", "worker": "ok"}


def test_metrics_tell_the_queue_by_lane_and_state(brand):
    """Rows that are not final, and the age of the oldest; nothing when all are."""
    brand.consumer("ana")
    brand.send("ana", "stranger", now=timezone.now() - timedelta(minutes=2))
    ledger.claim(lane="none", limit=1, lease=timedelta(seconds=30))

    told = samples()
    assert told["proactive_queue_messages", "lab", "queued"] == 1
    assert told["proactive_queue_messages", "none", "sending"] == 1
    assert 120 <= told["proactive_queue_age_seconds", "lab", "queued"] < 180

    deliver_all("lab")
    assert ("proactive_queue_messages", "lab", "queued") not in samples()


def test_metrics_count_what_was_accepted_and_how_long_it_took(brand):
    api = Api(brand.account, bearer(ApiClientFactory(account=brand.account)))
    before = samples()

    api.post("campaign", brand.body("ana"))

    assert growth(before, "proactive_accept_seconds_count") == 1
    assert 0 < growth(before, "proactive_accept_seconds_sum") < 5


def test_metrics_count_pushes_by_provider_and_outcome(brand):
    for ref in ("ana", "bo", "lab:gone"):
        brand.consumer(ref)
    before = samples()

    brand.send("ana", "bo", "lab:gone", "stranger")
    deliver_all()

    assert growth(before, "proactive_pushes_total", "accepted", "lab") == 2
    assert growth(before, "proactive_pushes_total", "lab", "unregistered") == 1


def test_metrics_tell_open_breakers_and_how_often_they_opened(brand):
    """D8, D14"""
    BreakerFactory(credential__provider="lab", reason="not_reached")
    before = samples()
    way = Ways([pk := PushCredentialFactory().pk]).find(pk, DeviceTarget("ios", "token"))
    health = Health()
    refused = PushResult("0" * 32, 1, Outcome.MISCONFIGURED, "certificate_refused")
    health.add(way, refused, is_probe=False)

    note(health, watched=Watched(), now=timezone.now())

    assert samples()["proactive_breakers_open", "lab", "not_reached"] == 1
    assert growth(before, "proactive_breakers_open", "certificate_refused", "lab") == 1
    assert growth(before, "proactive_breaker_openings_total", "certificate_refused", "lab") == 1


def test_metrics_name_no_brand_and_no_person(brand):
    brand.consumer("ana-person")
    brand.send("ana-person")
    deliver_all()

    text = shared_client().get("/metrics").content.decode()

    assert "ana-person" not in text
    assert str(brand.account.number) not in text
