from allauth.account import views as allauth
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.socialaccount import views as company
from allauth.socialaccount.providers.openid_connect import views as oidc
from allauth.usersessions import views as sessions
from django.urls import path, re_path
from django.views.generic import RedirectView

from accounts import api, domain_api, views
from accounts.pages import api_clients, audit_log, limits, people, skills

# By the names under which django-allauth looks for them; of its own routes no others are mounted.
sign_in_steps = [
    path("sign-in/", views.SignIn.as_view(), name="account_login"),
    path("sign-in/code/", second_factor.authenticate, name="mfa_authenticate"),
    path("sign-in/again/", allauth.reauthenticate, name="account_reauthenticate"),
    path("sign-in/again/code/", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("sign-in/company/error/", company.login_error, name="socialaccount_login_error"),
    path(
        "sign-in/company/cancelled/", company.login_cancelled, name="socialaccount_login_cancelled"
    ),
    path("sign-in/<provider_id>/", oidc.login, name="openid_connect_login"),
    path("sign-in/<provider_id>/callback/", oidc.callback, name="openid_connect_callback"),
]
profile = [
    path("profile/", views.Profile.as_view(), name="profile"),
    path("profile/password/", allauth.password_change, name="account_change_password"),
    # Where the library sends people without one: they sign in through their company.
    path(
        "profile/password/none/",
        RedirectView.as_view(pattern_name="profile"),
        name="account_set_password",
    ),
    path("profile/sessions/", sessions.list_usersessions, name="usersessions_list"),
    path("profile/two-factor/", views.Profile.as_view(), name="mfa_index"),
    path("profile/two-factor/on/", totp.activate_totp, name="mfa_activate_totp"),
    path("profile/two-factor/off/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path(
        "profile/recovery-codes/",
        recovery_codes.view_recovery_codes,
        name="mfa_view_recovery_codes",
    ),
    path(
        "profile/recovery-codes/new/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(
        "profile/recovery-codes/file/",
        recovery_codes.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
]

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("sign-out/", views.SignOut.as_view(), name="sign_out"),
    *sign_in_steps,
    *profile,
    path("password/reset/", views.PasswordResetAsk.as_view(), name="password_reset"),
    path("password/reset/sent/", views.PasswordResetSent.as_view(), name="password_reset_sent"),
    path("password/reset/done/", views.PasswordResetDone.as_view(), name="password_reset_done"),
    path(
        "password/reset/<uidb64>/<token>/",
        views.PasswordResetConfirm.as_view(),
        name="password_reset_confirm",
    ),
    path("invitation/<uidb64>/<token>/", views.AcceptInvitation.as_view(), name="invitation"),
]

# At the root: of the OAuth library's own routes none is mounted (S10).
token_urls = [
    re_path(r"^oauth/token/?$", api.TokenView.as_view(), name="oauth_token"),
    re_path(r"^oauth/revoke_token/?$", api.RevokeTokenView.as_view(), name="oauth_revoke"),
    re_path(
        r"^sentinel/api/account/(?P<account_number>[0-9]{1,18})/app/token/?$",
        api.SentinelTokenView.as_view(),
        name="sentinel_token",
    ),
]

# Relative to api/account/<account_number>/: LivePerson's Domain API.
domain_urls = [
    re_path(r"^service/baseURI\.json/?$", domain_api.Services.as_view(), name="services"),
    re_path(
        r"^service/(?P<service>[^/]+)/baseURI\.json/?$",
        domain_api.Service.as_view(),
        name="service",
    ),
]

# Relative to account/<account_number>/: the settings.
pages = [
    path("settings/", api_clients.OpenSettings.as_view(), name="settings"),
    path("settings/api/", api_clients.ClientList.as_view(), name="settings_api"),
    path("settings/api/new/", api_clients.ClientNew.as_view(), name="settings_api_new"),
    path(
        "settings/api/<int:client_pk>/",
        api_clients.ClientDetail.as_view(),
        name="settings_api_client",
    ),
    path(
        "settings/api/<int:client_pk>/edit/",
        api_clients.ClientEdit.as_view(),
        name="settings_api_edit",
    ),
    path(
        "settings/api/<int:client_pk>/switch/",
        api_clients.ClientSwitch.as_view(),
        name="settings_api_switch",
    ),
    path(
        "settings/api/<int:client_pk>/rotate/",
        api_clients.SecretRotate.as_view(),
        name="settings_api_rotate",
    ),
    path(
        "settings/api/<int:client_pk>/secrets/<int:secret_pk>/revoke/",
        api_clients.SecretRevoke.as_view(),
        name="settings_api_revoke",
    ),
    path("settings/skills/", skills.SkillList.as_view(), name="settings_skills"),
    path("settings/skills/new/", skills.SkillNew.as_view(), name="settings_skill_new"),
    path("settings/skills/<int:skill_pk>/", skills.SkillEdit.as_view(), name="settings_skill_edit"),
    path(
        "settings/skills/<int:skill_pk>/default/",
        skills.SkillMakeDefault.as_view(),
        name="settings_skill_default",
    ),
    path(
        "settings/skills/<int:skill_pk>/delete/",
        skills.SkillDelete.as_view(),
        name="settings_skill_delete",
    ),
    path("settings/people/", people.PeopleList.as_view(), name="settings_people"),
    path("settings/people/invite/", people.PersonInvite.as_view(), name="settings_people_invite"),
    path(
        "settings/people/<int:member_pk>/", people.PersonEdit.as_view(), name="settings_person_edit"
    ),
    path(
        "settings/people/<int:member_pk>/invitation/",
        people.PersonInviteAgain.as_view(),
        name="settings_person_invite_again",
    ),
    path(
        "settings/people/<int:member_pk>/remove/",
        people.PersonRemove.as_view(),
        name="settings_person_remove",
    ),
    path("settings/limits/", limits.Limits.as_view(), name="settings_limits"),
    path("settings/audit/", audit_log.AuditLog.as_view(), name="settings_audit"),
]
