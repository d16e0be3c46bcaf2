from campaigns.models import State
from push.models import LabPush
from tests.campaigns.conftest import deliver_all, states


def test_a_message_is_sent_to_the_device_of_its_consumer(brand):
    brand.consumer("ana")

    created = brand.send("ana")
    deliver_all()

    assert states(created.campaign) == {"ana": (State.SENT, "")}
    assert [push.body for push in LabPush.objects.all()] == ["Hi ana"]
