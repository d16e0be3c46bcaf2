"""G3, B2: the call that a handoff's page prints works as it is printed."""

import html
import re
import shutil
import subprocess
import urllib.request

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from campaigns.models import Campaign
from handoffs.snippets import CONSUMER, SECRET
from push.models import LabPush
from tests.factories.accounts import ApiClientFactory, member
from tests.factories.lab import lab_brand
from tests.live import PYTHON, live_stack, wait_for

RUNNERS = {"curl": ("sh", "call.sh"), "py": (PYTHON, "call.py"), "js": ("node", "call.mjs")}


@pytest.fixture
def stack(transactional_db, tmp_path, collected):
    with live_stack(tmp_path, WEB_CONCURRENCY="1", STATIC_ROOT=collected) as stack:
        stack.start("web", "worker")
        stack.wait_until_ready()
        yield stack


def printed(stack, brand, person):
    """What stands in each tab of the done page, as a person would copy it."""
    client = Client()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    path = reverse("handoff_done", args=[brand.account.number, brand.handoff.public_id])
    request = urllib.request.Request(stack.url + path, headers={"Cookie": f"session={session}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        page = answer.read().decode()
    found = re.findall('<pre data-tab="([a-z]+)"[^>]*>(.*?)</pre>', page, re.DOTALL)
    return {tab: html.unescape(re.sub("<[^>]+>", "", code)) for tab, code in found}


def test_the_printed_call_brings_a_message_to_a_phone_in_all_three_languages(stack, tmp_path):
    brand = lab_brand()
    brand.handoff.text = 'Hi ${{1}}, it’s "ready" 💳'
    brand.handoff.save()
    brand.phone("ana")
    system = ApiClientFactory(account=brand.account)
    programs = printed(stack, brand, member(Role.CAMPAIGN_MANAGER, brand.account))
    assert programs.keys() == RUNNERS.keys()

    for tab, (command, name) in RUNNERS.items():
        assert shutil.which(command), f"{command} is needed to run the {tab} snippet"
        program = programs[tab].replace(SECRET, system.secret).replace(CONSUMER, "ana")
        (tmp_path / name).write_text(program)
        done = subprocess.run(
            [command, tmp_path / name], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "proactiveCampaignId" in done.stdout, done.stdout

    assert Campaign.objects.filter(handoff=brand.handoff).count() == 3
    wait_for(lambda: LabPush.objects.count() == 3, seconds=60, what="three pushes")
    assert set(LabPush.objects.values_list("body", flat=True)) == {'Hi sample 1, it’s "ready" 💳'}
