"""A15: a brand's systems manage their webhooks, read the log and repeat what was lost."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent
from tests.campaigns.caller import Api
from tests.factories.accounts import AccountFactory, ApiClientFactory, bearer
from tests.factories.webhooks import WebhookEndpointFactory
from tests.webhooks.conftest import deliver_to_the_end, make_due, tell_sent
from webhooks.delivery import deliver
from webhooks.events import EventType
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.services import disable_endpoint

URL = "https://hooks.brand.example/in"


def api_of(account, *scopes):
    # As fast as the tests are, and not as brands are.
    account.requests_per_second = 1000
    account.save()
    client = ApiClientFactory(account=account, scopes=list(scopes or ["webhooks:manage"]))
    return Api(account, bearer(client))


@pytest.fixture
def api(account):
    return api_of(account)


@pytest.fixture
def off_the_net(account):
    """A webhook that nobody delivers to in the test."""
    return WebhookEndpointFactory(account=account)


def path(endpoint, rest=""):
    return f"webhooks/{endpoint.public_id}{rest}"


def create(api, **changes):
    body = {"url": URL, "eventTypes": ["recipient.failed", "campaign.completed"], **changes}
    return api.post("webhooks", body)


def test_a_webhook_is_made_and_its_secret_is_told_once(api, account):
    response = create(api, description="CRM")

    assert response.status_code == 201
    made = response.json()
    assert made["secret"].startswith("whsec_")
    assert made == {
        "id": made["id"],
        "url": URL,
        "description": "CRM",
        "eventTypes": ["campaign.completed", "recipient.failed"],
        "enabled": True,
        "disabledReason": None,
        "disabledAt": None,
        "failingSince": None,
        "createdAt": made["createdAt"],
        "secret": made["secret"],
    }
    del made["secret"]
    assert api.get(f"webhooks/{made['id']}").json() == made
    assert api.get("webhooks").json() == {"webhooks": [made]}
    event = AuditEvent.objects.get(verb="webhook_created")
    assert event.changes["host"] == [None, "hooks.brand.example"]


def test_secrets_are_encrypted_at_rest_and_stand_in_no_log(api, account):
    """S19"""
    secret = create(api).json()["secret"]

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w::text, convert_from(sealed, 'UTF8') FROM webhooks_webhookendpoint w"
        )
        stored = str(cursor.fetchall())
    assert secret.removeprefix("whsec_") not in stored
    assert "whsec" not in stored
    assert secret not in str(list(AuditEvent.objects.values()))


def test_a_webhook_is_changed_in_what_is_named(api, off_the_net):
    response = api.call("PATCH", path(off_the_net), {"eventTypes": ["recipient.sent"]})

    assert response.status_code == 200
    assert response.json()["eventTypes"] == ["recipient.sent"]
    assert response.json()["url"] == off_the_net.url


def test_a_webhook_is_switched_off_and_on(api, off_the_net):
    off = api.call("PATCH", path(off_the_net), {"enabled": False}).json()
    again = api.call("PATCH", path(off_the_net), {"enabled": False}).json()
    assert (off["enabled"], off["disabledReason"]) == (False, "by_hand")
    assert again == off

    on = api.call("PATCH", path(off_the_net), {"enabled": True}).json()

    assert (on["enabled"], on["disabledReason"], on["disabledAt"]) == (True, None, None)
    verbs = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs)[-2:] == ["webhook_disabled", "webhook_enabled"]


def test_a_deleted_webhook_is_gone_with_what_waited(api, account, endpoint, sink):
    tell_sent(account)

    assert api.call("DELETE", path(endpoint)).status_code == 204

    assert api.get(path(endpoint)).status_code == 404
    assert api.get("webhooks").json() == {"webhooks": []}
    assert tell_sent(account) == 0
    deliver_to_the_end()
    assert sink.ids() == []


def test_a_rotated_secret_is_told_once_with_the_end_of_the_one_before(api, account, endpoint, sink):
    old = sink.verified
    rotated = api.post(path(endpoint, "/rotate")).json()

    until = datetime.fromisoformat(rotated["previousSecretValidUntil"])
    assert until - timezone.now() > timedelta(hours=23)
    tell_sent(account)
    deliver()
    assert len(old()) == len(sink.verified(rotated["secret"])) == 1
    assert "secret" not in api.get(path(endpoint)).json()


def test_a_test_event_goes_to_this_webhook_alone(api, account, endpoint, sink):
    WebhookEndpointFactory(account=account, url=sink.url)

    response = api.post(path(endpoint, "/test"))

    deliver_to_the_end()
    assert response.status_code == 202
    assert sink.ids() == [response.json()["id"]]
    (told,) = sink.verified()
    assert told["type"] == "webhook.test"
    assert told["data"] == {
        "accountId": str(account.number),
        "webhookId": str(endpoint.public_id),
    }


def test_the_log_tells_what_came_of_each_event(api, account, endpoint, sink):
    sink.order({"status": 503})
    tell_sent(account)
    deliver()

    (row,) = api.get(path(endpoint, "/deliveries")).json()["deliveries"]

    assert row == {
        "id": sink.ids()[0],
        "type": "recipient.sent",
        "status": "queued",
        "attempts": 1,
        "createdAt": row["createdAt"],
        "lastTriedAt": row["lastTriedAt"],
        "lastHttpStatus": 503,
        "lastError": "refused",
        "lastElapsedMs": row["lastElapsedMs"],
        "nextTryAt": row["nextTryAt"],
        "finishedAt": None,
    }
    one = api.get(path(endpoint, f"/deliveries/{row['id']}")).json()
    assert one.pop("payload")["type"] == "recipient.sent"
    assert one == row


def test_the_log_is_paged_the_newest_first_and_filtered(
    api, account, endpoint, sink, django_assert_num_queries
):
    sink.order({"status": 410})
    tell_sent(account)
    deliver()
    endpoint.refresh_from_db()
    api.call("PATCH", path(endpoint), {"enabled": True})
    tell_sent(account, 3)
    deliver_to_the_end()

    first = api.get(path(endpoint, "/deliveries?limit=3")).json()
    rest = api.get(path(endpoint, f"/deliveries?limit=3&cursor={first['nextCursor']}")).json()

    assert [row["status"] for row in first["deliveries"]] == ["delivered"] * 3
    assert [row["status"] for row in rest["deliveries"]] == ["failed"]
    assert rest["nextCursor"] is None
    failed = api.get(path(endpoint, "/deliveries?status=failed")).json()
    assert failed["deliveries"] == rest["deliveries"]


def test_a_delivery_is_repeated_with_the_same_id(api, account, endpoint, sink):
    tell_sent(account)
    deliver()
    event_id = sink.ids()[0]

    response = api.post(path(endpoint, f"/deliveries/{event_id}/replay"))

    assert response.status_code == 202
    assert (response.json()["status"], response.json()["attempts"]) == ("queued", 0)
    deliver()
    assert sink.ids() == [event_id, event_id]
    assert len(sink.verified()) == 2


def test_what_has_not_ended_cannot_be_repeated(api, account, endpoint, sink):
    sink.order({"status": 503})
    tell_sent(account)
    deliver()

    response = api.post(path(endpoint, f"/deliveries/{sink.ids()[0]}/replay"))

    assert (response.status_code, response.json()["errorKey"]) == (409, "delivery_under_way")


def test_all_that_was_given_up_since_a_time_is_repeated(api, account, endpoint, sink):
    sink.order({"status": 500, "times": 20})
    tell_sent(account, 2)
    for _ in range(10):
        make_due()
        deliver()
    long_ago = WebhookDelivery.objects.order_by("pk").first()
    before = timezone.now() - timedelta(days=40)
    WebhookDelivery.objects.filter(pk=long_ago.pk).update(created_at=before)
    tell_sent(account)
    deliver()
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"dead", "delivered"}
    since = (timezone.now() - timedelta(days=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")

    response = api.post(path(endpoint, f"/replay?since={since}"))

    assert (response.status_code, response.json()["replayed"]) == (202, 1)
    deliver()
    states = WebhookDelivery.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["dead", "delivered", "delivered"]
    assert api.post(path(endpoint, f"/replay?since={since}")).json()["replayed"] == 0


def test_a_webhook_that_is_off_takes_neither_test_nor_replay(api, account, endpoint, sink):
    tell_sent(account)
    deliver()
    disable_endpoint(endpoint=endpoint, by="ada", now=timezone.now())

    for rest in ("/test", "/replay?since=2026-01-01", f"/deliveries/{sink.ids()[0]}/replay"):
        response = api.post(path(endpoint, rest))
        assert (response.status_code, response.json()["errorKey"]) == (409, "webhook_disabled")


def test_an_account_has_ten_webhooks_at_most(api, account):
    for _ in range(9):
        WebhookEndpointFactory(account=account)
    assert create(api).status_code == 201

    response = create(api)

    assert (response.status_code, response.json()["errorKey"]) == (409, "too_many_webhooks")


ROUTES = [
    ("GET", ""),
    ("PATCH", ""),
    ("POST", "/rotate"),
    ("POST", "/test"),
    ("GET", "/deliveries"),
    ("GET", "/deliveries/{event}"),
    ("POST", "/deliveries/{event}/replay"),
    ("POST", "/replay?since=2026-01-01"),
    ("DELETE", ""),
]


def with_slash(rest):
    route, question, query = rest.partition("?")
    return f"{route}/{question}{query}"


@pytest.fixture
def delivered(account, endpoint, sink):
    tell_sent(account)
    deliver()
    return sink.ids()[0]


def answers(api, endpoint, event, routes=ROUTES):
    return [
        api.call(method, path(endpoint, rest.format(event=event)), {}) for method, rest in routes
    ]


@pytest.mark.parametrize("spelt", [lambda rest: rest, with_slash])
def test_each_path_answers_with_and_without_the_last_slash(api, endpoint, delivered, spelt):
    """A19"""
    slash = spelt("")
    assert api.get(f"webhooks{slash}").status_code == 200
    assert api.post(f"webhooks{slash}", {}).status_code == 400
    routes = [(method, spelt(rest)) for method, rest in ROUTES]

    statuses = [response.status_code for response in answers(api, endpoint, delivered, routes)]

    assert statuses == [200, 200, 200, 202, 200, 200, 202, 202, 204]


def test_another_account_s_webhook_does_not_exist(endpoint, delivered):
    """B4"""
    theirs = api_of(AccountFactory())

    seen = {response.status_code for response in answers(theirs, endpoint, delivered)}

    assert seen == {404}
    assert theirs.get("webhooks").json() == {"webhooks": []}
    endpoint.refresh_from_db()
    assert endpoint.is_enabled


def test_a_delivery_of_another_webhook_is_not_in_this_one(api, account, delivered):
    other = WebhookEndpointFactory(account=account)

    for method, rest in ROUTES[5:7]:
        response = api.call(method, path(other, rest.format(event=delivered)))
        assert response.status_code == 404


def test_another_account_s_token_finds_nothing(account, endpoint, delivered):
    """B4"""
    stranger = Api(account, api_of(AccountFactory()).headers)

    seen = {response.status_code for response in answers(stranger, endpoint, delivered)}

    assert seen == {404}
    assert stranger.get("webhooks").status_code == 404


def test_other_scopes_do_not_open_webhooks(account, endpoint, delivered):
    api = api_of(account, "campaigns:send", "campaigns:read", "reports:read")

    seen = {response.status_code for response in answers(api, endpoint, delivered)}

    assert seen == {403}
    assert api.get("webhooks").status_code == api.post("webhooks", {}).status_code == 403


def test_without_a_token_nothing_is_told(account, endpoint, delivered):
    api = Api(account)

    assert {r.status_code for r in answers(api, endpoint, delivered)} == {401}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["#/url", "#/eventTypes"]),
        ({"url": 7, "eventTypes": "all"}, ["#/url", "#/eventTypes"]),
        ({"url": URL, "eventTypes": []}, ["#/eventTypes"]),
        ({"url": URL, "eventTypes": ["recipient.sent", "x"]}, ["#/eventTypes/1"]),
        ({"url": URL, "eventTypes": [{}]}, ["#/eventTypes/0"]),
        ({"url": URL, "eventTypes": [None, 3]}, ["#/eventTypes/0", "#/eventTypes/1"]),
        ({"url": URL, "eventTypes": ["recipient.sent"] * (len(EventType) + 1)}, ["#/eventTypes"]),
        ({"url": URL, "eventTypes": ["webhook.test"]}, ["#/eventTypes/0"]),
        ({"url": "https://a/" + "x" * 2000, "eventTypes": ["recipient.sent"]}, ["#/url"]),
        ({"url": "http://127.0.0.1/", "eventTypes": ["recipient.sent"]}, ["#/url"]),
        ({"url": "https://10.0.0.1/", "eventTypes": ["recipient.sent"]}, ["#/url"]),
        ({"url": "https://hooks.brand.example:22/", "eventTypes": ["recipient.sent"]}, ["#/url"]),
        (
            {"url": URL, "eventTypes": ["recipient.sent"], "description": "x" * 256},
            ["#/description"],
        ),
        ({"url": URL, "eventTypes": ["recipient.sent"], "description": ["x"]}, ["#/description"]),
    ],
)
def test_wrong_fields_are_named(api, body, pointers):
    response = api.post("webhooks", body)

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == pointers
    assert WebhookEndpoint.objects.count() == 0


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"7", b'"x"', b"{", b"\xff", b'{"url": "\\u0000"}']
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_bodies_that_cannot_be_read_are_refused(api, off_the_net, method, body):
    where = "webhooks" if method == "POST" else path(off_the_net)

    response = api.call(method, where, body)

    assert (response.status_code, response.json()["errorKey"]) == (400, "malformed_body")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"enabled": "yes"}, "#/enabled"),
        ({"url": ""}, "#/url"),
        ({"url": "https://192.168.1.1/"}, "#/url"),
        ({"eventTypes": []}, "#/eventTypes"),
    ],
)
def test_a_wrong_change_changes_nothing(api, off_the_net, body, pointer):
    response = api.call("PATCH", path(off_the_net), {"description": "new", **body})

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == pointer
    off_the_net.refresh_from_db()
    assert off_the_net.description == ""


def test_a_change_to_null_leaves_all_as_it_is(api, off_the_net):
    body = dict.fromkeys(("url", "description", "eventTypes", "enabled"))

    response = api.call("PATCH", path(off_the_net), body)

    assert response.status_code == 200
    assert response.json()["enabled"] is True


@pytest.mark.parametrize("since", ["", "yesterday", "2026-13-01", "9" * 500, "\0"])
def test_since_must_be_a_time(api, off_the_net, since):
    response = api.post(path(off_the_net, "/replay?since=") + since.replace("\0", "%00"))

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "#/since"
    assert api.post(path(off_the_net, "/replay")).status_code == 400


@pytest.mark.parametrize(
    "query", ["status=lost", "status=%00", "limit=0", "limit=x", "limit=1001", "cursor=x"]
)
def test_a_wrong_question_to_the_log_is_refused(api, off_the_net, query):
    response = api.get(path(off_the_net, f"/deliveries?{query}"))

    assert (response.status_code, response.json()["errorKey"]) == (400, "validation_error")


NOBODYS = "webhooks/d5b64e0c-280a-4a1a-ad23-93a1881871c8"


@pytest.mark.parametrize(
    "rest",
    [
        NOBODYS,
        "webhooks/1",
        "webhooks/" + "f" * 32,
        "webhooks/x/deliveries",
        f"{NOBODYS}/deliveries/msg_1",
        f"{NOBODYS}/deliveries/msg_{'a' * 32}",
        f"{NOBODYS}/replay/x",
    ],
)
def test_what_is_not_there_is_404(api, rest):
    for method in ("GET", "POST", "PATCH", "DELETE"):
        assert api.call(method, rest, b"{}").status_code in {404, 405}


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "FOO"])
def test_methods_that_are_not_offered_are_405(api, endpoint, delivered, method):
    """A9"""
    for _, rest in ROUTES:
        response = api.call(method, path(endpoint, rest.format(event=delivered)), {})
        assert response.status_code == 405
        assert response.headers["Allow"]


def test_every_type_that_can_be_told_can_be_asked_for(api):
    response = create(api, eventTypes=list(EventType.values))

    assert response.json()["eventTypes"] == sorted(EventType.values)
