"""What the docs name exists: links, commands, samples, paths, reasons."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from accounts.urls import token_urls
from campaigns.reasons import REASONS, UNKNOWN_REASON
from common.errors import DomainError
from common.problems import TITLES
from lab.brand import Secrets
from lab.instructions import campaign_command, token_command
from proactive_site.openapi import OPERATIONS
from tests.consumers.refusals import refusal_reasons

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = [
    *(CHECKOUT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(CHECKOUT.glob("docs/**/*.md")),
]
API = CHECKOUT / "docs/api.md"
SDK = CHECKOUT / "docs/sdk.md"
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
LINK = re.compile(r"\]\((?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
SAMPLE = re.compile(r"```json\n(.*?)```", re.DOTALL)
CALL = re.compile(r"`(?P<method>GET|POST|PATCH|DELETE) (?P<path>/[^\s`?]+)`")
# What stands for the named parts of a path.
FENCED = re.compile(r"```(?P<language>swift|kotlin)\n(?P<code>.*?)```", re.DOTALL)
SNIPPET = re.compile(r'(?:send|request)\("(?P<method>[A-Z]+)", "(?P<path>[^"?]+)')
FILLED = {"accountId": "48213907", "campaignId": "6YJGzUKY-", "eventId": f"msg_{'a' * 32}"}
UUID = "01a209db-8c4d-7ddf-957e-79b841630db5"


def name_of(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


every_doc = pytest.mark.parametrize("doc", PAGES, ids=name_of)


def prose(page: Path) -> str:
    return CODE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """As the forges make them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def test_readme_shows_the_calls_that_script_server_prints() -> None:
    readme = (CHECKOUT / "README.md").read_text()
    secrets = Secrets("THE_SECRET_THAT_IS_PRINTED", password="", idp_private_key="")

    assert token_command(url="http://127.0.0.1:8000", secrets=secrets) in readme
    assert campaign_command() in readme


@every_doc
def test_links_lead_somewhere(doc: Path) -> None:
    for link in LINK.finditer(prose(doc)):
        if link["path"].startswith("https://"):
            continue
        target = doc.parent / link["path"] if link["path"] else doc
        assert target.exists(), link[0]
        if link["anchor"]:
            assert link["anchor"] in anchors(target), link[0]


def test_every_page_stands_in_the_readme() -> None:
    readme = CHECKOUT / "README.md"
    linked = {link["path"] for link in LINK.finditer(readme.read_text())}

    assert {str(page.relative_to(CHECKOUT)) for page in CHECKOUT.glob("docs/*.md")} <= linked


def test_every_script_stands_in_the_page_for_contributors() -> None:
    told = re.findall(r"^\| `script/([a-z]+)` \|", (CHECKOUT / "CONTRIBUTING.md").read_text(), re.M)

    assert sorted(told) == sorted(script.name for script in (CHECKOUT / "script").iterdir())


@every_doc
def test_commands_exist(doc: Path) -> None:
    text = doc.read_text()

    for script in re.findall(r"(?<![\w/])script/([a-z]+)", text):
        assert (CHECKOUT / "script" / script).exists(), script
    for command in re.findall(r"manage\.py ([a-z_]+)", text):
        assert command in get_commands(), command


@every_doc
def test_named_files_exist(doc: Path) -> None:
    """But for what a command of ours writes, which git ignores."""
    folders = {path.name for path in CHECKOUT.iterdir() if path.is_dir()}
    written = (CHECKOUT / ".gitignore").read_text().split()
    named = re.findall(r"`((?:[a-z_]+/)+[\w.]*)`", doc.read_text())

    for path in named:
        is_written = any(f"/{path}".startswith(ignored) for ignored in written)
        if path.split("/")[0] in folders and not is_written:
            assert (CHECKOUT / path).exists(), path


@every_doc
def test_samples_are_json(doc: Path) -> None:
    for sample in SAMPLE.findall(doc.read_text()):
        json.loads(sample)


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: FILLED.get(found[1], UUID), path)


def documented_calls() -> set[str]:
    return {filled(call["path"]) for call in CALL.finditer(API.read_text())}


