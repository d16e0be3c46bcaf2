"""Every setting, read from the environment. `.env.example` lists the variables."""

import os
import re
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

# ---- core ----------------------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env", overwrite=False)


def required(name: str, hint: str) -> str:
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {hint}")
    return value


def listed(name: str, default: Sequence[str] = ()) -> list[str]:
    """What stands between commas, without the spaces that people put after them."""
    return [found for word in env.list(name, default=[*default]) if (found := word.strip())]


VERSION = "0.1.0"
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = required("SECRET_KEY", "Give it 50 or more random characters; keep it secret.")
ALLOWED_HOSTS = listed("ALLOWED_HOSTS", ["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = listed("CSRF_TRUSTED_ORIGINS")
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
# Region of an account -> host of its services, as the Domain API tells it; else PUBLIC_URL's.
REGION_HOSTS = env.dict("REGION_HOSTS", default={})
if not set(REGION_HOSTS) <= {"NA", "EMEA", "APAC"}:
    raise ImproperlyConfigured("REGION_HOSTS names hosts for NA, EMEA and APAC: NA=va.example.com.")
# Plain http, for a loopback installation only: cookies without Secure, no HSTS.
INSECURE_HTTP = env.bool("INSECURE_HTTP", default=False)

# ---- apps ----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "django_structlog",
    "guardian",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "handoffs",
    "consumers",
    "push",
    "webhooks",
    "conversations",
    "campaigns",
    "deflection",
    "console",
    "lab",
    "proactive_site",
]

MIDDLEWARE = [
    "common.problems.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.request_log.SafeRequestMiddleware",
    "csp.middleware.CSPMiddleware",
    "proactive_site.headers.HeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "proactive_site.urls"
WSGI_APPLICATION = "proactive_site.wsgi.application"
# LivePerson's paths answer with and without the last slash, never by redirect (A19).
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "proactive_site.context.frame",
            ],
            # How numbers, shares and times are written.
            "builtins": ["common.template_words"],
        },
    }
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# ---- database ------------------------------------------------------------------------------

DATABASES: dict[str, Any] = {
    "default": {
        **env.db_url_config(
            required(
                "DATABASE_URL",
                "Name a PostgreSQL database, or use script/server, which brings its own.",
            )
        ),
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": env.int("DB_CONN_MAX_AGE", default=60),
    }
}
# A server that went without a goodbye, as in a failover, is found out within a minute; TCP by
# itself takes hours. What DATABASE_URL says comes first.
DATABASES["default"]["OPTIONS"] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    **DATABASES["default"].get("OPTIONS", {}),
}
# Connections that the threads of a process share; 0 for one that each thread keeps. gunicorn.py
# sets it for the web server alone, which has more threads than PostgreSQL has connections.
DB_POOL_SIZE = env.int("DB_POOL_SIZE", default=0)
if DB_POOL_SIZE:
    # It looks itself whether a connection is alive.
    shared = {"ENGINE": "common.postgresql", "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    DATABASES["default"].update(shared)
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 0,
        "max_size": DB_POOL_SIZE,
        # What a caller waits for a connection, before 503.
        "timeout": 3.0,
        # A database that is away is asked again by the next caller, not after a longer and longer
        # pause: its return is enough.
        "reconnect_timeout": 0.5,
        "max_idle": 60.0,
    }
# Seconds after which PostgreSQL gives a statement up; 0 for never. gunicorn.py sets it for the web
# server alone: a caller must not wait for ever behind somebody's lock, a migration may.
DB_STATEMENT_TIMEOUT = env.float("DB_STATEMENT_TIMEOUT", default=0.0)
# Seconds after which PostgreSQL gives a transaction up of which nothing is heard; 0 for never. A
# host that lost its power holds its locks for so long, and all that wait behind them.
DB_IDLE_TIMEOUT = env.float("DB_IDLE_TIMEOUT", default=60.0)
_patience = {
    "statement_timeout": DB_STATEMENT_TIMEOUT,
    "idle_in_transaction_session_timeout": DB_IDLE_TIMEOUT,
}
# Beside what DATABASE_URL asks for.
DATABASES["default"]["OPTIONS"]["options"] = " ".join(
    [
        DATABASES["default"]["OPTIONS"].get("options", ""),
        *(f"-c {name}={int(seconds * 1000)}" for name, seconds in _patience.items() if seconds),
    ]
)

# ---- cache and Celery ----------------------------------------------------------------------

REDIS_URL = required("REDIS_URL", "Name a Redis or Valkey server, or use script/server.")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1.0},
    }
}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Those of workers and beat; who sends wake-ups waits for less (common/wake_ups.py).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 5.0,
    "max_retries": 0,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 2000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "default"
