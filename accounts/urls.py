from django.urls import path, re_path

from accounts import api, domain_api, views

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("sign-out/", views.SignOut.as_view(), name="sign_out"),
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
