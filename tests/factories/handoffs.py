import factory

from handoffs.models import Handoff
from tests.factories.accounts import AccountFactory


class HandoffFactory(factory.django.DjangoModelFactory):
    """A live In-App handoff; its app name is not looked up."""

    class Meta:
        model = Handoff

    account = factory.SubFactory(AccountFactory)
    title = factory.Sequence(lambda n: f"Handoff {n}")
    channels = factory.LazyFunction(lambda: ["inapp"])
    app_names = factory.LazyFunction(lambda: ["com.brand.app"])
    text = "Hello"
