from base64 import b64encode

import factory

from tests.factories.accounts import AccountFactory
from webhooks.events import EventType
from webhooks.models import WebhookEndpoint

SECRET = f"whsec_{b64encode(b'the secret that the tests know..').decode()}"


class WebhookEndpointFactory(factory.django.DjangoModelFactory):
    """Wants every event; signed for with SECRET. The URL is not checked."""

    class Meta:
        model = WebhookEndpoint

    account = factory.SubFactory(AccountFactory)
    url = "https://hooks.brand.example/in"
    event_types = factory.LazyFunction(lambda: list(EventType.values))

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        endpoint = model_class(**kwargs)
        endpoint.seal([{"secret": SECRET, "until": None}])
        endpoint.save()
        return endpoint
