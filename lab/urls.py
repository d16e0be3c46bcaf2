from django.urls import URLPattern, URLResolver, include, path

from lab import brand, demo_app, views

app_name = "lab"

phone_urls = [
    path("", views.PhoneShow.as_view(), name="phone"),
    path("tap/", views.PhoneTap.as_view(), name="tap"),
    path("reply/", views.PhoneReply.as_view(), name="reply"),
    path("end/", views.PhoneEnd.as_view(), name="end"),
]

account_urls: list[URLPattern | URLResolver] = [
    path("", views.Desk.as_view(), name="desk"),
    path("changes/", views.Changes.as_view(), name="changes"),
    path("send/", views.SendToAll.as_view(), name="send"),
    path("provider/", views.Provider.as_view(), name="provider"),
    path("phones/new/", views.PhoneAdd.as_view(), name="add"),
    path("phones/<int:device_id>/", include(phone_urls)),
]

urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("<int:account_number>/", include(account_urls)),
]

# Relative to demo/: the brand's own app.
_BRAND = {"account_number": brand.NUMBER}
demo_urls = (
    [
        path("", demo_app.Page.as_view(), _BRAND, name="page"),
        path("sw.js", demo_app.Worker.as_view(), _BRAND, name="worker"),
        path("sign-in/", demo_app.SignIn.as_view(), _BRAND, name="sign_in"),
    ],
    "demo",
)
