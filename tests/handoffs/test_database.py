"""B1, B3: what can never be false, even for code that goes round the services."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from handoffs.models import Handoff
from tests.factories.handoffs import HandoffFactory

NEVER = [
    ("handoff_inapp_stands_alone", {"channels": ["inapp", "sms"]}),
    ("handoff_inapp_stands_alone", {"channels": ["wa", "inapp"]}),
    ("handoff_has_channel", {"channels": []}),
    ("handoff_app_count", {"app_names": []}),
    ("handoff_app_count", {"app_names": ["a", "b", "c", "d", "e"]}),
    ("handoff_app_count", {"kind": "ivr", "app_names": ["a", "b", "c", "d"]}),
    ("handoff_lookback", {"lookback": timedelta(minutes=59)}),
    ("handoff_lookback", {"lookback": timedelta(days=30, seconds=1)}),
    ("handoff_archived_by_someone", {"archived_at": datetime(2026, 1, 1, tzinfo=UTC)}),
    ("handoff_archived_by_someone", {"archived_by": "somebody"}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("constraint", "values"), NEVER)
def test_the_database_refuses_what_a_handoff_can_never_be(constraint, values):
    handoff = HandoffFactory()

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Handoff.objects.filter(pk=handoff.pk).update(**values)


@pytest.mark.django_db
def test_the_database_refuses_a_title_or_id_twice_in_one_account():
    first = HandoffFactory(title="Cards", public_id="H1")

    with pytest.raises(IntegrityError, match="handoff_title_unique"), transaction.atomic():
        HandoffFactory(account=first.account, title="cards")
    with pytest.raises(IntegrityError, match="handoff_id_unique"), transaction.atomic():
        HandoffFactory(account=first.account, public_id="H1")
