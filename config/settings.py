"""All settings, from the environment. What isn't set falls back to the embedded services of config.embedded.

docs/configuration.md has the table of variables, .env.example is a file to copy. A `.env` beside manage.py is read.
"""

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from boto3.s3.transfer import TransferConfig
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.embedded import processes, services
from config.watch import beat, lines
from security import refusals

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")
# A variable that is set to nothing, as a template for deployments may have it, counts as not set.
env.ENVIRON = {name: value for name, value in os.environ.items() if value}


def _local_secret(name: str) -> str:
    """A secret made once for this machine's own use and kept beside the embedded data, for its owner only."""
    path = processes.private(processes.data_dir()) / name
    if not path.exists():
        draft = path.with_name(f"{name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        with suppress(FileExistsError):  # another process got there first; then all use its secret
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


# --- the web application ---------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
EMBEDDED_DATABASE = "DATABASE_URL" not in env.ENVIRON
# Whoever names a database means it, unless they say that it is for trying: then what is safe is on, and what is for
# trying is off. security/apps.py says what is missing.
PRODUCTION = env.bool("PRODUCTION", not EMBEDDED_DATABASE)
if not SECRET_KEY:
    # A deployment names its database; there the key must be given too, since every process needs the same one.
    if not EMBEDDED_DATABASE:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set, but DATABASE_URL is. Set SECRET_KEY to a long random text, the same for every "
            "process, for example from: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    SECRET_KEY = _local_secret("secret-key")
# Keys of before, while sessions, links and second factors that were made with them are still to open.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# The site's address in mails; "" for the one that `make run` found a port for (config.web.links.site_url).
SITE_URL = env.str("SITE_URL", "" if EMBEDDED_DATABASE else "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "config.back_office.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "import_export",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "config.back_office.apps.BackOfficeConfig",
    "security",
    "vendors",
    "catalog",
    "uploads",
]

MIDDLEWARE = [
    "config.watch.answering.Watched",
    "config.health.answered",
    "config.metrics.answered",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.web.refuse_nul.RefuseNul",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "security.here.remembered",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.web.known.remembered",
    "config.web.signed_in.kept_within_limits",
    "config.bodies.refuse.refused",
    "config.accounts.staff_need_second_factor",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
            ],
            "builtins": ["config.web.template_filters", "config.back_office.tags"],
        },
    }
]

