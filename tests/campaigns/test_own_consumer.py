"""G6: one's own registered devices are those of who one has proven to be."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEvent, Role
from campaigns.own_consumer import (
    CODE_SECONDS,
    TESTS,
    WRONG_CODES,
    CodeNotSent,
    NobodyThere,
    WrongCode,
    ask_for_code,
    confirm_own_consumer,
    find_own_consumer,
)
from consumers.models import OwnConsumer
from push.models import LabPush
from tests.factories.accounts import AppFactory, member
from tests.factories.consumers import ConsumerFactory, DeviceFactory, OwnConsumerFactory
from tests.factories.lab import lab_brand

NOW = timezone.now()


@pytest.fixture
def brand(db):
    return lab_brand()


@pytest.fixture
def carl(brand):
    return member(Role.CAMPAIGN_MANAGER, brand.account, email="carl@larkfield.example")


@pytest.fixture
def phone(brand):
    return brand.phone("carl-berg")


def ask(brand, user, ref="carl-berg"):
    """The proof that travels with the page, and the code that arrived on the device."""
    asked = ask_for_code(handoff=brand.handoff, ref=ref, by=user, now=NOW)
    push = LabPush.objects.latest("pk")
    return asked.proof, re.match(r"^(\d{6}) is your code$", push.title)[1]


def confirm(brand, user, proof, code):
    return confirm_own_consumer(account=brand.account, proof=proof, code=code, by=user, now=NOW)


def test_who_gives_back_the_code_of_a_device_is_its_consumer(brand, carl, phone):
    proof, code = ask(brand, carl)

    assert confirm(brand, carl, proof, f" {code} ") == phone.consumer
    assert find_own_consumer(account=brand.account, user=carl) == phone.consumer
    event = AuditEvent.objects.get(verb="own_consumer_chosen")
    assert event.changes == {"consumer": [None, "carl-berg"]}
    assert event.actor == "carl@larkfield.example"


def test_saying_so_alone_makes_nobody_a_consumer(brand, carl, phone):
    proof, code = ask(brand, carl)

    assert code not in proof
    for wrong in ("", "000000", proof):
        with pytest.raises(WrongCode):
            confirm(brand, carl, proof, wrong)
    assert not OwnConsumer.objects.exists()


def test_a_code_is_good_for_who_asked_in_that_account_alone(brand, carl, phone):
    other = lab_brand()
    astrid = member(Role.ADMINISTRATOR, brand.account)
    proof, code = ask(brand, carl)

    with pytest.raises(WrongCode):
        confirm(brand, astrid, proof, code)
    with pytest.raises(WrongCode):
        confirm(other, carl, proof, code)
    with pytest.raises(WrongCode):
        confirm(brand, carl, f"{proof}x", code)


def test_a_code_is_good_for_ten_minutes(brand, carl, phone):
    proof, code = ask(brand, carl)

    with (
        time_machine.travel(timezone.now() + timedelta(seconds=CODE_SECONDS + 2), tick=False),
        pytest.raises(WrongCode, match="older than ten minutes"),
    ):
        confirm(brand, carl, proof, code)


def test_after_five_wrong_codes_the_right_one_has_to_wait_too(brand, carl, phone):
    proof, code = ask(brand, carl)
    with time_machine.travel(timezone.now(), tick=False):
        for _ in range(WRONG_CODES.failures):
            with pytest.raises(WrongCode, match="not the code"):
                confirm(brand, carl, proof, "1")

        with pytest.raises(WrongCode, match="Too many"):
            confirm(brand, carl, proof, code)


def test_a_code_goes_to_the_device_used_last_in_the_handoffs_apps(brand, carl, phone):
    old = DeviceFactory(
        consumer=phone.consumer, app=brand.app, last_seen_at=NOW - timedelta(days=9)
    )
    DeviceFactory(consumer=phone.consumer, app=AppFactory(account=brand.account))

    ask(brand, carl)

    assert LabPush.objects.get().device_id == phone.pk != old.pk


def test_nobody_is_who_has_no_device_in_the_handoffs_apps(brand, carl):
    ConsumerFactory(account=brand.account, ref="without")
    lab_brand().phone("elsewhere")

    for ref in ("without", "elsewhere", "", "nobody"):
        with pytest.raises(NobodyThere):
            ask(brand, carl, ref)
    assert not LabPush.objects.exists()


def test_a_code_that_the_provider_did_not_take_is_told_in_words(brand, carl):
    brand.phone("lab:gone")

    with pytest.raises(CodeNotSent, match="The provider says that the app was removed"):
        ask(brand, carl, "lab:gone")


def test_codes_are_among_the_twenty_tests_an_hour(brand, carl, phone):
    OwnConsumerFactory(user=carl, consumer=phone.consumer)
    for _ in range(TESTS.quota):
        ask(brand, carl)

    with pytest.raises(Exception, match="20 tests an hour are enough"):
        ask(brand, carl)


def test_being_somebody_else_takes_another_code(brand, carl, phone):
    OwnConsumerFactory(user=carl, consumer=phone.consumer)
    second = brand.phone("carl2")

    proof, code = ask(brand, carl, "carl2")
    assert find_own_consumer(account=brand.account, user=carl) == phone.consumer
    confirm(brand, carl, proof, code)

    assert find_own_consumer(account=brand.account, user=carl) == second.consumer
    assert AuditEvent.objects.get(verb="own_consumer_chosen").changes == {
        "consumer": ["carl-berg", "carl2"]
    }
