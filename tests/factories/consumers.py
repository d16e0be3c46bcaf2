import factory
from django.utils import timezone

from consumers.models import Consumer, Device, IdentityProvider, OwnConsumer, token_digest
from tests.factories.accounts import AccountFactory, AppFactory, UserFactory


class ConsumerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Consumer

    account = factory.SubFactory(AccountFactory)
    ref = factory.Sequence(lambda n: f"consumer-{n}")
    last_login_at = factory.LazyFunction(timezone.now)


class DeviceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Device

    consumer = factory.SubFactory(ConsumerFactory)
    account = factory.SelfAttribute("consumer.account")
    app = factory.SubFactory(AppFactory, account=factory.SelfAttribute("..account"))
    platform = "ios"
    token = factory.Sequence(lambda n: f"token-{n}")
    token_digest = factory.LazyAttribute(lambda device: token_digest(device.token))
    sdk_version = "6.22.0"


class OwnConsumerFactory(factory.django.DjangoModelFactory):
    """A user who has proven to be the consumer."""

    class Meta:
        model = OwnConsumer

    user = factory.SubFactory(UserFactory)
    consumer = factory.SubFactory(ConsumerFactory)
    account = factory.SelfAttribute("consumer.account")


class IdentityProviderFactory(factory.django.DjangoModelFactory):
    """`public_key` or `jwks_url` has to be given: a key would be as good as made up."""

    class Meta:
        model = IdentityProvider

    account = factory.SubFactory(AccountFactory)
    issuer = "https://idp.brand.example"
