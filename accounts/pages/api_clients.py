"""Settings, API: the systems that call, their secrets, and what each may do."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from oauth2_provider.settings import oauth2_settings

from accounts import services
from accounts.api_clients import ClientIdTaken, SecretRotatedMeanwhile, newest_secret
from accounts.models import ApiClient, ApiSecret
from accounts.pages.base import Confirmation, Setting, SettingForm, SettingPage, show_once
from accounts.pages.forms import ChangeClient, NewClient, Overlap
from accounts.selectors import api_clients, live_tokens

SETTING = "API"


class OpenSettings(Setting):
    """The settings' first page."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return redirect("settings_api", self.account.number)


class ClientList(SettingPage):
    template_name = "accounts/settings/api_clients.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        clients = api_clients(self.account, now=timezone.now()).order_by("-pk")
        return super().get_context_data(clients=clients[:200], **kwargs)


class ClientNew(SettingForm):
    template_name = "accounts/settings/api_client_new.html"
    form_class = NewClient
    back_view = "settings_api"

    def get_initial(self) -> dict[str, Any]:
        return {"client_id": uuid4(), "scopes": ["campaigns:send", "campaigns:read"]}

    def save(self, form: NewClient) -> HttpResponse:
        given = form.cleaned_data
        try:
            client, secret = services.create_api_client(
                account=self.account,
                name=given["name"],
                scopes=given["scopes"],
                client_id=str(given["client_id"]),
                by=self.user,
            )
        except ClientIdTaken:
            return self._made_before(given["client_id"])
        return _show_secret(self.request, client, secret)

    def _made_before(self, client_id: UUID) -> HttpResponse:
        """The form was sent twice: what it made is there, and its secret was told."""
        client = get_object_or_404(ApiClient, account=self.account, client_id=str(client_id))
        return self.back_to(
            "settings_api_client",
            client.pk,
            warned="This client was made already. If nobody kept its secret, rotate it.",
        )


class OneClient(Setting):
    """A page of one client of the account."""

    client: ApiClient

    def load(self) -> None:
        clients = api_clients(self.account, now=timezone.now())
        self.client = get_object_or_404(clients, pk=self.kwargs["client_pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(client=self.client, **kwargs)

    def back_url(self) -> str:
        return str(redirect("settings_api_client", self.account.number, self.client.pk).url)


class ClientDetail(OneClient, SettingPage):
    template_name = "accounts/settings/api_client.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words: Mapping[str, str] = oauth2_settings.SCOPES
        allowed = [(scope, words.get(scope, "")) for scope in self.client.scopes]
        return super().get_context_data(allowed=allowed, **kwargs)


class ClientEdit(OneClient, SettingForm):
    template_name = "accounts/settings/api_client_edit.html"
    form_class = ChangeClient

    def get_initial(self) -> dict[str, Any]:
        return {"name": self.client.name, "scopes": self.client.scopes}

    def save(self, form: ChangeClient) -> HttpResponse:
        client = services.change_api_client(
            client=self.client,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            is_enabled=self.client.is_enabled,
            by=self.user,
        )
        return self.back_to("settings_api_client", client.pk, told=f"{client} was saved.")


class ClientSwitch(OneClient, Confirmation):
    """Switches a client off, after telling what ends, or on."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tokens = live_tokens(self.client, now=timezone.now())
        if self.client.is_enabled:
            words: dict[str, Any] = {
                "question": f"Switch off {self.client}?",
                "consequence": f"Its calls are refused from now on, {_end(tokens)}. Its secrets "
                "stay, and work again when it is switched on. Campaigns that it sent go on.",
                "button": "Switch it off",
                "to": "off",
            }
        else:
            words = {
                "question": f"Switch on {self.client}?",
                "consequence": "Its secrets work again, and whoever has one may call.",
                "button": "Switch it on",
                "to": "on",
                "is_safe": True,
            }
        return super().get_context_data(
            setting=SETTING, keep="Leave it as it is", back=self.back_url(), **words, **kwargs
        )

    def confirmed(self) -> HttpResponse:
        # What the page that was confirmed spoke of: sent twice, it does not switch back.
        is_enabled = self.request.POST.get("to") == "on"
        services.change_api_client(
            client=self.client,
            name=self.client.name,
            scopes=self.client.scopes,
            is_enabled=is_enabled,
            by=self.user,
        )
        state = "on" if is_enabled else "off"
        return self.back_to(
            "settings_api_client", self.client.pk, told=f"{self.client} was switched {state}."
        )


class SecretRotate(OneClient, SettingForm):
    template_name = "accounts/settings/rotate.html"
    form_class = Overlap

    def get_initial(self) -> dict[str, Any]:
        return {"hours": 24, "newest": newest_secret(self.client)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        live = self.client.live_secrets
        return super().get_context_data(
            setting=SETTING,
            heading=f"Rotate the secret of {self.client}",
            ending=[str(secret) for secret in live[1:]],
            **kwargs,
        )

    def save(self, form: Overlap) -> HttpResponse:
        try:
            secret = services.rotate_secret(
                client=self.client,
                overlap=timedelta(hours=form.cleaned_data["hours"]),
                newest=form.cleaned_data["newest"],
                by=self.user,
            )
        except SecretRotatedMeanwhile as refused:
            return self.back_to("settings_api_client", self.client.pk, warned=refused.message)
        return _show_secret(self.request, self.client, secret)


class SecretRevoke(OneClient, Confirmation):
    secret: ApiSecret

    def load(self) -> None:
        super().load()
        live = {secret.pk: secret for secret in self.client.live_secrets}
        if self.kwargs["secret_pk"] not in live:
            raise Http404
        self.secret = live[self.kwargs["secret_pk"]]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tokens = live_tokens(self.client, now=timezone.now())
        others = len(self.client.live_secrets) - 1
        rest = (
            "Another secret of the client goes on working."
            if others
            else "It is the last one that works: calls are refused until a new one is made."
        )
        return super().get_context_data(
            setting=SETTING,
            question=f"Revoke the secret {self.secret} of {self.client}?",
            consequence=f"It ends now, {_end(tokens)}, since whoever has the secret may hold "
            f"some. {rest} This cannot be undone.",
            button="Revoke it now",
            keep="Keep the secret",
            back=self.back_url(),
            **kwargs,
        )

    def confirmed(self) -> HttpResponse:
        services.revoke_secret(secret=self.secret, by=self.user)
        return self.back_to(
            "settings_api_client", self.client.pk, told=f"The secret {self.secret} was revoked."
        )


def _end(tokens: int) -> str:
    ended = "1 access token ends" if tokens == 1 else f"{tokens:,} access tokens end"
    return f"and {ended} with it"


def _show_secret(request: HttpRequest, client: ApiClient, secret: str) -> HttpResponse:
    return show_once(
        request,
        account=client.account,
        setting=SETTING,
        heading=f"The secret of {client}",
        secret=secret,
        facts=[("Client id", client.client_id)],
        next_url=redirect("settings_api_client", client.account.number, client.pk).url,
        next_words=f"Go to {client}",
    )
