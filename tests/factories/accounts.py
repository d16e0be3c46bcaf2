"""Brands, people and API clients. Roles are given by the service that gives them in life."""

from datetime import datetime
from typing import Any

import factory
from django.utils import timezone

from accounts import tokens
from accounts.models import Account, ApiClient, App, Membership, Role, Skill, User
from accounts.services import create_api_client, grant_role

PASSWORD = "correct horse battery"


class AccountFactory(factory.django.DjangoModelFactory):
    """A brand with nothing in it."""

    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Brand {n}")
    # A test calls as fast as it can; those of the limit say theirs.
    requests_per_second = 100_000


class SkillFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Skill

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"skill-{n}")


class AppFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = App

    account = factory.SubFactory(AccountFactory)
    bundle_id = factory.Sequence(lambda n: f"com.brand.app{n}")
    name = factory.Sequence(lambda n: f"App {n}")
    platforms = factory.LazyFunction(lambda: ["ios", "android"])


class UserFactory(factory.django.DjangoModelFactory):
    """Without a password; give `password=PASSWORD` to who has to type one."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@brand.example")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(**kwargs)


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    account = factory.SubFactory(AccountFactory)
    role = Role.CAMPAIGN_MANAGER
    by = "tests"

    @classmethod
    def _create(cls, model_class: type[Membership], *args: Any, **kwargs: Any) -> Membership:
        return grant_role(**kwargs)


class ApiClientFactory(factory.django.DjangoModelFactory):
    """The made client has its secret in the attribute `secret`."""

    class Meta:
        model = ApiClient

    account = factory.SubFactory(AccountFactory)
    name = "CRM"
    scopes = factory.LazyFunction(lambda: ["campaigns:read", "campaigns:send"])
    by = "tests"

    @classmethod
    def _create(cls, model_class: type[ApiClient], *args: Any, **kwargs: Any) -> ApiClient:
        client, secret = create_api_client(**kwargs)
        client.secret = secret
        return client


def member(role: str, account: Account | None = None, **fields: Any) -> User:
    """A user with this role in the account, or in one of their own."""
    account = account or AccountFactory()
    return MembershipFactory(user=UserFactory(**fields), account=account, role=role).user


def bearer(client: ApiClient, *, now: datetime | None = None) -> dict[str, str]:
    """`headers` of Django's test client: a fresh token of this API client."""
    token = tokens.new_secret()
    tokens.mint(client=client, token=token, scopes=client.scopes, now=now or timezone.now())
    return {"authorization": f"Bearer {token}"}
