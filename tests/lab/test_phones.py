"""What the simulated phones show, as values."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from consumers.models import Consumer, Device
from lab.asked import Token, tokens
from lab.phones import PREVIEW, Seen, Shape, age, name, preview, shape

NOW = datetime(2026, 11, 24, 9, 42, tzinfo=UTC)
FAMILY = "👨‍👩‍👧‍👦"


def device(**facts: str) -> Device:
    account = Account(name="Larkfield", time_zone="Europe/Stockholm")
    return Device(account=account, consumer=Consumer(account=account, ref="ingrid"), **facts)


@pytest.mark.parametrize(
    ("platform", "os_version", "expected"),
    [
        ("ios", "19.1", Shape.IOS),
        ("android", "16", Shape.ANDROID),
        ("android", "Android 9", Shape.OLD),
        ("android", "", Shape.ANDROID),
        ("huawei", "6", Shape.ANDROID),
        ("web", "", Shape.WEB),
    ],
)
def test_shape_follows_the_platform_and_its_age(
    platform: str, os_version: str, expected: Shape
) -> None:
    assert shape(device(platform=platform, os_version=os_version)) is expected


def test_name_without_a_label_names_owner_and_model() -> None:
    assert name(device(platform="ios", model="iPhone 17")) == "ingrid’s iPhone 17"
    assert name(device(platform="ios", label="Ingrid’s phone")) == "Ingrid’s phone"


def test_preview_cuts_at_a_grapheme_border() -> None:
    cut = preview(FAMILY * 300)

    assert cut == FAMILY * (PREVIEW - 1) + "…"


@given(st.text(max_size=400))
def test_preview_never_breaks_a_grapheme(text: str) -> None:
    whole = regex.findall(r"\X", " ".join(text.split()))

    shown = regex.findall(r"\X", preview(text).removesuffix("…"))

    assert shown == whole[: len(shown)]


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=4), "4 min"),
        (timedelta(hours=2), "Today 08:42"),
        (timedelta(hours=11), "23 Nov 23:42"),
    ],
)
def test_age_is_relative_below_an_hour_and_in_the_accounts_zone(
    ago: timedelta, expected: str
) -> None:
    assert age(NOW - ago, NOW, device(platform="ios")) == expected


def test_seen_survives_the_way_to_the_browser_and_back() -> None:
    seen = Seen(device_id=7, is_open=True, push_id=12, facts="0a1b", minute="0942")

    assert Seen.parse(str(seen)) == seen


@pytest.mark.parametrize(
    "text", ["", "7", "7.app.12", "x.app.1.a.1", "7.door.1.a.1", "7.app.1.a.1\0"]
)
def test_seen_that_no_page_wrote_is_nothing(text: str) -> None:
    assert Seen.parse(text) is None


def test_tokens_lay_json_out_and_colour_it() -> None:
    assert list(tokens('{"a":"b: \\"1\\"","n":-1.5e3,"ok":true}')) == [
        Token("", "{\n  "),
        Token("k", '"a"'),
        Token("", ": "),
        Token("s", '"b: \\"1\\""'),
        Token("", ",\n  "),
        Token("k", '"n"'),
        Token("", ": "),
        Token("n", "-1500.0"),
        Token("", ",\n  "),
        Token("k", '"ok"'),
        Token("", ": true\n}"),
    ]


@given(st.text())
def test_tokens_lose_no_character_of_a_body(text: str) -> None:
    body = json.dumps({"message": text, "n": [1, -2]}, ensure_ascii=False)

    shown = "".join(token.text for token in tokens(body))

    assert json.loads(shown) == json.loads(body)


def test_tokens_show_what_is_no_json_as_it_is() -> None:
    assert list(tokens("<html>")) == [Token("", "<html>")]