# One queue a lane of delivery, so that a slow provider's wake-ups hold up no other's.
CELERY_TASK_QUEUES = [
    Queue(name)
    for name in (
        "default",
        "deliver.none",
        "deliver.lab",
        "deliver.proxy",
        "deliver.fcm",
        "deliver.apns",
        "deliver.webpush",
        "deliver.aside",
        "hooks",
        "replies",
    )
]
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # Tells /ready that broker, beat and a worker work together.
    "heartbeat": {"task": "campaigns.tasks.heartbeat", "schedule": 10.0},
    # Keeps the number of tally rows small; pages are right without it.
    "fold-tallies": {"task": "campaigns.tasks.fold_tallies", "schedule": 60.0},
    # Keeps the analytics quick over months; they are right without it.
    "roll-up-figures": {"task": "campaigns.tasks.roll_up_figures", "schedule": 30.0},
    # Kept for 30 days as well.
    "forget-deflections": {"task": "deflection.tasks.forget_calls", "schedule": 3600.0},
    # Kept for 30 days; an hour more or less does not matter.
    "forget-idempotency-keys": {
        "task": "campaigns.tasks.forget_idempotency_keys",
        "schedule": 3600.0,
    },
    # Expired tokens are of no use to anybody.
    "clear-tokens": {"task": "accounts.tasks.clear_expired_tokens", "schedule": 3600.0},
    # They last 12 hours; each sign-in leaves one, and each try through the company too.
    "forget-sessions": {"task": "accounts.tasks.forget_sessions", "schedule": 3600.0},
    # A webhook that was switched off is told to the brand's people within a minute.
    "webhook-notices": {"task": "webhooks.tasks.send_notices", "schedule": 60.0},
    # A refused push credential is told to the brand's people within a minute.
    "push-notices": {"task": "push.tasks.send_notices", "schedule": 60.0},
    # Rows of ways that work; they are few.
    "forget-breakers": {"task": "push.tasks.forget_breakers", "schedule": 3600.0},
    # A consumer who waits in vain is in the queue again within a minute.
    "tend-abandoned": {"task": "conversations.tasks.tend_abandoned", "schedule": 60.0},
    # In batches, so that no run is long; what is kept is kept for weeks.
    "forget-deliveries": {"task": "webhooks.tasks.forget_old", "schedule": 600.0},
    # In batches; kept for a week, for who asks what became of a push.
    "forget-reply-pushes": {
        "task": "conversations.tasks.forget_reply_pushes",
        "schedule": 600.0,
    },
    # In batches as well; what was not seen for months may stay for another hour.
    "remove-stale-devices": {
        "task": "consumers.tasks.remove_stale_devices",
        "schedule": 3600.0,
    },
}

# ---- delivery ------------------------------------------------------------------------------

# A lease must outlive connect + read + flush; the chaos tests shrink all of them.
DELIVERY_LEASE = timedelta(seconds=env.float("DELIVERY_LEASE", default=30.0))
DELIVERY_CONNECT_TIMEOUT = env.float("DELIVERY_CONNECT_TIMEOUT", default=5.0)
DELIVERY_TOTAL_TIMEOUT = env.float("DELIVERY_TOTAL_TIMEOUT", default=10.0)
DELIVERY_CLAIM = env.int("DELIVERY_CLAIM", default=1000)
# After so long a worker looks what has come meanwhile, so that a long queue makes nobody wait.
DELIVERY_BATCH_SECONDS = env.float("DELIVERY_BATCH_SECONDS", default=1.0)
DELIVERY_IN_FLIGHT = env.int("DELIVERY_IN_FLIGHT", default=200)
SWEEP_INTERVAL = env.float("SWEEP_INTERVAL", default=5.0)
SWEEP_OVERDUE = env.float("SWEEP_OVERDUE", default=5.0)

# ---- webhooks ------------------------------------------------------------------------------

# The lease of a call must outlive its wait for a place (5 s), the call, and the recording.
WEBHOOK_LEASE = timedelta(seconds=env.float("WEBHOOK_LEASE", default=30.0))
WEBHOOK_CONNECT_TIMEOUT = env.float("WEBHOOK_CONNECT_TIMEOUT", default=5.0)
WEBHOOK_TOTAL_TIMEOUT = env.float("WEBHOOK_TOTAL_TIMEOUT", default=15.0)

# ---- push ----------------------------------------------------------------------------------

