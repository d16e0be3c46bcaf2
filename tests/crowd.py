"""Many consumers at once, each with a device behind a push proxy."""

from django.db import connection
from django.utils import timezone

from accounts.models import App
from consumers.models import Consumer, Device, token_digest
from push.credentials import save_credential
from tests.campaigns.conftest import Brand, make_brand

_CONSUMERS = """
INSERT INTO consumers_consumer (account_id, ref, name, created_at, last_login_at)
SELECT %(account)s, 'c' || n, '', %(now)s, %(now)s FROM generate_series(1, %(count)s) n
"""


def make_crowd(count: int, *, proxy_url: str = "") -> Brand:
    """A brand with ``count`` consumers ``c1`` … on Android, pushed to by the lab or a proxy."""
    brand = make_brand()
    with connection.cursor() as cursor:
        cursor.execute(
            _CONSUMERS, {"account": brand.account.pk, "count": count, "now": timezone.now()}
        )
    add_devices(brand.app)
    if proxy_url:
        save_credential(
            app=brand.app,
            platform="android",
            provider="proxy",
            settings={"url": proxy_url},
            by="tests",
        )
    return brand


def add_devices(app: App) -> None:
    consumers = Consumer.objects.filter(account=app.account)
    Device.objects.bulk_create(
        Device(
            account=app.account,
            consumer=consumer,
            app=app,
            platform="android",
            token=f"token-{consumer.ref}",
            token_digest=token_digest(f"token-{consumer.ref}"),
            sdk_version="5.8",
        )
        for consumer in consumers
    )
