import factory

from push.credentials import save_credential
from push.models import PushCredential
from tests.factories.accounts import AppFactory


class PushCredentialFactory(factory.django.DjangoModelFactory):
    """The push lab for iOS; `settings` are the provider's."""

    class Meta:
        model = PushCredential

    app = factory.SubFactory(AppFactory)
    platform = "ios"
    provider = "lab"
    settings = factory.LazyFunction(dict)
    by = "tests"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return save_credential(**kwargs)
