"""G6: sending a handoff to one's own device, from its page."""

import pytest

from push.models import LabPush
from tests.factories.consumers import OwnConsumerFactory
from tests.factories.handoffs import HandoffFactory


@pytest.fixture
def phone(brand):
    return brand.phone("carl-berg", label="Carl’s iPhone")


@pytest.fixture
def where(brand, url):
    return url("handoff_test", brand.handoff.public_id)


@pytest.fixture
def me(carl, phone):
    """Carl has proven to be the phone's owner."""
    return OwnConsumerFactory(user=carl, consumer=phone.consumer)


def test_a_person_proves_who_they_are_and_sends_to_their_phone(brand, phone, client, where, url):
    assert client.get(where).context["consumer"] is None
    asked = client.post(where, {"go": "choose", "consumer": " carl-berg "})
    code = LabPush.objects.get().title[:6]
    assert code not in asked.content.decode()
    proven = client.post(where, {"go": "confirm", "proof": asked.context["proof"], "code": code})
    assert proven.context["devices"] == [phone]

    page = client.post(where, {"go": "send", "device": str(phone.public_id)})

    assert "Push lab took the push." in page.content.decode()
    assert LabPush.objects.latest("pk").title == "Test: Your new card"
    printed = client.get(url("handoff_page", brand.handoff.public_id)).context["call"]
    assert printed.consumer_ref == "carl-berg"


def test_a_wrong_code_is_told_beside_its_field_and_may_be_typed_again(phone, client, where):
    asked = client.post(where, {"go": "choose", "consumer": "carl-berg"})

    page = client.post(where, {"go": "confirm", "proof": asked.context["proof"], "code": "1"})

    assert "This is not the code" in page.context["code_error"]
    assert page.context["proof"] == asked.context["proof"]
    assert page.context["consumer"] is None


def test_the_answer_of_a_provider_that_refuses_is_told_in_words(brand, carl, client, where):
    gone = brand.phone("lab:gone")
    OwnConsumerFactory(user=carl, consumer=gone.consumer)

    page = client.post(where, {"go": "send", "device": str(gone.public_id)}).content.decode()

    assert "The provider says that the app was removed." in page
    assert "<code>Unregistered</code>" in page


def test_samples_are_sent_and_stay_in_the_form(brand, phone, me, client, url):
    cards = HandoffFactory(account=brand.account, app_names=[brand.app.bundle_id], text="Hi ${{1}}")
    where = url("handoff_test", cards.public_id)

    page = client.post(
        where, {"go": "send", "device": str(phone.public_id), "sample_1": "Carl <b>"}
    )

    assert LabPush.objects.get().body == "Hi Carl <b>"
    assert 'value="Carl &lt;b&gt;"' in page.content.decode()


@pytest.mark.parametrize("ref", ["", "nobody", "nul\0", "x" * 300])
def test_an_unknown_id_is_told_beside_its_field_and_kept(client, where, ref):
    page = client.post(where, {"go": "choose", "consumer": ref})

    assert "Nobody with this id has a device" in page.context["consumer_error"]
    assert page.context["typed_ref"] == ref.replace("\0", "")


@pytest.mark.parametrize("device", ["", "not-a-uuid", "\0"])
def test_a_device_that_is_none_of_ones_own_gets_nothing(me, client, where, device):
    page = client.post(where, {"go": "send", "device": device})

    assert page.context["device_error"] == "Choose one of your devices."
    assert not LabPush.objects.exists()
