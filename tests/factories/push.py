from datetime import timedelta

import factory
from django.utils import timezone

from push.credentials import save_credential
from push.models import Breaker, PushCredential
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


class BreakerFactory(factory.django.DjangoModelFactory):
    """The breaker of a credential at its only host, open since a minute and due to be tried."""

    class Meta:
        model = Breaker

    credential = factory.SubFactory(PushCredentialFactory)
    provider = factory.SelfAttribute("credential.provider")
    origin = ""
    scope = factory.LazyAttribute(lambda b: f"{b.credential.pk} {b.origin}")
    opened_at = factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=1))
    probe_at = factory.LazyFunction(timezone.now)
    reason = "provider_unavailable"
