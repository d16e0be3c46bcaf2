"""A1, B4, C1, S-rules: every route × whose it is × every kind of credential, to the status."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from rest_framework.views import APIView

from accounts.models import ApiClient, Role
from campaigns.models import Campaign, MessageEvent, OutboundMessage
from consumers.models import Consumer, Device
from conversations.models import Conversation, Message
from tests.campaigns.caller import hang_up, shared_client
from tests.factories.accounts import AccountFactory, ApiClientFactory, UserFactory, bearer, member
from tests.routes import EXAMPLES, ROUTES, Owned, Route, api_patterns, make_owned
from webhooks.models import WebhookDelivery, WebhookEndpoint

SCOPES = sorted({route.scope for route in ROUTES if route.scope})
each_route = pytest.mark.parametrize("route", ROUTES, ids=str)

# Whose the named things are.
OWN = "own"
OTHERS = "another brand's account"
OTHERS_OBJECT = "another brand's object"
NEIGHBOURS = "another consumer's object"
NO_OBJECT = "no object"
NO_ACCOUNT = "no account"

# Who calls.
TOKEN = "a token with the scope"
UNSCOPED = "a token with every other scope"
STRANGER = "another brand's token"
CONSUMER = "a consumer's JWT"
CREDENTIALS = "client id and secret"
WIDGET = "a widget's token"
OTHERS_WIDGET = "another brand's widget's token"

Headers = dict[str, str]


@pytest.fixture(scope="module")
def brands(kept_rows: None) -> dict[str, Owned]:
    return {name: make_owned(name) for name in ("brand", "their brand", "third brand")}


@pytest.fixture
def ours(brands: dict[str, Owned], db: None) -> Owned:
    return brands["brand"]


@pytest.fixture
def theirs(brands: dict[str, Owned], db: None) -> Owned:
    return brands["their brand"]


def session(user) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"cookie": f"{name}={client.cookies[name].value}"}


def basic(client: ApiClient) -> dict[str, str]:
    pair = f"{client.client_id}:{client.secret}"
    return {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def consumer_header(owned: Owned, **claims: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {owned.jwt(**claims)}"}


@pytest.fixture(scope="module")
def callers(brands: dict[str, Owned]) -> dict[str, Headers]:
    """Headers by kind of credential, but for UNSCOPED. The strangers are of a third brand: nothing
    here is theirs."""
    ours, third = brands["brand"], brands["third brand"]
    full = ApiClientFactory(account=ours.account, scopes=SCOPES)
    past = int(timezone.now().timestamp()) - 7200
    return {
        "nothing": {},
        TOKEN: bearer(full),
        STRANGER: bearer(ApiClientFactory(account=third.account, scopes=SCOPES)),
        "an expired token": bearer(full, now=timezone.now() - timedelta(hours=2)),
        "a made-up token": {"authorization": "Bearer x"},
        CREDENTIALS: basic(full),
        CONSUMER: consumer_header(ours, sub="anna"),
        "another brand's consumer": consumer_header(third, sub="anna"),
        "a consumer's expired JWT": consumer_header(ours, iat=past, exp=past + 3600),
        WIDGET: {"authorization": f"Bearer {ours.widget_token}"},
        OTHERS_WIDGET: {"authorization": f"Bearer {third.widget_token}"},
        "an operator's session": session(UserFactory(is_staff=True, is_superuser=True)),
        **{
            f"the session of one who is {role.label}": session(member(role, ours.account))
            for role in Role
        },
    }


def unscoped(route: Route, ours: Owned) -> Headers:
    others = [scope for scope in SCOPES if scope != route.scope]
    return bearer(ApiClientFactory(account=ours.account, scopes=others))


def targets(route: Route, ours: Owned, theirs: Owned) -> dict[str, dict[str, str]]:
    """Ids by whose they are; those that the route can name."""
    found = {OWN: ours.ids}
    if "{account}" in route.path:
        unknown = str(AccountFactory.build().number)
        found |= {OTHERS: theirs.ids, NO_ACCOUNT: ours.ids | {"account": unknown}}
    if route.has_object:
        here = {"account": ours.ids["account"]}
        found |= {OTHERS_OBJECT: theirs.ids | here, NO_OBJECT: EXAMPLES | here}
    # An app is the brand's, not one consumer's.
    if route.door == "sdk" and route.has_object and "{app}" not in route.path:
        found[NEIGHBOURS] = ours.ids_of_bo
    return found


def expected(route: Route, caller: str, target: str) -> int:
    return EXPECTED[route.door](route, caller, target)


def of_brand(route: Route, caller: str, target: str) -> int:
    """Who is nobody learns nothing; what is not one's own does not exist."""
    if caller not in (TOKEN, UNSCOPED, STRANGER):
        return 401
    if caller == STRANGER or target in (OTHERS, NO_ACCOUNT):
        return 404
    if caller == UNSCOPED:
        return 403
    return route.ok if target == OWN else 404


def of_sdk(route: Route, caller: str, target: str) -> int:
    """Another brand's JWT is signed by nobody whom this one knows."""
    if target == NO_ACCOUNT:
        return 404
    if caller != CONSUMER or target == OTHERS:
        return 401
    return route.ok if target == OWN else 404


def of_tokens(route: Route, caller: str, target: str) -> int:
    return route.ok if (caller, target) == (CREDENTIALS, OWN) else 401


def of_domain(route: Route, caller: str, target: str) -> int:
    """Open to all; LivePerson's status for what is unknown."""
    return 400 if target == NO_ACCOUNT else route.ok


