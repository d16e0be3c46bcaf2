"""A web app of the demo brand, for real browsers: its page, its worker, and who signs in."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from lab import brand
from lab.brand import Secrets, SecretsMissing
from lab.caller import consumer_token
from lab.desk_view import LabView

PEOPLE = {phone.ref: phone.name for phone in (*brand.PHONES, brand.HUAWEI_PHONE)}
WORKER = 'importScripts("/sdk/v1/sw.js");\n'


class Page(LabView):
    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        app = self.account.apps.filter(bundle_id=brand.DEMO_APP).first()
        context = {"account": self.account, "app": app, "people": PEOPLE}
        return render(request, "lab/demo.html", context)


class Worker(LabView):
    """All that a brand hosts of the SDK itself: a worker serves the folder that it stands in."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return HttpResponse(WORKER, content_type="text/javascript; charset=utf-8")


class SignIn(LabView):
    """What a brand's own sign-in does at its end: the person's JWT."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        ref = request.POST.get("person", "")
        if ref not in PEOPLE:
            return JsonResponse({"detail": "There is no such person."}, status=400)
        try:
            token = consumer_token(ref, Secrets.read())
        except SecretsMissing as error:
            return JsonResponse({"detail": str(error)}, status=409)
        return JsonResponse({"token": token})
