from datetime import UTC, datetime

import pytest

from tests.factories.accounts import AccountFactory, SkillFactory
from tests.factories.consumers import ConsumerFactory


@pytest.fixture
def now():
    """20 Nov 2026, 14:22 in Stockholm."""
    return datetime(2026, 11, 20, 13, 22, tzinfo=UTC)


@pytest.fixture
def account(db):
    """In Stockholm, with Support as its default skill."""
    account = AccountFactory(time_zone="Europe/Stockholm", welcome_message="")
    account.default_skill = SkillFactory(account=account, name="Support")
    account.save()
    return account


@pytest.fixture
def billing(account):
    return SkillFactory(account=account, name="Billing")


@pytest.fixture
def anna(account):
    return ConsumerFactory(account=account, ref="anna")
