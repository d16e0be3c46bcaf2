import factory

from handoffs.models import Handoff, HandoffDraft
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


class HandoffDraftFactory(factory.django.DjangoModelFactory):
    """Left at its message, which has two variables and no app yet."""

    class Meta:
        model = HandoffDraft

    account = factory.SubFactory(AccountFactory)
    by = "carl@brand.example"
    data = factory.LazyFunction(
        lambda: {
            "channels": ["inapp"],
            "title": "Card updates",
            "text": "Hi ${{1}}, choose your PIN before ${{2}} 💳",
            "sample_1": "Ingrid",
        }
    )
