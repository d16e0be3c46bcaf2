"""The agent widget's pages: the frame, the window that signs in for it, a place to try it."""

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.generic import View

from accounts.models import Account, User
from accounts.pages.base import SettingPage
from accounts.permissions import AccountPermissionMixin
from accounts.roles import ADMINISTER, ANSWER_CONVERSATIONS
from conversations.widget_access import issue_code
from conversations.widgets import framing_origins

OPENER_POLICY = "Cross-Origin-Opener-Policy"
# How far a message came, as the frame shows it.
STATES = ("waiting", "sent", "delivered", "opened", "replied")
LIVEPERSON, STAND_IN = "liveperson", "stand-in"
# What the page for trying can play.
HOSTS = (
    ("plain", "A page that names the consumer in the address"),
    ("chatwoot", "Chatwoot, which sends a message"),
    (LIVEPERSON, "LivePerson’s workspace, by a stand-in of its SDK"),
)


class WidgetFrame(View):
    """The one page that others may frame: the account's listed sites, and our own pages.

    It is rendered without the request, so that it reads no cookie and sets none.
    """

    def get(self, request: HttpRequest, account_number: int) -> HttpResponse:
        return frame(_account(account_number), sdk=request.GET.get("sdk", ""))


class WidgetLogin(View):
    """The link of 2021, which names no account in its path."""

    def get(self, request: HttpRequest) -> HttpResponse:
        number = request.GET.get("accountId") or request.GET.get("brandId") or ""
        if number.isascii() and number.isdigit() and len(number) <= 18:
            return frame(_account(int(number)), sdk=request.GET.get("sdk", ""))
        return _framed(HttpResponse(render_to_string("conversations/widget/unnamed.html")), [])


class WidgetSignIn(AccountPermissionMixin, View):
    """The first-party window: whoever is signed in here lets the frame in that opened it.

    It keeps its opener, and hands the code to a page of this origin only. Signing in happens in a
    tab of its own, since those pages cut that tie.
    """

    required_permission = ANSWER_CONVERSATIONS

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            response = super().dispatch(request, *args, **kwargs)
        else:
            response = self._ask(request)
        response.headers[OPENER_POLICY] = "unsafe-none"
        return response

    def get(self, request: HttpRequest, account_number: int) -> HttpResponse:
        return render(request, "conversations/widget/sign_in.html", {"account": self.account})

    def post(self, request: HttpRequest, account_number: int) -> HttpResponse:
        if not isinstance(request.user, User):
            raise TypeError("A code is made for somebody who has signed in.")
        made = issue_code(account=self.account, user=request.user, now=timezone.now())
        return JsonResponse({"code": made.code}, status=201)

    def _ask(self, request: HttpRequest) -> HttpResponse:
        sign_in = f"{settings.LOGIN_URL}?{urlencode({'next': request.path})}"
        status = 200 if request.method == "GET" else 403
        page = render(
            request, "conversations/widget/ask.html", {"sign_in_url": sign_in}, status=status
        )
        add_never_cache_headers(page)
        return page


@method_decorator(csp_update({"frame-src": [SELF]}), name="dispatch")
class WidgetTry(SettingPage):
    """Plays the workspaces that the widget is made for, around the real frame."""

    required_permission = ADMINISTER
    template_name = "conversations/widget/try.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        given = self.request.GET
        host = given.get("host", "")
        host = host if host in dict(HOSTS) else "plain"
        consumer = given.get("consumer", "")[:255]
        return super().get_context_data(
            hosts=HOSTS,
            host=host,
            consumer=consumer,
            frame_url=self._frame_url(host, consumer),
            **kwargs,
        )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().get(request, *args, **kwargs)
        # The frame's window is to keep its opener here too.
        response.headers[OPENER_POLICY] = "same-origin-allow-popups"
        return response

    def _frame_url(self, host: str, consumer: str) -> str:
        url = reverse("widget_frame", args=[self.account.number])
        named = {"plain": {"consumerId": consumer}, LIVEPERSON: {"sdk": STAND_IN}}.get(host, {})
        # The page around it may have pinned a theme; the widget reads no cookie.
        theme = self.request.COOKIES.get("theme", "")
        named |= {"theme": theme} if theme else {}
        return f"{url}?{urlencode(named)}" if named else url


def frame(account: Account, *, sdk: str) -> HttpResponse:
    """``sdk`` asks for LivePerson's own script, which runs where the operator allows it, or for the
    stand-in of our page for trying.
    """
    origins = framing_origins(account)
    sdk_url = settings.LIVEPERSON_SDK_URL if sdk == LIVEPERSON else ""
    context = {
        "account": account,
        "origins": " ".join(origins),
        "sdk_url": sdk_url,
        "is_stand_in": sdk == STAND_IN,
        "states": STATES,
    }
    page = HttpResponse(render_to_string("conversations/widget/frame.html", context))
    return _framed(page, origins, scripts=[sdk_url] if sdk_url else [])


def _framed(
    page: HttpResponse, origins: list[str], *, scripts: list[str] | None = None
) -> HttpResponse:
    page.xframe_options_exempt = True
    page._csp_replace = {  # type: ignore[attr-defined]
        "frame-ancestors": [SELF, *origins],
        "script-src": [SELF, *(scripts or [])],
    }
    page.headers[OPENER_POLICY] = "unsafe-none"
    page.headers["Cache-Control"] = "no-store"
    return page


def _account(number: int) -> Account:
    account = Account.objects.filter(number=number).first()
    if account is None:
        raise Http404("There is no such account.")
    return account
