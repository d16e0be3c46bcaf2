"""The brand, its people, its skills, its apps, its API clients, and who changed what."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from oauth2_provider.models import AbstractApplication

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


class UserManager(BaseUserManager["User"]):
    """Users are known by their e-mail address, compared without regard to case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]
    """A person who signs in. What they may do in a brand is told by their memberships."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField(default=False, help_text="May open Django admin.")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    sessions_ended = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="How often all sessions were ended."
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def end_sessions(self) -> None:
        """Sign the person out everywhere, at the next request of each session."""
        User.objects.filter(pk=self.pk).update(sessions_ended=F("sessions_ended") + 1)
        self.refresh_from_db(fields=["sessions_ended"])

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # What a session is bound to: the password, as Django has it, and this count.
        known: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        return f"{known}.{self.sessions_ended}" if self.sessions_ended else known


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


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", "Administrator"
    CAMPAIGN_MANAGER = "campaign_manager", "Campaign manager"
    AGENT_MANAGER = "agent_manager", "Agent manager"
    AGENT = "agent", "Agent"


class Membership(models.Model):
    """What a user is in a brand: the record that guardian's permissions are derived from."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    skills = models.ManyToManyField(Skill, blank=True, related_name="memberships")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "account"], name="membership_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} of {self.account}"


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


class ApiClient(AbstractApplication):  # type: ignore[misc]
    """A brand system that calls us: the OAuth application, bound to one account."""

    # Secrets are rows of ApiSecret; the library's own column stays empty for good.
    client_secret = models.CharField(max_length=1, blank=True, default="", editable=False)
    client_type = models.CharField(
        max_length=32, default=AbstractApplication.CLIENT_CONFIDENTIAL, editable=False
    )
    authorization_grant_type = models.CharField(
        max_length=44, default=AbstractApplication.GRANT_CLIENT_CREDENTIALS, editable=False
    )
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_clients")
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    is_enabled = models.BooleanField(default=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[models.Manager["ApiClient"]] = models.Manager()

    class Meta(AbstractApplication.Meta):  # type: ignore[misc]
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
        constraints: ClassVar = [
            models.CheckConstraint(name="api_client_no_secret", condition=Q(client_secret="")),
        ]

    def __str__(self) -> str:
        return str(self.name or self.client_id)


class ApiSecret(models.Model):
    """One of a client's secrets. Two are live while one is being rotated.

    The secret is 256 random bits, so a plain SHA-256 is enough (nothing to stretch).
    """

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="secrets")
    digest = models.CharField(max_length=64)
    prefix = models.CharField(
        max_length=8, help_text="The first characters, to tell secrets apart."
    )
    valid_from = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "digest"], name="api_secret_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def is_live(self, now: datetime) -> bool:
        return self.valid_from <= now and (self.valid_until is None or now < self.valid_until)


class AuditEvent(models.Model):
    """What a person changed. No foreign keys, so that history never holds up live data."""

    at = models.DateTimeField(default=timezone.now)
    account_number = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=254, help_text="E-mail address, or the command that ran.")
    verb = models.CharField(max_length=60, help_text="What happened: handoff_archived.")
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=64)
    target_label = models.CharField(max_length=255, blank=True)
    changes = models.JSONField(default=dict, help_text='{"field": ["before", "after"]}')

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account_number", "-at", "-id"], name="audit_by_account"),
            # What became of one thing, as a handoff's versions, among all that a brand does.
            models.Index(fields=["target_type", "target_id", "-at", "-id"], name="audit_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.verb}"