# Keys that encrypt provider credentials; the first encrypts, all decrypt. Not SECRET_KEY.
required(
    "FIELD_KEYS",
    "Make one: python -c"
    " 'from cryptography.fernet import Fernet as F; print(F.generate_key().decode())'.",
)
FIELD_KEYS = listed("FIELD_KEYS")
# Private networks that push proxies, webhooks and key sets may live in, as 10.1.2.0/24.
EGRESS_ALLOWED_NETWORKS = listed("EGRESS_ALLOWED_NETWORKS")
for network in EGRESS_ALLOWED_NETWORKS:
    try:
        ip_network(network)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"EGRESS_ALLOWED_NETWORKS names networks such as 10.1.2.0/24: {error}."
        ) from error
# Plain http to brands' own servers; off unless an operator says so.
EGRESS_ALLOW_HTTP = env.bool("EGRESS_ALLOW_HTTP", default=False)
EGRESS_CA_FILE = env.str("EGRESS_CA_FILE", default="")
# Where the vendors are; their own addresses, unless a stand-in is to be called instead.
FCM_URL = env.str("FCM_URL", default="https://fcm.googleapis.com")
FCM_TOKEN_URL = env.str("FCM_TOKEN_URL", default="https://oauth2.googleapis.com/token")
APNS_URL = env.str("APNS_URL", default="https://api.push.apple.com")
APNS_SANDBOX_URL = env.str("APNS_SANDBOX_URL", default="https://api.sandbox.push.apple.com")
# Hosts of browsers' push services: a browser tells us where to call, so no others are called.
WEB_PUSH_HOSTS = listed(
    "WEB_PUSH_HOSTS",
    [
        "fcm.googleapis.com",
        "jmt17.google.com",
        "*.push.services.mozilla.com",
        "*.notify.windows.com",
        "*.push.apple.com",
    ],
)
if any(
    host != host.lower() or "/" in host or "*" in host.removeprefix("*.") for host in WEB_PUSH_HOSTS
):
    raise ImproperlyConfigured(
        "WEB_PUSH_HOSTS names hosts in lower case: push.example.com or *.example.com."
    )
# The push lab's pages: off, members (who may see the campaigns), or open to all who reach it.
LAB = env.str("LAB", default="off")
if LAB not in {"off", "members", "open"}:
    raise ImproperlyConfigured("LAB is off, members or open.")
# Where stubs of the vendors write down what they were asked, and two of their addresses.
LAB_STUBS = env.str("LAB_STUBS", default="")
LAB_WEB_PUSH_URL = env.str("LAB_WEB_PUSH_URL", default="")
LAB_PROXY_URL = env.str("LAB_PROXY_URL", default="")

# ---- live views ----------------------------------------------------------------------------

# Most live views a web process holds open at once; each takes one of its WEB_THREADS.
LIVE_STREAMS = env.int("LIVE_STREAMS", default=270)
# After so long an app's stream ends and is opened anew, so that new processes get their share.
LIVE_STREAM_SECONDS = env.float("LIVE_STREAM_SECONDS", default=3600.0)

# ---- consumers -----------------------------------------------------------------------------

# Requests that the apps of one consumer may send in ten seconds.
CONSUMER_REQUESTS = env.int("CONSUMER_REQUESTS", default=100)
# Where a phone is, when its app does not say: headers of the proxy in front, else a MaxMind DB.
GEO_COUNTRY_HEADER = env.str("GEO_COUNTRY_HEADER", default="")
GEO_CITY_HEADER = env.str("GEO_CITY_HEADER", default="")
GEOIP_FILE = env.str("GEOIP_FILE", default="")
# Days after which a device whose app was not heard of leaves the registry, as FCM's tokens do.
DEVICE_STALE_DAYS = env.int("DEVICE_STALE_DAYS", default=270)
if DEVICE_STALE_DAYS < 31:
    raise ImproperlyConfigured("DEVICE_STALE_DAYS must be 31 or more: people are away for a month.")

# ---- agent widget --------------------------------------------------------------------------

# Where LivePerson serves the SDK of its workspace; empty loads nothing of anybody else's. The
# script runs with the rights of our own pages: see docs/widget.md before setting it.
LIVEPERSON_SDK_URL = env.str("LIVEPERSON_SDK_URL", default="")
if not re.fullmatch(r"|https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._/-]*", LIVEPERSON_SDK_URL):
    raise ImproperlyConfigured("LIVEPERSON_SDK_URL is the https address of one script.")

# ---- REST ----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["common.problems.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.json_body.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "common.problems.AlwaysJSON",
    "EXCEPTION_HANDLER": "common.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "proactive_site.openapi.Described",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Proactive",
    "DESCRIPTION": "Proactive in-app messaging: the brand API, and the SDK API for its apps.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.1",
    "SERVERS": [{"url": "/"}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SORT_OPERATIONS": False,
    "PREPROCESSING_HOOKS": ["proactive_site.openapi.name_publicly"],
    "POSTPROCESSING_HOOKS": ["proactive_site.openapi.complete"],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAX_BODY_BYTES", default=4 * 1024 * 1024)

# ---- auth ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.HardToGuess"},
]
# ---- sign-in -------------------------------------------------------------------------------

