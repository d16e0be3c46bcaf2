"""A9: every errorKey has a cause and a cure, once: on its page and in docs/errors.md."""

import ast
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from django.urls import get_resolver

from campaigns.unused_fields import WARNINGS
from common.errors import DomainError
from common.problem_types import TITLES, explain
from proactive_site.error_catalogue import ADVICE, FIELDS, SECTIONS, as_markdown
from tests.campaigns.caller import shared_client

CHECKOUT = Path(__file__).resolve().parents[1]
PRODUCT = [
    path
    for path in CHECKOUT.glob("[a-z]*/**/*.py")
    if path.relative_to(CHECKOUT).parts[0] not in {"tests", "bench"}
]
# Families and the words for a status; concrete errors have keys of their own.
LITERALS = {"problem_body", "problem_response"}


def errors(cls: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for child in cls.__subclasses__():
        if not child.__module__.startswith("tests."):
            yield child
        yield from errors(child)


def literal_keys() -> Iterator[str]:
    """Words that are given to a problem where it is made."""
    for path in PRODUCT:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in LITERALS:
                yield from (
                    keyword.value.value
                    for keyword in node.keywords
                    if keyword.arg == "key"
                    and isinstance(keyword.value, ast.Constant)
                    and isinstance(keyword.value.value, str)
                )


def test_every_error_key_of_the_product_is_explained_and_no_other() -> None:
    get_resolver().url_patterns  # noqa: B018 -- loads every module that a call can reach
    keys = {*TITLES, *(error.key for error in errors()), *literal_keys()}

    assert len(keys) > 45
    assert set(ADVICE) == keys
    assert sum(len(section) for section in SECTIONS.values()) == len(ADVICE)


def field_words() -> Iterator[str]:
    """Words that are given to one field, or to one warning, where it is judged."""
    for path in PRODUCT:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _name(node.func) in {"fail", "FieldError"}:
                yield from _texts(node.args[1:2])
            elif isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
                if found.keys() == {"pointer", "code", "detail"}:
                    yield from _texts([found["code"]])


def _name(function: ast.expr) -> str:
    return str(getattr(function, "id", "") or getattr(function, "attr", ""))


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_word_for_a_field_is_explained_and_no_other() -> None:
    words = {*field_words(), *WARNINGS} - ADVICE.keys()

    assert len(words) > 25
    assert set(FIELDS) == words


def test_the_errors_page_of_the_docs_is_what_the_catalogue_says() -> None:
    page = (CHECKOUT / "docs/errors.md").read_text()

    assert page.endswith(f"\n\n{as_markdown()}\n")


@pytest.mark.parametrize("key", ["idempotency_key_reused", "rate_limited", "unknown_skill"])
def test_the_type_of_a_problem_shows_the_same_words(db: None, key: str) -> None:
    page = shared_client().get(f"/problems/{key.replace('_', '-')}").content.decode()

    assert ADVICE[key].cause.replace("`", "") in page
    assert ADVICE[key].cure.replace("`", "") in page
    found = explain(key)
    assert found is not None
    assert f"status {found.status}" in page
    assert "consent_required" not in page


def test_the_page_of_a_validation_error_explains_each_word_for_a_field(db: None) -> None:
    page = unescape(shared_client().get("/problems/validation-error").content.decode())

    missing = [word for word in FIELDS if f"<code>{word}</code>" not in page]
    unexplained = [word for word, advice in FIELDS.items() if advice.text not in page]
    assert missing == unexplained == []
