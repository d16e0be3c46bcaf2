"""A14, A19, A20: where an account's services are, as LivePerson's callers ask for it."""

import os
import subprocess
import sys

import pytest
from django.test import Client

from tests.factories.accounts import AccountFactory

SERVICES = {
    "sentinel",
    "agentVep",
    "proactive",
    "outboundConfiguration",
    "connectToMessagingDomain",
    "cx-reporting",
}


@pytest.fixture
def account(db):
    return AccountFactory(number=48213907, region="EMEA")


def ask(path, **query):
    return Client().get(f"/api/account/48213907/service/{path}", query)


@pytest.mark.parametrize("path", ["sentinel/baseURI.json", "sentinel/baseURI.json/"])
def test_one_service_is_told_in_liveperson_s_shape(account, settings, path):
    """A19: with and without the last slash."""
    settings.PUBLIC_URL = "https://proactive.example:8443"

    response = ask(path, version="1.0")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {
        "service": "sentinel",
        "account": "48213907",
        "baseURI": "proactive.example:8443",
    }


@pytest.mark.parametrize("path", ["baseURI.json", "baseURI.json/"])
def test_all_services_are_told_without_a_token_or_a_version(account, settings, path):
    settings.PUBLIC_URL = "https://proactive.example"

    entries = ask(path).json()["baseURIs"]

    assert {entry["service"] for entry in entries} == SERVICES
    assert {entry["account"] for entry in entries} == {"48213907"}
    assert {entry["baseURI"] for entry in entries} == {"proactive.example"}


def test_the_host_follows_the_account_s_region(account, settings):
    """A20"""
    settings.PUBLIC_URL = "https://proactive.example"
    settings.REGION_HOSTS = {"EMEA": "lo.brand.example", "NA": "va.brand.example"}
    AccountFactory(number=2, region="NA")
    AccountFactory(number=3, region="APAC")

    def host(number):
        path = f"/api/account/{number}/service/cx-reporting/baseURI.json"
        return Client().get(path).json()["baseURI"]

    assert host(48213907) == "lo.brand.example"
    assert host(2) == "va.brand.example"
    assert host(3) == "proactive.example"


@pytest.mark.parametrize(
    ("path", "version", "key", "pointer"),
    [
        ("Sentinel/baseURI.json", "1.0", "unknown_service", "#/service"),
        ("nothing/baseURI.json", "1.0", "unknown_service", "#/service"),
        ("%00/baseURI.json", "1.0", "unknown_service", "#/service"),
        ("sentinel/baseURI.json", "2.0", "validation_error", "#/version"),
        ("baseURI.json", "", "validation_error", "#/version"),
    ],
)
def test_unknown_services_and_versions_are_400(account, path, version, key, pointer):
    response = ask(path, version=version)

    assert response.status_code == 400
    assert response.json()["errorKey"] == key
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_an_unknown_account_is_400_as_at_liveperson(account):
    for number in ("1", "0", "9" * 18):
        response = Client().get(f"/api/account/{number}/service/sentinel/baseURI.json")
        assert (response.status_code, response.json()["errorKey"]) == (400, "unknown_account")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_is_read_only(account, method):
    path = "/api/account/48213907/service/sentinel/baseURI.json"

    assert Client().generic(method, path, b"{}").status_code == 405


def test_a_region_that_does_not_exist_stops_the_start():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={**os.environ, "REGION_HOSTS": "EU=lo.brand.example"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "REGION_HOSTS names hosts for NA, EMEA and APAC" in done.stderr
