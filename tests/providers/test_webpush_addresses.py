"""S5: a browser tells where we call, or whoever speaks in its name."""

import pytest

from common.transport import Answer, Call, Pause, Sent
from push.providers.base import DeviceTarget, Outcome
from push.providers.site import Site
from push.providers.vapid import VapidSigner, new_private_key
from push.providers.webpush import WebPushProvider, origin_of
from push.providers.webpush_settings import WebPushSettings
from tests.providers.contract import NOW, make_request

CONTACT = "mailto:push@larkfield.example"
REFUSED_ENDPOINTS = [
    "http://fcm.googleapis.com/wp/1",
    "https://example.com/wp/1",
    "https://fcm.googleapis.com.example.com/wp/1",
    "https://example.com/fcm.googleapis.com/wp/1",
    "https://evilfcm.googleapis.com/wp/1",
    "https://sub.fcm.googleapis.com/wp/1",
    "https://googleapis.com/wp/1",
    "https://fcm.googleapis.com./wp/1",
    "https://fcm.googleapis.com%2eexample.com/wp/1",
    "https://fcm.googleapis.com@example.com/wp/1",
    "https://example.com@fcm.googleapis.com/wp/1",
    "https://user:secret@fcm.googleapis.com/wp/1",
    "https://example.com#.notify.windows.com/1",
    "https://example.com?.notify.windows.com/1",
    "https://example.com/.notify.windows.com/1",
    "https://example.com\\.notify.windows.com/1",
    "https://example.com%2f.notify.windows.com/1",
    "https://example.com%00.notify.windows.com/1",
    "https://example.com;.notify.windows.com/1",
    "https://example.com:443.notify.windows.com/1",
    "https://evilnotify.windows.com/1",
    "https://notify.windows.com/1",
    "https://.notify.windows.com/1",
    "https://a..notify.windows.com/1",
    "https://notify.windows.com.example.com/1",
    "https://127.0.0.1/1",
    "https://2130706433/1",
    "https://[::1]/1",
    "https://[::ffff:169.254.169.254]/1",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/1",
    "https://fcm.googleapis.com:0/1",
    "https://fcm.googleapis.com:x/1",
    "https://fcm.googleapis.com/\r\nHost: inside",
    "https://fcm.googleapis.com/ 1",
    "https:fcm.googleapis.com",
    "//fcm.googleapis.com/1",
    "ftp://fcm.googleapis.com/1",
    "https://",
    "token-1",
    "",
]
GUARDED = WebPushProvider(
    WebPushSettings(new_private_key(), CONTACT),
    Site(allow_http=True, web_push_hosts=("fcm.googleapis.com", "*.notify.windows.com")),
)
KEYS = {"p256dh": VapidSigner(new_private_key(), CONTACT).public_key, "auth": "A" * 22}


@pytest.mark.parametrize("endpoint", REFUSED_ENDPOINTS)
def test_address_that_is_no_push_service_is_never_called(endpoint: str) -> None:
    """S5: a browser tells where we call, or whoever speaks in its name."""
    request = make_request(target=DeviceTarget("web", endpoint, **KEYS))

    start = GUARDED.start(request, NOW)
    result = GUARDED.finish(request, Answer(start.tag, Sent.ANSWERED, NOW))

    assert isinstance(start, Pause)
    assert (result.outcome, result.reason) == (Outcome.REJECTED, "endpoint_refused")
    assert result.detail


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc:def", "https://fcm.googleapis.com"),
        ("https://FCM.googleapis.com:443/wp/1", "https://fcm.googleapis.com"),
        (
            "https://wns2-par02p.notify.windows.com/w/?token=a%3d",
            "https://wns2-par02p.notify.windows.com",
        ),
        ("https://a.b.notify.windows.com:8443/w", "https://a.b.notify.windows.com:8443"),
    ],
)
def test_address_of_a_push_service_is_called_at_its_origin(endpoint: str, origin: str) -> None:
    request = make_request(target=DeviceTarget("web", endpoint, **KEYS))

    start = GUARDED.start(request, NOW)

    assert isinstance(start, Call)
    assert (start.url, origin_of(endpoint)) == (endpoint, origin)
    assert start.key.startswith(f"{origin} ")
    assert start.guard == Site(web_push_hosts=GUARDED.site.web_push_hosts).web_push_guard


def test_each_origin_and_each_key_pair_has_connections_of_its_own() -> None:
    providers = [
        WebPushProvider(WebPushSettings(new_private_key(), CONTACT), GUARDED.site) for _ in range(2)
    ]
    endpoints = ["https://fcm.googleapis.com/1", "https://fcm.googleapis.com/2"]
    endpoints.append("https://x.notify.windows.com/1")

    starts = [
        provider.start(make_request(target=DeviceTarget("web", endpoint, **KEYS)), NOW)
        for provider in providers
        for endpoint in endpoints
    ]

    assert len({start.key for start in starts if isinstance(start, Call)}) == 4
