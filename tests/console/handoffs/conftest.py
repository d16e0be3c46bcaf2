"""A brand with a handoff, and its campaign manager signed in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from tests.factories.accounts import member
from tests.factories.lab import LabBrand, lab_brand


@pytest.fixture
def brand(db: None) -> LabBrand:
    return lab_brand(time_zone="Europe/Stockholm")


@pytest.fixture
def carl(brand: LabBrand) -> User:
    return member(Role.CAMPAIGN_MANAGER, brand.account, email="carl@larkfield.example")


@pytest.fixture
def client(carl: User) -> Client:
    client = Client()
    client.force_login(carl)
    return client


@pytest.fixture
def url(brand: LabBrand) -> Callable[..., str]:
    """Of a page of the brand, by its name."""

    def find(view: str, *args: Any) -> str:
        return reverse(view, args=[brand.account.number, *args])

    return find
