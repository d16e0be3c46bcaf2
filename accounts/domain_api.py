"""LivePerson's Domain API: where an account's services are (``liveperson.md`` 1.1, A20).

Open to all, as LivePerson's is: a system asks it before it has a token.
"""

from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Account
from common.errors import DomainError
from common.query import Query

# Names that LivePerson's clients ask for, letter by letter.
SERVICES = (
    "sentinel",
    "agentVep",
    "proactive",
    "outboundConfiguration",
    "connectToMessagingDomain",
    "cx-reporting",
)


class UnknownAccount(DomainError):
    """There is no such account."""

    key = "unknown_account"


class UnknownService(DomainError):
    """There is no service of that name."""

    key = "unknown_service"


def base_uri(account: Account) -> str:
    """Host, and port where there is one, of all services: they are one installation."""
    own: str = settings.REGION_HOSTS.get(account.region, "")
    return own or urlsplit(settings.PUBLIC_URL).netloc


class DomainView(APIView):
    """Of an account that anyone may name.

    LivePerson prints 200, 400 and 401 for these paths, so what is unknown is 400 here, not 404.
    """

    authentication_classes = ()
    metadata_class = None
    account: Account

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        query = Query(request.query_params)
        query.version("version", ("1.0",))
        query.raise_if_invalid()
        account = Account.objects.filter(number=int(str(kwargs["account_number"]))).first()
        if account is None:
            raise UnknownAccount("There is no such account.", pointer="/account")
        self.account = account

    def entry(self, service: str) -> dict[str, str]:
        return {
            "service": service,
            "account": str(self.account.number),
            "baseURI": base_uri(self.account),
        }


class Services(DomainView):
    def get(self, request: Request, account_number: str) -> Response:
        return Response({"baseURIs": [self.entry(service) for service in SERVICES]})


class Service(DomainView):
    def get(self, request: Request, account_number: str, service: str) -> Response:
        if service not in SERVICES:
            raise UnknownService(
                f"There is no such service. Names are {', '.join(SERVICES)}, letter by letter.",
                pointer="/service",
            )
        return Response(self.entry(service))
