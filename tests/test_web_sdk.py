"""The web SDK's files, as brands' pages load them."""

import gzip

import pytest
from django.test import Client

from proactive_site.web_sdk import FOLDER

NAMES = ("dialog.js", "proactive.js", "sw.js")
# What a browser loads of it, and what it reads then.
MOST_PACKED, MOST = 6_500, 15_500


def load(client: Client, name: str, **headers: str):
    return client.get(f"/sdk/v1/{name}", headers=headers)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_the_sdk_may_be_loaded_by_every_origin_and_is_cached_for_minutes(client, name):
    answer = load(client, name)

    assert answer.status_code == 200
    assert answer.content == (FOLDER / name).read_bytes()
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


def test_a_file_that_has_not_changed_is_not_sent_again(client):
    etag = load(client, "sw.js").headers["ETag"]

    again = load(client, "sw.js", if_none_match=etag)

    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)


def test_the_sdk_is_less_than_ten_kilobytes_to_load(client):
    answers = [load(client, name, accept_encoding="gzip, br") for name in NAMES]

    assert {answer.headers["Content-Encoding"] for answer in answers} == {"gzip"}
    assert sum(len(answer.content) for answer in answers) < MOST_PACKED
    assert sum(len(gzip.decompress(answer.content)) for answer in answers) < MOST


def test_there_is_nothing_else_in_the_sdks_folder(client):
    assert sorted(path.name for path in FOLDER.iterdir()) == list(NAMES)
    assert load(client, "other.js").status_code == 404
    assert client.post("/sdk/v1/sw.js").status_code == 405
