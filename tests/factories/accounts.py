import factory

from accounts.models import Account, App, Skill, User


class AccountFactory(factory.django.DjangoModelFactory):
    """A brand with nothing in it."""

    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Brand {n}")


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
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@brand.example")