LANGUAGE_CODE = "en-us"
FORMAT_MODULE_PATH = "config.web.formats"
TIME_ZONE = env.str("TIME_ZONE", "UTC")
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# Serves the admin's files without a collectstatic step first.
WHITENOISE_USE_FINDERS = True

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
# Behind TLS, one variable turns on everything that only makes sense there; a deployment that isn't says so.
HTTPS = env.bool("HTTPS", PRODUCTION)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Browsers' preload lists are for whole domains: whether this one joins them is its owner's to say, not ours.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
# What a page may load and where it may send: files and addresses of this host, and nothing written into the page.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# --- people ----------------------------------------------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
# allauth's alone: Django's own would let somebody in who has a second factor and didn't show it.
AUTHENTICATION_BACKENDS = ["config.accounts.Backend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
# Staff can't use anything without a second factor. Off where the platform is only tried on this machine.
STAFF_NEEDS_TOTP = env.bool("STAFF_NEEDS_TOTP", not EMBEDDED_DATABASE)
ACCOUNT_ADAPTER = "config.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # for who signed up; AccountAdapter lets in whom staff made an account
# docs/security.md, "Identity": a code, typed in the browser that asked for it. Until then the address stands nowhere.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True  # one address for an account, which another takes the place of when it is proved
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before a change of address; changing factors asks for it anyway
ACCOUNT_FORMS = {
    "reset_password": "config.account_forms.ResetForm",
    "confirm_email_verification_code": "config.account_forms.ConfirmCodeForm",
}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_USER_DISPLAY = "config.accounts.shown"
ACCOUNT_SESSION_REMEMBER = False  # signed in until the browser is closed
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# And not longer than so: without a click, and in all (config/web/signed_in.py).
STAFF_SESSION_IDLE = timedelta(minutes=env.int("STAFF_SESSION_IDLE_MINUTES", 120))
STAFF_SESSION = timedelta(hours=env.int("STAFF_SESSION_HOURS", 12))
VENDOR_SESSION_IDLE = timedelta(days=env.int("VENDOR_SESSION_IDLE_DAYS", 7))
VENDOR_SESSION = timedelta(days=env.int("VENDOR_SESSION_DAYS", 14))
SESSION_COOKIE_AGE = int(max(STAFF_SESSION, VENDOR_SESSION).total_seconds())  # what no limit ends is forgotten then
# For how long a sign-in counts as fresh before exports of everything.
FRESH_SIGN_IN = timedelta(minutes=env.int("FRESH_SIGN_IN_MINUTES", 30))
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reauthenticate": "10/m/user",
    "signup": "10/m/ip,60/d/ip",
    "confirm_email": "3/10m/key",  # mails to one address
    "reset_password": "10/m/ip,3/10m/key",
    "reset_password_from_key": "20/m/ip",
    "invite": "20/h/user,50/d/key",  # by a person, and for a vendor
    "comment": "50/h/user",  # of a vendor's people, to staff
}
MFA_ADAPTER = "security.factors.FactorAdapter"
MFA_FORMS = {"authenticate": "security.factors.CodeForm", "reauthenticate": "security.factors.CodeAgainForm"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # refusing it protects those whose address a stranger could sign up with
MFA_TOTP_ISSUER = "Vendor onboarding"
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
# The security log: who hears of somebody who was shut out, and how long it is kept; at least 90 days.
SECURITY_ALARMS_TO = env.list("SECURITY_ALARMS_TO", default=[])
SECURITY_LOG_DAYS = env.int("SECURITY_LOG_DAYS", 400)
# Rate limits count by address; a proxy in front says in X-Forwarded-For whose it is. 0: nobody's word is taken.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", 1 if HTTPS else 0)
# Rate limits and used codes: shared by all web processes, and there whether or not Redis is.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # Of more, those that still count are forgotten, and Django's 300 are soon made by who tries passwords. Not
        # many more: they are counted whenever one is added.
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

# --- PostgreSQL ------------------------------------------------------------------------------------------------

if not env.str("DATABASE_URL", "postgresql://").startswith(("postgresql://", "postgres://")):
    raise ImproperlyConfigured("DATABASE_URL must be like postgresql://user:password@host:5432/name.")
try:
    # What the embedded services remember is asked for only where they are meant: it may be another user's.
    DATABASES: dict[str, dict[str, Any]] = {
        "default": env.db_url_config(services.database_url()) if EMBEDDED_DATABASE else env.db_url("DATABASE_URL")
    }
except ValueError as error:
    raise ImproperlyConfigured(
        "DATABASE_URL can't be read. It is like postgresql://user:password@host:5432/name; in user and password "
        "@ : / # % are written %40 %3A %2F %23 %25."
    ) from error
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Named cursors outlive their transaction, which proxies that pool by transaction don't allow.
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
# A host that vanishes, as at a failover, is noticed within half a minute; Linux itself takes a quarter of an hour.
# DATABASE_URL may say otherwise.
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 5, "tcp_user_timeout": 20_000, "keepalives_idle": 15, "keepalives_interval": 5,
    "keepalives_count": 3, **DATABASES["default"].get("OPTIONS", {}),
}  # fmt: skip

# --- Redis and Celery ------------------------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", "") or services.redis_url()

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000  # KiB; a process that grew past it is replaced between two tasks
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A broker that is away must not hold up a request or a commit: the schedule finds the work again. Without
# `max_retries`, kombu tries for six seconds to connect before it says so.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "max_retries": 0,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_TIME_LIMIT = 280
CELERY_TASK_DEFAULT_QUEUE = "upkeep"
CELERY_TASK_ROUTES = {
    "uploads.tasks.stage_upload": {"queue": "staging"},
    "uploads.tasks.consume_stream": {"queue": "stream"},
    "uploads.tasks.run_job": {"queue": "jobs"},
    "uploads.tasks.take_feed": {"queue": "staging"},
    "uploads.tasks.scan_table": {"queue": "jobs"},
    "uploads.tasks.fetch_sources": {"queue": "jobs"},
}
CELERY_BEAT_SCHEDULE = beat.EVERY
CELERY_BEAT_SCHEDULER = "config.watch.schedule:Scheduler"

# --- AWS: DynamoDB, its streams, S3 ----------------------------------------------------------------------------

AWS_ENDPOINT_URL = env.str("AWS_ENDPOINT_URL", "") or None
AWS_REGION = env.str("AWS_REGION", "") or env.str("AWS_DEFAULT_REGION", "") or "us-east-1"
EMBEDDED_AWS = not any(os.environ.get(variable) for variable in services.AWS_ELSEWHERE)
if EMBEDDED_AWS:
    AWS_ENDPOINT_URL = services.aws_endpoint_url()
