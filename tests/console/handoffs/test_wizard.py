"""B2, B3: a handoff is made in four steps; nothing that was typed is lost."""

import pytest

from handoffs.drafts import MAX_DRAFTS
from handoffs.models import Handoff, HandoffDraft, Step
from tests.factories.accounts import AppFactory
from tests.factories.handoffs import HandoffDraftFactory, HandoffFactory

MESSAGE = {
    "title": "Card updates",
    "app_names": ["com.larkfield.mobile"],
    "notification_title": "Your new card",
    "text": "Hi ${{1}} 💳\r\nSee you.",
    "language": "en",
    "sample_1": "Ingrid",
}
RULES = {
    "days": "2",
    "hours": "3",
    "push_when_logged_in": "on",
    "device_choice": "all",
    "route_all_within_lookback": "on",
}


@pytest.fixture
def step(client, url):
    """Presses a button of a step with these fields."""

    def press(name, go="next", **fields):
        draft = HandoffDraft.objects.get()
        return client.post(url("handoff_step", draft.pk, name), {**fields, "go": go})

    return press


@pytest.fixture
def begun(client, url):
    client.post(url("handoff_new"), {"channels": ["inapp"], "kind": "proactive"})
    return HandoffDraft.objects.get()


def test_a_handoff_is_made_from_channel_message_rules_and_review(client, url, begun, step, carl):
    step("message", **MESSAGE)
    step("rules", **RULES)
    answer = step("review")

    handoff = Handoff.objects.get(title="Card updates")
    assert answer.headers["Location"] == url("handoff_done", handoff.public_id)
    assert handoff.app_names == ["com.larkfield.mobile"]
    assert (handoff.text, handoff.notification_title) == ("Hi ${{1}} 💳\nSee you.", "Your new card")
    assert handoff.lookback_days_hours == (2, 3)
    assert (handoff.push_when_logged_in, handoff.push_when_logged_out) == (True, False)
    assert handoff.device_choice == "all"
    assert handoff.route_all_within_lookback
    assert not HandoffDraft.objects.exists()


def test_opening_the_first_step_stores_nothing(client, url):
    assert client.get(url("handoff_new")).status_code == 200
    assert not HandoffDraft.objects.exists()


def test_back_keeps_what_was_typed_even_if_it_is_wrong(client, url, begun, step):
    answer = step("message", go="back", **{**MESSAGE, "title": "a <b>"})

    assert answer.headers["Location"] == url("handoff_step", begun.pk, "channel")
    page = client.get(url("handoff_step", begun.pk, "message"))
    assert page.context["form"]["title"].value() == "a <b>"
    assert page.context["form"]["text"].value() == "Hi ${{1}} 💳\nSee you."
    assert page.context["phones"].likeness.text == "Hi Ingrid 💳\nSee you."


def test_save_and_close_keeps_the_draft_for_another_day(client, url, begun, step):
    step("message", **MESSAGE)
    answer = step("rules", go="close", **{**RULES, "days": "many"})

    assert answer.headers["Location"] == url("handoff_list")
    opened = client.get(url("handoff_draft", begun.pk), follow=True)
    assert opened.context["step"] == Step.RULES
    assert opened.context["form"]["days"].value() == "many"


def test_cancel_asks_before_it_drops_the_draft(client, url, begun, step):
    asked = step("message", go="drop", **MESSAGE)
    assert asked.headers["Location"] == url("handoff_draft_drop", begun.pk)
    page = client.get(asked.headers["Location"])
    assert "“Card updates”" in page.content.decode()
    assert HandoffDraft.objects.exists()

    client.post(asked.headers["Location"])

    assert not HandoffDraft.objects.exists()
    assert not Handoff.objects.filter(title="Card updates").exists()


@pytest.mark.parametrize("kind", ["proactive", "ivr"])
@pytest.mark.parametrize("channels", [["inapp", "sms"], ["inapp", "wa"], ["sms"], []])
def test_in_app_with_sms_or_whatsapp_is_refused_beside_the_field(client, url, kind, channels):
    """B3: whatever a browser was made to send."""
    page = client.post(url("handoff_new"), {"channels": channels, "kind": kind})

    assert page.status_code == 200
    assert list(page.context["form"].errors) == ["channels"]
    assert not HandoffDraft.objects.exists()