def test_every_path_of_the_api_page_is_one_of_the_api() -> None:
    assert len(documented_calls()) > 15
    for path in documented_calls():
        resolve(path)


def test_every_path_of_the_api_is_on_its_page() -> None:
    documented = {resolve(path).view_name for path in documented_calls()}

    assert {pattern.name for pattern in api_patterns()} == documented


def api_patterns() -> Iterator[URLPattern]:
    yield from token_urls
    for part in get_resolver().url_patterns:
        if isinstance(part, URLResolver) and str(part.pattern).startswith("^api/"):
            yield from (one for one in part.url_patterns if isinstance(one, URLPattern))


def sdk_operations() -> set[tuple[str, str]]:
    """Method and name of each route of the SDK API, but for that of browsers alone."""
    found = {
        (key.split(" ")[0], resolve(filled(key.split(" ")[1])).view_name)
        for key in OPERATIONS
        if " /api/sdk/" in key
    }
    return found - {("GET", "sdk-push-key")}


def test_the_sdk_page_names_every_operation_of_the_sdk_api_and_no_other() -> None:
    calls = CALL.finditer(SDK.read_text())
    named = {(call["method"], resolve(filled(call["path"])).view_name) for call in calls}

    assert len(named) > 15
    assert named == sdk_operations()


@pytest.mark.parametrize("language", ["swift", "kotlin"])
def test_snippets_of_the_sdk_page_call_every_operation_of_the_sdk_api_and_no_other(
    language: str,
) -> None:
    code = "".join(one["code"] for one in FENCED.finditer(SDK.read_text()) if one[1] == language)
    called = {
        (
            call["method"],
            resolve(f"/api/sdk/v1/account/48213907/{with_ids(call['path'])}").view_name,
        )
        for call in SNIPPET.finditer(code)
    }

    assert called == sdk_operations()


def with_ids(path: str) -> str:
    """A path of a snippet, with an id for each variable."""
    return re.sub(r"\\\(\w+\)|\$\w+", UUID, path)


def test_every_reason_of_a_refused_token_stands_on_the_sdk_page() -> None:
    table = {
        word
        for row in rows(SDK)
        if len(row) == 2
        for word in re.findall(r"`([a-z]+_[a-z_]+)`", row[0])
    }

    assert table == refusal_reasons()


def rows(page: Path) -> set[tuple[str, ...]]:
    """The cells of every table."""
    found = re.findall(r"^\| (.+) \|$", page.read_text(), re.MULTILINE)
    return {tuple(cell.strip() for cell in row.split(" | ")) for row in found}


def test_every_reason_stands_on_the_api_page_with_its_code_and_words() -> None:
    table = {row[0].strip("`"): row[1:] for row in rows(API) if len(row) == 3 and row[1].isdigit()}
    other = table.pop("any other: the provider refused")

    assert table == {word: (str(reason.code), reason.message) for word, reason in REASONS.items()}
    assert other == (str(UNKNOWN_REASON.code), UNKNOWN_REASON.message)


def test_every_code_of_a_failed_consumer_stands_on_the_api_page() -> None:
    source = ast.parse((CHECKOUT / "campaigns/parsing.py").read_text())
    texts = [node.value for node in ast.walk(source) if isinstance(node, ast.Constant)]
    codes = {
        match[0]
        for text in texts
        if isinstance(text, str) and (match := re.match(r"[A-Z]+(?:_[A-Z]+)+", text))
    }
    documented = {row[0].strip("`").partition("=")[0] for row in rows(API)}

    assert len(codes) > 8
    assert codes <= documented


def test_every_error_key_of_the_api_page_is_one_of_the_product() -> None:
    keys = {
        word
        for row in rows(API)
        if re.fullmatch(r"[45]\d\d", row[0])
        for word in re.findall(r"`(\w+)`", row[1])
    }

    assert len(keys) > 12
    assert keys <= {*TITLES, *(one.key for one in descendants(DomainError))}
    assert set(TITLES) - {"invalid_request", "conflict", "contradiction"} <= keys


def descendants(cls: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in cls.__subclasses__():
        yield child
        yield from descendants(child)
