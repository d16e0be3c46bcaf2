"""A page whose database is away is not broken, and says so to whoever asks by machine."""

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import path

urlpatterns = [path("account/1/workspace/", lambda request: fail())]
handler500 = "proactive_site.pages.server_error"


def fail():
    raise OperationalError("couldn't get a connection after 3.00 sec")


@pytest.mark.urls(__name__)
def test_a_page_that_gets_no_database_is_503_with_retry_after():
    answer = Client(raise_request_exception=False).get("/account/1/workspace/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "try again in a minute" in answer.content.decode()
