"""B2: what a phone shows of a handoff, and how much room its message takes."""

from uuid import uuid4

import pytest
from django.utils import timezone

from campaigns.likeness import make_likeness
from handoffs.models import Handoff
from push.models import LabPush
from tests.factories.lab import lab_brand

FAMILY = "👨‍👩‍👧‍👦"


@pytest.fixture
def brand(db):
    return lab_brand()


def likeness(brand, *, samples=(), **changes):
    given = {"app_names": [brand.app.bundle_id], "text": "Hi", **changes}
    handoff = Handoff(account=brand.account, **given)
    return make_likeness(handoff=handoff, samples=dict(samples), now=timezone.now())


def test_samples_stand_for_variables_and_one_without_stands_as_it_is(brand):
    seen = likeness(
        brand,
        text="Hi ${{2}}, before ${{1}}",
        notification_title="For ${{2}}",
        samples={"2": "Ana ${{1}}"},
    )

    assert (seen.title, seen.text) == ("For Ana ${{1}}", "Hi Ana ${{1}}, before ${{1}}")
    assert [(one.tag, one.value) for one in seen.samples] == [
        ("${{1}}", ""),
        ("${{2}}", "Ana ${{1}}"),
    ]


def test_without_a_notification_title_the_app_is_named(brand):
    assert likeness(brand).title == "Larkfield"
    assert likeness(brand, app_names=[]).title == "Larkfield Bank"


def test_a_long_text_is_cut_between_graphemes(brand):
    seen = likeness(brand, text=FAMILY * 100)

    for shown in (seen.on_lock_screen, seen.in_shade, seen.unfolded):
        assert shown.endswith("…")
        assert shown[:-1] == FAMILY * (len(shown) // len(FAMILY))


def test_the_bytes_are_those_of_a_push_on_its_way(brand):
    """With a consumer id of 36 characters, as a uuid has."""
    consumer = str(uuid4())
    brand.phone(consumer, platform="web")
    brand.send({consumer: "Your card 💳"})

    asked = len(LabPush.objects.get().request_body.encode())

    seen = likeness(brand, text="Your card 💳", notification_title="Your new card")
    assert (seen.room.payload_bytes, seen.room.limit) == (asked, 3993)


def test_a_text_that_one_push_cannot_carry_is_said(brand):
    assert likeness(brand, text="x" * 3000).room.is_too_long is False
    assert likeness(brand, text="x" * 3900).room.is_too_long is True