@pytest.mark.parametrize(("kind", "most"), [("proactive", 4), ("ivr", 3)])
def test_a_handoff_names_four_apps_at_most_and_three_for_ivr(brand, client, url, step, kind, most):
    client.post(url("handoff_new"), {"channels": ["inapp"], "kind": kind})
    names = [AppFactory(account=brand.account).bundle_id for _ in range(most + 1)]

    page = step("message", **{**MESSAGE, "app_names": names})

    assert page.context["form"].errors == {
        "app_names": [f"Name 1 to {most} apps; there are {most + 1}."]
    }
    assert step("message", **{**MESSAGE, "app_names": names[:most]}).status_code == 302


def test_each_wrong_field_is_told_beside_it_at_once(begun, step, brand):
    HandoffFactory(account=brand.account, title="Taken")

    page = step(
        "message", title="taken", text="bell\x07", notification_title="x" * 256, language="?"
    )

    errors = page.context["form"].errors
    assert sorted(errors) == ["app_names", "language", "notification_title", "text", "title"]
    assert errors["title"] == ["Another handoff has this title. Choose another."]
    assert all(len(told) == 1 for told in errors.values())
    assert page.content.decode().count('<a href="#id_') == 5


def test_a_lookback_of_30_days_and_an_hour_is_refused_beside_its_field(begun, step):
    page = step("rules", **{**RULES, "days": "30", "hours": "1"})

    assert page.context["form"].errors == {
        "days": ["The lookback is 1 hour to 30 days, in whole hours."]
    }


def test_the_review_leads_to_the_step_of_each_mistake_and_makes_nothing(begun, step, url):
    page = step("review")

    told = {(one.step, one.url) for one in page.context["mistakes"]}
    assert told == {(Step.MESSAGE, url("handoff_step", begun.pk, "message"))}
    assert HandoffDraft.objects.exists()


def test_a_title_that_was_taken_meanwhile_is_told_on_the_review(begun, step, brand):
    step("message", **MESSAGE)
    step("rules", **RULES)
    HandoffFactory(account=brand.account, title="CARD UPDATES")

    page = step("review")

    assert [one.label for one in page.context["mistakes"]] == ["Title"]
    assert HandoffDraft.objects.get().data["title"] == "Card updates"


def test_a_draft_that_was_finished_elsewhere_is_not_made_twice(client, begun, step, url):
    step("message", **MESSAGE)
    address = url("handoff_step", begun.pk, "review")

    first, second = client.post(address), client.post(address)

    assert (first.status_code, second.status_code) == (302, 404)
    assert Handoff.objects.filter(title="Card updates").count() == 1


def test_what_postgresql_cannot_keep_does_not_spoil_a_draft(begun, step):
    step("message", **{**MESSAGE, "title": "nul\0", "sample_1": "\0"})

    data = HandoffDraft.objects.get().data
    assert (data["title"], data["sample_1"]) == ("nul", "")


def test_an_account_keeps_fifty_drafts_at_most(brand, client, url):
    HandoffDraftFactory.create_batch(MAX_DRAFTS, account=brand.account)

    page = client.post(url("handoff_new"), {"channels": ["inapp"], "kind": "ivr"}, follow=True)

    assert "Finish or drop one of them first." in page.content.decode()
    assert HandoffDraft.objects.count() == MAX_DRAFTS


def test_the_preview_answers_with_phones_size_and_the_variables_that_are_new(client, url):
    asked = {**MESSAGE, "text": "Hi ${{1}} and ${{2}}"}

    new = client.post(url("handoff_preview"), asked).content.decode()
    same = client.post(url("handoff_preview"), {**asked, "sample_2": "Kola"}).content.decode()

    assert 'name="sample_2"' in new
    assert 'name="sample_2"' not in same
    assert "Hi Ingrid and Kola" in same
    assert "bytes with the push’s own keys" in same