def of_page(route: Route, caller: str, target: str) -> int:
    return route.ok


def of_frame(route: Route, caller: str, target: str) -> int:
    """The empty frame is open to all: what it shows is asked for with a token."""
    return 404 if target == NO_ACCOUNT else route.ok


def of_code(route: Route, caller: str, target: str) -> int:
    """Each time with a fresh code of the account of the path: nothing else is looked at."""
    return 404 if target == NO_ACCOUNT else route.ok


def of_widget(route: Route, caller: str, target: str) -> int:
    if caller not in (WIDGET, OTHERS_WIDGET):
        return 401
    return route.ok if (caller, target) == (WIDGET, OWN) else 404


EXPECTED = {
    "brand": of_brand,
    "sdk": of_sdk,
    "token": of_tokens,
    "domain": of_domain,
    "page": of_page,
    "frame": of_frame,
    "code": of_code,
    "widget": of_widget,
}


def call(route: Route, url: str, body: Any, headers: dict[str, str]) -> Any:
    if route.door == "token":
        cache.clear()  # what many wrong secrets cost is tested where tokens are
        form = "grant_type=client_credentials&token=x"
        content_type = "application/x-www-form-urlencoded"
        return shared_client().post(url, form, content_type, headers=headers)
    data = {} if route.method == "GET" else {"data": body, "content_type": "application/json"}
    response = getattr(shared_client(), route.method.lower())(url, headers=headers, **data)
    if response.streaming:
        hang_up(response)
    return response


def stored() -> list[Any]:
    """All that a call which was refused might have changed."""
    models = (Campaign, OutboundMessage, MessageEvent, WebhookEndpoint, WebhookDelivery)
    people = (Consumer, Device, Conversation, Message)
    return [list(model.objects.order_by("pk").values()) for model in (*models, *people)]


def fault(route: Route, response: Any, status: int) -> str:
    """What is wrong with an answer, or nothing."""
    if response.status_code != status:
        return f"{response.status_code} instead of {status}: {response.content[:200]!r}"
    if status == 401 and "WWW-Authenticate" not in response.headers:
        return "does not say how to authenticate"
    if status >= 400 and "json" not in response.headers["Content-Type"]:
        return f"is {response.headers['Content-Type']}"
    return ""


def test_no_route_of_the_api_is_left_out_of_the_table():
    """And no method: who adds one says here who may."""
    listed = {(route.name, route.method) for route in ROUTES}
    offered = {
        (str(pattern.name), method)
        for pattern in api_patterns()
        for method in methods_of(pattern.callback)
    }

    assert listed == offered


def methods_of(view: Any) -> set[str]:
    cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if cls is None:
        return {"GET"}  # a function, which is a page
    names = {name for name in cls.http_method_names if hasattr(cls, name)}
    return {name.upper() for name in names} - {"HEAD", "OPTIONS"}


def test_the_brand_api_and_the_sdk_api_ask_by_a_header_and_never_by_a_cookie():
    """S: so that no other site's form can act for who is signed in."""
    for pattern in api_patterns():
        cls = getattr(pattern.callback, "cls", None)
        if cls is not None and issubclass(cls, APIView):
            names = {one.__name__ for one in cls.authentication_classes}
            assert names <= {"BearerToken", "WidgetToken"}, cls


def test_the_sessions_of_the_table_are_good_ones(db):
    """They open the web tool; that the API refuses them is not their fault."""
    header = session(member(Role.ADMINISTRATOR))

    assert shared_client().get("/admin/", headers=header).status_code == 200


@each_route
def test_who_may_call_a_route_and_what_the_others_are_told(route, ours, theirs, callers):
    """B4: the refused first, and all of them change nothing; then who is let in."""
    owned = {OTHERS: theirs}
    given = callers | {UNSCOPED: unscoped(route, ours)}
    cells = [
        (caller, target, ids, expected(route, caller, target))
        for target, ids in targets(route, ours, theirs).items()
        for caller in given
    ]
    refused = [cell for cell in cells if cell[3] >= 400]
    before, faults = stored(), {}

    for caller, target, ids, status in refused:
        body = route.body(owned.get(target, ours))
        response = call(route, route.url(ids), body, given[caller])
        if wrong := fault(route, response, status):
            faults[caller, target] = wrong

    assert faults == {}
    assert stored() == before
    for caller, target, ids, status in cells:
        if status < 400:
            body = route.body(owned.get(target, ours))
            response = call(route, route.url(ids), body, given[caller])
            assert fault(route, response, status) == "", (caller, target)


@pytest.mark.parametrize("route", [one for one in ROUTES if one.door == "brand"], ids=str)
def test_what_is_another_brand_s_looks_like_what_does_not_exist(route, ours, theirs, callers):
    """B4: nobody learns which ids others have."""
    header = callers[TOKEN]
    found = targets(route, ours, theirs)

    def told(target: str) -> Any:
        body = call(route, route.url(found[target]), route.body(ours), header).json()
        del body["instance"], body["requestTraceId"]
        return body

    assert told(OTHERS) == told(NO_ACCOUNT)
    if route.has_object:
        assert told(OTHERS_OBJECT) == told(NO_OBJECT)


@each_route
def test_each_route_answers_with_its_last_slash_as_without(route, ours, callers):
    """A19: and never by redirect."""
    allowed = {"brand": TOKEN, "sdk": CONSUMER, "token": CREDENTIALS, "widget": WIDGET}
    header = callers[allowed.get(route.door, "nothing")]

    response = call(route, route.url(ours.ids, slash="/"), route.body(ours), header)

    assert response.status_code == route.ok, response.content[:300]
