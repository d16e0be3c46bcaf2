from datetime import UTC, datetime

import pytest

from tests.consumers import tokens
from tests.consumers.conftest import Sdk
from tests.factories.accounts import AccountFactory, SkillFactory
from tests.factories.consumers import ConsumerFactory, IdentityProviderFactory


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


@pytest.fixture
def sdk(account):
    """The SDK's calls, as anna: `sdk.get("dialog")`."""
    IdentityProviderFactory(
        account=account, issuer=tokens.ISSUER, public_key=tokens.pem(tokens.rsa_key())
    )
    return Sdk(account)
