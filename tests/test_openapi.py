"""The OpenAPI document is complete, true to its examples, and the one that is committed (A16)."""

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator

from common.problems import API_PREFIXES
from proactive_site.clients import exports
from proactive_site.openapi import OPERATIONS, generate, public_path

CHECKOUT = Path(__file__).resolve().parents[1]
# The document itself and its page; the widget's frame, which is a page too.
UNDESCRIBED = {"openapi_json", "openapi_yaml", "api_docs", "liveperson_docs"}
UNDESCRIBED |= {"widget_frame", "widget_login"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return generate()


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        whole = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, whole)
        else:
            yield "/" + whole.removesuffix("/?$"), pattern


def described_path(regex: str) -> str:
    """The regular expression with each named group as its name."""
    plain, depth, name = "", 0, ""
    for part in re.split(r"(\(\?P<\w+>|\(\?:|\(|\))", regex):
        if part.startswith("("):
            depth, name = depth + 1, name or part[4:-1]
        elif part == ")":
            depth -= 1
            if not depth:
                plain, name = plain + f"{{{name}}}", ""
        elif not depth:
            plain += part
    return public_path(plain)


def api_routes() -> Iterator[tuple[str, str]]:
    for path, pattern in routes(get_resolver().url_patterns):
        if not path.startswith(API_PREFIXES) or pattern.name in UNDESCRIBED:
            continue
        view = pattern.callback.view_class
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view, method) and method in [m.lower() for m in view.http_method_names]:
                yield method.upper(), described_path(path)


def test_every_route_of_the_api_is_described(document: dict[str, Any]) -> None:
    found = {f"{method} {path}" for method, path in api_routes()}
    described = {
        f"{method.upper()} {path}" for path, one in document["paths"].items() for method in one
    }

    assert len(found) > 30
    assert found == described == set(OPERATIONS)


def test_document_is_valid_and_made_without_a_warning() -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=StringIO())


def test_operations_have_names_of_their_own_and_say_who_may_call(document: dict[str, Any]) -> None:
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    ids = [one["operationId"] for one in operations]

    assert len(set(ids)) == len(ids)
    assert all("security" in one and one["summary"] for one in operations)


def contents(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "schema" in node and "examples" in node:
            yield node
        for child in node.values():
            yield from contents(child)
    elif isinstance(node, list):
        for child in node:
            yield from contents(child)


def test_every_example_is_what_its_schema_says(document: dict[str, Any]) -> None:
    described = list(contents(document["paths"]))

    wrong = [
        (named, problem.message)
        for content in described
        for named, example in content["examples"].items()
        for problem in Draft202012Validator(
            {**content["schema"], "components": document["components"]}
        ).iter_errors(example["value"])
    ]

    assert len(described) > 30
    assert wrong == []


def test_every_answer_but_the_empty_and_the_csv_has_an_example(document: dict[str, Any]) -> None:
    without = [
        one["operationId"]
        for methods in document["paths"].values()
        for one in methods.values()
        for status, response in one["responses"].items()
        if status < "300"
        and not next(iter(response.get("content", {"": {"examples": 1}}).values())).get("examples")
    ]

    assert without == ["exportRecipients"]


@pytest.mark.parametrize("name", list(exports()))
def test_committed_file_is_fresh(name: str) -> None:
    assert (CHECKOUT / name).read_bytes() == exports()[name], "Run manage.py export_clients."


def test_exported_clients_have_every_operation(document: dict[str, Any]) -> None:
    files = exports()
    http = files["docs/proactive.http"].decode()
    collection = yaml.safe_load(files["docs/proactive.postman_collection.json"])
    requests = [item for folder in collection["item"] for item in folder["item"]]

    assert http.count("###") == len(OPERATIONS) == len(requests)
    assert "Bearer {{brandToken}}" in http
    given = {one["key"] for one in collection["variable"]}
    assert set(re.findall(r"^@(\w+) =", http, re.M)) == given
    assert set(re.findall(r"{{(\w+)}}", http)) <= given


@pytest.mark.parametrize("end", ["", "/"])
def test_document_and_page_are_served_with_and_without_the_last_slash(
    client: Client, end: str
) -> None:
    as_json = client.get(f"/api/openapi.json{end}")
    as_yaml = client.get(f"/api/openapi.yaml{end}")
    page = client.get(f"/api/docs{end}")

    assert as_json.json()["openapi"].startswith("3.1")
    assert yaml.safe_load(as_yaml.content) == as_json.json()
    assert page.status_code == 200
    assert "http" not in re.sub(r"<!doctype.*?>", "", page.content.decode())


@pytest.mark.parametrize(
    ("api", "place"), [("outbound", "#/Campaigns"), ("reporting", "#/Reports"), ("x", "")]
)
def test_livepersons_docs_lead_to_ours(client: Client, api: str, place: str) -> None:
    response = client.get(f"/api/api-docs/?api={api}")

    assert (response.status_code, response["Location"]) == (302, f"/api/docs/{place}")


@pytest.mark.parametrize("path", ["openapi.json", "openapi.yaml", "docs/", "api-docs/"])
def test_documents_are_only_read(client: Client, path: str) -> None:
    response = client.post(f"/api/{path}")

    assert (response.status_code, response.json()["errorKey"]) == (405, "method_not_allowed")
