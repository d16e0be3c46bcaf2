from django.urls import re_path

from accounts.models import Platform
from console.app_settings import apps, credentials, push_tests

APP = r"^settings/apps/(?P<app_id>[0-9]{1,18})/"
WAY = rf"{APP}(?P<platform>{'|'.join(Platform.values)})/"

# Relative to account/<account_number>/.
pages = [
    re_path(r"^settings/apps/$", apps.AppList.as_view(), name="settings_apps"),
    re_path(r"^settings/apps/new/$", apps.AppNew.as_view(), name="settings_app_new"),
    re_path(rf"{APP}$", apps.AppPage.as_view(), name="settings_app"),
    re_path(rf"{APP}edit/$", apps.AppEdit.as_view(), name="settings_app_edit"),
    re_path(rf"{APP}test/$", push_tests.PushTest.as_view(), name="settings_push_test"),
    re_path(rf"{APP}keys/$", credentials.VapidKeys.as_view(), name="settings_vapid_keys"),
    re_path(rf"{WAY}$", credentials.CredentialForm.as_view(), name="settings_credential"),
    re_path(rf"{WAY}off/$", credentials.CredentialOff.as_view(), name="settings_credential_off"),
    re_path(
        rf"{WAY}signing/$", credentials.SigningSecret.as_view(), name="settings_signing_secret"
    ),
]
