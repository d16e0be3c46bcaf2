"""What a web app subscribes with: the public half of its key pair (RFC 8292)."""

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from consumers.authentication import SdkView
from push.vapid_keys import application_server_key, find_vapid_keys


class PushKey(SdkView):
    def get(self, request: Request, account_number: int, app_name: str) -> Response:
        app = self.account.apps.filter(bundle_id=app_name).first()
        credential = find_vapid_keys(app) if app else None
        if credential is None or not credential.is_enabled:
            raise Http404
        return Response({"applicationServerKey": application_server_key(credential)})
