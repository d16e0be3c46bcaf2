"""G3, B2: the call that a handoff's page prints works as it is printed."""

import urllib.request
from collections import Counter

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from campaigns.models import Campaign
from push.models import LabPush
from tests.factories.accounts import ApiClientFactory, member
from tests.factories.handoffs import HandoffFactory
from tests.factories.lab import lab_brand
from tests.flows.printed import RUNNERS, filled, run, runnable
from tests.live import live_stack, wait_for
from tests.printed import programs_of


@pytest.fixture
def stack(transactional_db, tmp_path, collected):
    with live_stack(tmp_path, WEB_CONCURRENCY="1", STATIC_ROOT=collected) as stack:
        stack.start("web", "worker")
        stack.wait_until_ready()
        yield stack


def printed(stack, handoff, person):
    """What stands in each tab of the done page, as a person would copy it."""
    client = Client()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    path = reverse("handoff_done", args=[handoff.account.number, handoff.public_id])
    request = urllib.request.Request(stack.url + path, headers={"Cookie": f"session={session}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return programs_of(answer.read().decode())


def test_the_printed_call_brings_a_message_to_a_phone_in_all_three_languages(stack, tmp_path):
    brand = lab_brand()
    brand.handoff.text = 'Hi ${{1}}, it’s "ready" 💳'
    brand.handoff.save()
    ivr = HandoffFactory(
        account=brand.account, kind="ivr", text="Write here", app_names=[brand.app.bundle_id]
    )
    brand.phone("ana")
    system = ApiClientFactory(account=brand.account)
    person = member(Role.CAMPAIGN_MANAGER, brand.account)

    tabs = runnable()
    for handoff, told in ((brand.handoff, "proactiveCampaignId"), (ivr, "callId")):
        programs = printed(stack, handoff, person)
        assert programs.keys() == RUNNERS.keys()
        for tab in tabs:
            program = filled(programs[tab], secret=system.secret, consumer="ana")
            assert told in run(tab, program, tmp_path)
        assert Campaign.objects.filter(handoff=handoff).count() == len(tabs)

    wanted = 2 * len(tabs)
    wait_for(lambda: LabPush.objects.count() == wanted, seconds=60, what="a push of each call")
    bodies = Counter(LabPush.objects.values_list("body", flat=True))
    assert bodies == {'Hi sample 1, it’s "ready" 💳': len(tabs), "Write here": len(tabs)}