# People are invited, never sign up; what is throttled is throttled by accounts/throttle.py, which
# bears a Redis that is away.
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_FORMS = {
    "change_password": "accounts.forms.ChangePassword",
    "reauthenticate": "accounts.forms.PasswordAgain",
}
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
# One step of clock skew and slow typing each way, as RFC 6238 (5.2) allows.
MFA_TOTP_TOLERANCE = 1
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactor",
    "reauthenticate": "accounts.forms.SecondFactorAgain",
    "activate_totp": "accounts.forms.NewSecondFactor",
}
SOCIALACCOUNT_ADAPTER = "accounts.adapters.CompanyAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
# A form that ends at another host is against the pages' policy; state and nonce guard the way.
SOCIALACCOUNT_LOGIN_ON_GET = True
# The company's own identity provider, by OpenID Connect: discovery is at its server's URL.
OIDC_SERVER_URL = env.str("OIDC_SERVER_URL", default="").rstrip("/")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_NAME = env.str("OIDC_NAME", default="your company account")
if OIDC_SERVER_URL and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("OIDC_SERVER_URL needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET too.")
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "company",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ]
        if OIDC_SERVER_URL
        else [],
    }
}
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600

# ---- OAuth for brand systems ---------------------------------------------------------------

OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.ApiClient"
OAUTH2_PROVIDER = {
    "SCOPES": {
        "campaigns:send": "Send and cancel campaigns",
        "campaigns:read": "Read campaigns and their recipients",
        "handoffs:read": "List handoffs",
        "reports:read": "Read reports",
        "webhooks:manage": "Manage webhooks",
        "conversations:read": "Read conversations",
        "conversations:write": "Answer conversations",
    },
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "OAUTH2_VALIDATOR_CLASS": "accounts.oauth.Validator",
    "SCOPES_BACKEND_CLASS": "accounts.oauth.ClientScopes",
    "CLIENT_ID_GENERATOR_CLASS": "accounts.oauth.ClientIdGenerator",
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}
# RS256 private key (PEM) of the tokens of /sentinel; newlines may be written as \n.
TOKEN_SIGNING_KEY = required(
    "TOKEN_SIGNING_KEY", "Make one with `openssl genrsa 2048`; newlines may be written as \\n."
).replace("\\n", "\n")

# ---- mail ----------------------------------------------------------------------------------

EMAIL_URL = env.str("EMAIL_URL", default="")
HAS_EMAIL = bool(EMAIL_URL)
mail = env.email_url_config(EMAIL_URL or "consolemail://")
# What it does not name stays as Django has it: port 25.
vars().update({name: value for name, value in mail.items() if value is not None})
# Seconds: workers send mails, and one that waits for ever for a mail server sends nothing else.
EMAIL_TIMEOUT = 10.0
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="proactive@localhost")

# ---- static files --------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str(
            "STATICFILES_BACKEND",
            default="whitenoise.storage.CompressedManifestStaticFilesStorage",
        )
    },
}

# ---- security ------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_HTTP
SESSION_COOKIE_NAME = "session" if INSECURE_HTTP else "__Host-session"
CSRF_COOKIE_NAME = "csrftoken" if INSECURE_HTTP else "__Host-csrftoken"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not INSECURE_HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# The API refuses http instead of redirecting a token; the proxy in front redirects pages.
SECURE_SSL_REDIRECT = False
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # see SECURE_SSL_REDIRECT
    "auth.W004",  # e-mail addresses are unique without regard to case, by a constraint
]

# ---- logging -------------------------------------------------------------------------------

PROMETHEUS_MULTIPROC_DIR = env.str("PROMETHEUS_MULTIPROC_DIR", default="")
if not PROMETHEUS_MULTIPROC_DIR:
    # Set but empty, prometheus_client would write its files into the working directory.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# Checked by common.problems.ProblemMiddleware, which puts ours where the caller sent none.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
DJANGO_STRUCTLOG_COMMAND_LOGGING_ENABLED = False

SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[
        *SHARED_PROCESSORS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(ensure_ascii=False),
            "foreign_pre_chain": SHARED_PROCESSORS,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # Names each request once more than django_structlog does.
        "django.request": {"level": "ERROR"},
        # Tell secrets and tokens at DEBUG.
        "oauthlib": {"level": "INFO"},
        "oauth2_provider": {"level": "INFO"},
    },
}