# Each of the three may be elsewhere, as boto3's variables say. The streams' is DYNAMODB_STREAMS there, though the
# service's own name has no line; that spelling is taken, too.
AWS_ENDPOINT_URL_DYNAMODB = env.str("AWS_ENDPOINT_URL_DYNAMODB", "") or AWS_ENDPOINT_URL
AWS_ENDPOINT_URL_DYNAMODB_STREAMS = (
    env.str("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "")
    or env.str("AWS_ENDPOINT_URL_DYNAMODBSTREAMS", "")
    or AWS_ENDPOINT_URL
)
AWS_ENDPOINT_URL_S3 = env.str("AWS_ENDPOINT_URL_S3", "") or AWS_ENDPOINT_URL
# boto3 finds its own credentials on AWS; the embedded endpoint takes its installation's key alone.
AWS_CREDENTIALS = services.aws_credentials() if EMBEDDED_AWS else {}

UPLOAD_RECORDS_TABLE = env.str("UPLOAD_RECORDS_TABLE", "UploadRecords")
# Read units a second that reading the whole table may take (1 MB takes 256); of a provisioned table at most the half.
SCAN_READ_UNITS = max(1, env.int("SCAN_READ_UNITS", 1000))
# Where vendors' programs reach the bucket, if that is another address than ours; "": the same.
UPLOAD_PUBLIC_ENDPOINT = env.str("UPLOAD_PUBLIC_ENDPOINT", "")
UPLOAD_BUCKET = env.str("AWS_STORAGE_BUCKET_NAME", "vendor-uploads")


def _few_parts() -> TransferConfig:
    """Two parts of a big file at once, of the smallest size that S3 takes: boto3's ten of 8 MB, and as many read ahead,
    are over a hundred megabytes in memory."""
    config = TransferConfig(max_concurrency=2, multipart_chunksize=5 * 1024 * 1024)
    config.max_in_memory_upload_chunks = 2  # only s3transfer's own configuration takes it as an argument
    return config


STORAGES = {
    "default": {
        "BACKEND": "uploads.aws.storage.NotedS3Storage",
        "OPTIONS": {
            "bucket_name": UPLOAD_BUCKET,
            "endpoint_url": AWS_ENDPOINT_URL_S3,
            "region_name": AWS_REGION,
            "access_key": AWS_CREDENTIALS.get("aws_access_key_id"),
            "secret_key": AWS_CREDENTIALS.get("aws_secret_access_key"),
            "addressing_style": "path" if AWS_ENDPOINT_URL_S3 else "auto",
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": 300,
            "transfer_config": _few_parts(),
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- going out to addresses that vendors name (config/outgoing) ------------------------------------------------

# Networks that aren't the public internet, and may be connected to all the same, like 10.1.2.0/24.
OUTGOING_ALLOWED_NETWORKS: list[str] = env.list("OUTGOING_ALLOWED_NETWORKS", default=[])
SOURCE_SECONDS = env.float("SOURCE_SECONDS", 200.0)  # for a fetch; below CELERY_TASK_TIME_LIMIT
OUTGOING_PLAIN_HTTP = env.bool("OUTGOING_PLAIN_HTTP", False)
OUTGOING_CA_FILE = env.str(
    "OUTGOING_CA_FILE", ""
)  # certificates of authorities that are trusted beside the public ones

# --- mail ------------------------------------------------------------------------------------------------------

# What security/apps.py warns of: mails that go nowhere, and links in them that lead nowhere.
LEFT_OUT = [name for name in ("EMAIL_URL", "SITE_URL") if PRODUCTION and name not in env.ENVIRON]
_mail = env.email_url("EMAIL_URL", default="filemail:///")
EMAIL_BACKEND: str = _mail["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH: str = _mail["EMAIL_FILE_PATH"]
if EMAIL_BACKEND == "django.core.mail.backends.filebased.EmailBackend":
    EMAIL_FILE_PATH = str(processes.data_dir() / "mail")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Vendor onboarding <onboarding@localhost>")

# --- money -----------------------------------------------------------------------------------------------------

DEFAULT_CURRENCY = env.str("DEFAULT_CURRENCY", "USD").upper()  # of new vendors; catalog.apps checks it

# --- limits of one upload --------------------------------------------------------------------------------------

MAX_FILE_BYTES = env.int("MAX_FILE_BYTES", 512 * 1024 * 1024)
API_FILE_BYTES = 25 * 1024 * 1024  # of one that comes in a program's call; a larger one is announced
MAX_WORKBOOK_BYTES = env.int("MAX_WORKBOOK_BYTES", 512 * 1024 * 1024)  # of a workbook, unpacked
MAX_FILE_ROWS = env.int("MAX_FILE_ROWS", 2_000_000)
MAX_FILE_COLUMNS = env.int("MAX_FILE_COLUMNS", 500)
MAX_ROW_CHARS = env.int("MAX_ROW_CHARS", 262_144)
MAX_CELL_CHARS = env.int("MAX_CELL_CHARS", 100_000)
MAX_OPEN_UPLOADS = env.int("MAX_OPEN_UPLOADS", 20)  # of one vendor at once
# Of previews within an hour, each with its dry run (uploads/preview/quota.py).
PREVIEWS_OF_PERSON = env.int("PREVIEWS_OF_PERSON", 60)
PREVIEWS_OF_VENDOR = env.int("PREVIEWS_OF_VENDOR", 120)
PREVIEW_BYTES_OF_VENDOR = env.int("PREVIEW_BYTES_OF_VENDOR", 20 * MAX_FILE_BYTES)
# Of a token (uploads/api/limits.py); 0 is as many as come.
API_CALLS_A_SECOND = max(0, env.int("API_CALLS_A_SECOND", 10))
API_CALLS_AT_ONCE = max(1, env.int("API_CALLS_AT_ONCE", 50))
API_FEEDS_A_MINUTE = max(0, env.int("API_FEEDS_A_MINUTE", 60))
# The preview of a file sends a field for each column.
DATA_UPLOAD_MAX_NUMBER_FIELDS = max(1000, MAX_FILE_COLUMNS + 100)
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024  # the fields of any form; config/bodies/limits.py says less for most
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- how long what is kept ---------------------------------------------------------------------------------------

# In days; 0 is for ever. uploads/work/policies.py says what each deletes and what stays.
KEEP_FILES_DAYS = env.int("KEEP_FILES_DAYS", 400)
KEEP_REPORTS_DAYS = env.int("KEEP_REPORTS_DAYS", 90)
KEEP_RECORDS_DAYS = env.int("KEEP_RECORDS_DAYS", 0)  # the table is the audit trail of every row ever received
KEEP_ROWS_DAYS = env.int("KEEP_ROWS_DAYS", 400)
KEEP_JOBS_DAYS = env.int("KEEP_JOBS_DAYS", 90)
KEEP_ADMIN_LOG_DAYS = env.int("KEEP_ADMIN_LOG_DAYS", 400)
KEEP_OUTAGES_DAYS = env.int("KEEP_OUTAGES_DAYS", 400)
KEEP_WORK_DAYS = env.int("KEEP_WORK_DAYS", 400)

# --- what is watched -------------------------------------------------------------------------------------------

# Who scrapes /metrics shows this; without one there is no such page. Workers answer on a port of their own.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
METRICS_PORT = env.int("METRICS_PORT", 0)
METRICS_BIND = env.str("METRICS_BIND", "127.0.0.1")
# Where in CloudWatch the schedule's process puts what alarms and scaling follow (uploads/insight/cloudwatch.py).
METRICS_NAMESPACE = env.str("METRICS_NAMESPACE", "")

# --- what no deployment starts with --------------------------------------------------------------------------------

if PRODUCTION and (
    _unsafe := refusals.unsafe(
        refusals.Deployment(
            SECRET_KEY, SECRET_KEY_FALLBACKS, METRICS_TOKEN, DEBUG, HTTPS, ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS,
            "" if "SITE_URL" in LEFT_OUT else SITE_URL, DATABASES["default"], REDIS_URL,
        )
    )
):  # fmt: skip
    raise ImproperlyConfigured("\n".join(_unsafe))

# --- spreadsheets, logs ----------------------------------------------------------------------------------------

# import-export's own escaping drops the sign that starts a formula; config.web.exports keeps it and makes it harmless.
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = False

try:
    JSON_LINES = lines.is_json(env.ENVIRON, PRODUCTION)
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from error
if METRICS_NAMESPACE and not JSON_LINES:
    raise ImproperlyConfigured(
        "METRICS_NAMESPACE is set, and log lines aren't JSON, from which CloudWatch reads metrics. Set LOG_FORMAT=json."
    )
LOGGING = lines.logging_settings(JSON_LINES, env.str("LOG_LEVEL", "WARNING"))
