"""G3, B2: the call that a handoff's page prints works as it is printed."""

import shutil
import subprocess
import urllib.request
from collections import Counter

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from campaigns.models import Campaign
from handoffs.programs import CONSUMER, SECRET
from push.models import LabPush
from tests.factories.accounts import ApiClientFactory, member
from tests.factories.handoffs import HandoffFactory
from tests.factories.lab import lab_brand
from tests.live import PYTHON, live_stack, wait_for
from tests.printed import programs_of

RUNNERS = {"curl": ("sh", "call.sh"), "py": (PYTHON, "call.py"), "js": ("node", "call.mjs")}


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


def run(tab, program, folder):
    command, name = RUNNERS[tab]
    assert shutil.which(command), f"{command} is needed to run the {tab} snippet"
    (folder / name).write_text(program)
    done = subprocess.run(
        [command, folder / name], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


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
            program = code.replace(SECRET, system.secret).replace(CONSUMER, "ana")
            assert told in run(tab, program, tmp_path)
        assert Campaign.objects.filter(handoff=handoff).count() == 3

    wait_for(lambda: LabPush.objects.count() == 6, seconds=60, what="six pushes")
    bodies = Counter(LabPush.objects.values_list("body", flat=True))
    assert bodies == {'Hi sample 1, it’s "ready" 💳': 3, "Write here": 3}
