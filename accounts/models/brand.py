"""A brand: its account, skills and apps."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.ids import digits
from common.times import time_zones


def new_account_number() -> int:
    return int(digits(8))


def validate_time_zone(value: str) -> None:
    """Accept IANA names only.

    :raises ValidationError: the name is not in the time zone database.
    """
    if value not in time_zones():
        raise ValidationError(f"{value!r} is no IANA time zone, such as Europe/Stockholm.")


class Region(models.TextChoices):
    NA = "NA", "North America"
    EMEA = "EMEA", "Europe, Middle East and Africa"
    APAC = "APAC", "Asia Pacific"


class Account(models.Model):  # type: ignore[django-manager-missing]
    """A brand: the tenant that everything else hangs on."""

    number = models.BigIntegerField(
        "account id",
        unique=True,
        default=new_account_number,
        validators=[MinValueValidator(1), MaxValueValidator(999_999_999_999)],
        help_text="The number in callers' paths. A brand that moves may keep its own.",
    )
    name = models.CharField(max_length=255)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    region = models.CharField(max_length=4, choices=Region, default=Region.EMEA)
    default_skill = models.ForeignKey(
        "accounts.Skill", on_delete=models.RESTRICT, null=True, blank=True, related_name="+"
    )
    welcome_message = models.TextField(blank=True, max_length=1550)
    max_recipients = models.PositiveIntegerField(
        "recipients a call",
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(10_000)],
    )
    requests_per_second = models.PositiveIntegerField(default=10, validators=[MinValueValidator(1)])
    daily_recipients = models.PositiveIntegerField(
        "recipients a day",
        default=100_000,
        db_default=100_000,
        validators=[MinValueValidator(1)],
        help_text="How many recipients all calls of a day (UTC) may name together.",
    )
    messages_per_second = models.PositiveIntegerField(
        "messages a second",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many messages go out a second on each channel; empty: as fast as it goes.",
    )
    return_after_minutes = models.PositiveIntegerField(
        "minutes until a conversation goes back",
        null=True,
        blank=True,
        default=10,
        db_default=10,
        validators=[MaxValueValidator(10_080)],
        help_text="A consumer who waits so long for who accepted is in the queue again; "
        "empty or 0: never.",
    )
    close_after_hours = models.PositiveIntegerField(
        "hours until a conversation is closed",
        null=True,
        blank=True,
        default=168,
        db_default=168,
        validators=[MaxValueValidator(8_760)],
        help_text="A consumer who is silent so long after the agent’s last word; "
        "empty or 0: never.",
    )
    requires_two_factor = models.BooleanField(
        "two-factor for administrators",
        default=False,
        db_default=False,
        help_text="Administrators open nothing before they have set it up.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        permissions: ClassVar = [
            ("view_campaigns", "Can see campaigns and reports"),
            ("manage_handoffs", "Can create, edit and archive handoffs"),
            ("answer_conversations", "Can answer conversations of own skills"),
            ("manage_agents", "Can see figures of skills and agents"),
            ("administer", "Can change the settings of the account"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="account_max_recipients", condition=Q(max_recipients__range=(1, 10_000))
            ),
            models.CheckConstraint(name="account_send_rate", condition=~Q(messages_per_second=0)),
        ]
        indexes: ClassVar = [
            # Asked for with each batch; few have one.
            models.Index(
                fields=["id"],
                condition=Q(messages_per_second__isnull=False),
                name="account_with_send_rate",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class Skill(models.Model):
    """A named team that conversations are routed to."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="skills")
    name = models.CharField(max_length=255)
    target_minutes = models.PositiveIntegerField(
        "target for waiting time, minutes", default=5, validators=[MinValueValidator(1)]
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "name"], name="skill_name_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class Platform(models.TextChoices):
    IOS = "ios", "iOS"
    ANDROID = "android", "Android"
    HUAWEI = "huawei", "Huawei"
    WEB = "web", "Web"


ORIGIN = RegexValidator(
    r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?$",
    "An origin is a scheme and a host: https://shop.brand.com.",
)


VERSION = RegexValidator(
    r"^\d{1,4}(\.\d{1,6}){0,3}$", "A version is numbers and dots: 6.2 or 4.7.1."
)


class App(models.Model):
    """A mobile or web app of the brand, named by its bundle id."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="apps")
    bundle_id = models.CharField(
        "bundle id",
        max_length=155,
        validators=[
            RegexValidator(
                r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
                "A bundle id is letters, digits, dots, hyphens and underscores: com.brand.app.",
            )
        ],
    )
    name = models.CharField(max_length=100, help_text="What people see on the phone.")
    platforms = ArrayField(models.CharField(max_length=8, choices=Platform), default=list)
    min_ios_sdk = models.CharField(
        "minimum iOS SDK", max_length=20, default="6.2", validators=[VERSION]
    )
    min_android_sdk = models.CharField(
        "minimum Android SDK", max_length=20, default="4.7", validators=[VERSION]
    )
    min_androidx_sdk = models.CharField(
        "minimum Android SDK with AndroidX", max_length=20, default="5.5", validators=[VERSION]
    )
    origins = ArrayField(
        models.CharField(max_length=255, validators=[ORIGIN]), default=list, blank=True
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "bundle_id"], name="app_bundle_id_unique"),
        ]

    def __str__(self) -> str:
        return self.bundle_id

    def minimum_sdk(self, platform: str, *, is_androidx: bool) -> str:
        """The oldest SDK version that is pushed to; empty where the product names none."""
        if platform == Platform.IOS:
            return self.min_ios_sdk
        if platform in {Platform.ANDROID, Platform.HUAWEI}:
            return self.min_androidx_sdk if is_androidx else self.min_android_sdk
        return ""
