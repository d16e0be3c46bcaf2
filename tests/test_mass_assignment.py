"""S11: what a form of the console does not ask for sets nothing, whatever it is called."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.test import Client

from tests.filled_form import filled_form
from tests.pages import PAGES, PageRoute
from tests.world import World, make_world

Model = type[models.Model]
Rows = dict[tuple[Model, Any], dict[str, Any]]

OURS = {"accounts", "campaigns", "conversations", "consumers", "handoffs", "push", "webhooks"}
MODELS: list[Model] = [
    model
    for model in apps.get_models(include_auto_created=True)
    if model._meta.app_label in {*OURS, "deflection", "lab"} and not model._meta.proxy
]
POSTS = [route for route in PAGES if route.method == "POST"]
PRIVILEGES = ("is_staff", "is_superuser")
# Some of those that must have been taken; else nothing was looked at.
TAKEN = {"settings_widgets", "settings_vapid_keys", "handoff_edit", "handoff_duplicate"}


def test_s11_no_form_of_the_console_sets_what_it_does_not_ask_for(db: None) -> None:
    world = make_world()
    urls = [route.url(world) for route in POSTS]
    ours = rows().keys()
    other = make_world(name="Other Bank", mail="other.example")
    named = [named_by(route, other) for route in POSTS]
    client = Client()
    client.force_login(world.administrator)
    before = rows()
    theirs = {key: row for key, row in before.items() if key not in ours}
    found, taken = [], set()

    for route, url, names in zip(POSTS, urls, named, strict=True):
        for form in forms(client, url, {**harm(theirs), **names}):
            with transaction.atomic():
                client.post(url, form)
                after = rows()
                transaction.set_rollback(True)
            found += [f"{route}: {harmed}" for harmed in harms(before, after, theirs)]
            taken |= {route.view} if after != before else set()

    assert found == []
    assert taken >= TAKEN


def rows() -> Rows:
    return {
        (model, row[model._meta.pk.attname]): row
        for model in MODELS
        for row in model._base_manager.values()
    }


def named_by(route: PageRoute, other: World) -> dict[str, Any]:
    """What the path names, but the other brand's; ``id`` and ``pk`` mean the first of it."""
    kwargs = route.kwargs(other)
    first = next(iter(kwargs.values()), other.account.pk)
    return {"account_number": other.account.number, **kwargs, "id": first, "pk": first}


def harm(theirs: Rows) -> dict[str, Any]:
    """A value for every field that any row has: a row of theirs, true, a day long gone."""
    pks = {model: str(pk) for model, pk in theirs}
    found: dict[str, Any] = {}
    for model in MODELS:
        for field in model._meta.get_fields():
            for name in {field.name, getattr(field, "attname", field.name)}:
                found.setdefault(name, []).append(_worst(field, pks, pks.get(model, "1")))
    return {**found, **dict.fromkeys(PRIVILEGES, "true")}


def _worst(field: Any, pks: Mapping[Model, str], pk: str) -> str:
    if field.is_relation:
        return pks.get(field.related_model, "1")
    if isinstance(field, models.BooleanField):
        return "true"
    return "2001-01-01" if isinstance(field, models.DateField) else pk


def forms(client: Client, url: str, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All of it besides what the page asks for, then in place of that."""
    page = client.get(url).content.decode(errors="replace")
    asked = filled_form(page, url.partition("?")[0])
    yield {**given, **asked}
    yield {**asked, **given}


def harms(before: Rows, after: Rows, theirs: Rows) -> Iterator[str]:
    for key, row in theirs.items():
        if after.get(key) != row:
            yield f"their {key} changed"
    for key, row in after.items():
        was = before.get(key, {})
        if any(row.get(name) and not was.get(name) for name in PRIVILEGES):
            yield f"{key} is privileged"
        if was and row.get("account_id") != was.get("account_id"):
            yield f"{key} moved"
        if key not in theirs:
            yield from (f"{key} has their {name}" for name in _reaches(key[0], row, theirs))


def _reaches(model: Model, row: Mapping[str, Any], theirs: Rows) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        if field.is_relation and (field.related_model, row[field.attname]) in theirs:
            yield field.name
