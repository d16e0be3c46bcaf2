"""G3, B2: the call that a handoff's page prints works as it is printed."""

import html
import re
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
from tests.flows.printed import RUNNERS, filled, run
from tests.live import live_stack, wait_for


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
        page = answer.read().decode()
    found = re.findall('<pre data-tab="([a-z]+)"[^>]*>(.*?)</pre>', page, re.DOTALL)
    return {tab: html.unescape(re.sub("<[^>]+>", "", code)) for tab, code in found}


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

    for handoff, told in ((brand.handoff, "proactiveCampaignId"), (ivr, "callId")):
        programs = printed(stack, handoff, person)
        assert programs.keys() == RUNNERS.keys()
        for tab, code in programs.items():
            program = filled(code, secret=system.secret, consumer="ana")
            assert told in run(tab, program, tmp_path)
        assert Campaign.objects.filter(handoff=handoff).count() == 3

    wait_for(lambda: LabPush.objects.count() == 6, seconds=60, what="six pushes")
    bodies = Counter(LabPush.objects.values_list("body", flat=True))
    assert bodies == {'Hi sample 1, it’s "ready" 💳': 3, "Write here": 3}
