"""S: headers of every answer, whatever its status, and of pages that are somebody's own."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from tests.world import World, make_world

pytestmark = pytest.mark.django_db


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("A page that breaks.")


urlpatterns = [path("broken/", broken), path("", include("proactive_site.urls"))]
handler404 = "proactive_site.pages.not_found"
handler500 = "proactive_site.pages.server_error"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def answers(world: World) -> Iterator[dict[int, Any]]:
    """One of each status, over TLS, to an administrator, an agent and nobody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "ROOT_URLCONF", __name__)
        administrator, agent, nobody = (Client(raise_request_exception=False) for _ in range(3))
        administrator.force_login(world.administrator)
        agent.force_login(world.people["agent"])
        page = f"/account/{world.account.number}/analytics/"
        found = [
            administrator.get(page, secure=True),
            nobody.get(page, secure=True),
            agent.get(page, secure=True),
            administrator.get("/nothing/", secure=True),
            administrator.get("/broken/", secure=True),
        ]
        yield {answer.status_code: answer for answer in found}


def test_every_answer_has_the_headers_that_browsers_obey(answers: dict[int, Any]) -> None:
    assert set(answers) == {200, 302, 403, 404, 500}
    for status, answer in answers.items():
        policy = answer["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, status
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in answer["Permissions-Policy"]
        assert answer["Strict-Transport-Security"].startswith("max-age=31536000")


def test_answers_to_a_session_are_kept_by_nobody(answers: dict[int, Any]) -> None:
    for status in (200, 302, 403):
        assert "no-store" in answers[status]["Cache-Control"], status


def test_after_signing_out_the_pages_are_closed(world: World, client: Client) -> None:
    client.force_login(world.administrator)
    client.post("/sign-out/")

    answer = client.get(f"/account/{world.account.number}/analytics/")

    assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("where", ["/profile/", "/profile/sessions/"])
def test_ones_own_pages_are_kept_by_nobody(world: World, client: Client, where: str) -> None:
    client.force_login(world.administrator)

    answer = client.get(where)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
