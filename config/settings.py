"""Settings of every installation; the environment decides what differs (README, Settings)."""

from pathlib import Path
from typing import Any

import drf_spectacular_sidecar
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

DEBUG = env.boolean("DEBUG", default=True)
SECRET_KEY = env.secret_key("SECRET_KEY", VAR_DIR / "secret_key", debug=DEBUG)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", debug=DEBUG)
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS", [])
SITE_URL = env.text("SITE_URL", "")

INSTALLED_APPS = [
    "compliance.apps.ComplianceConfig",
    "checklists.apps.ChecklistsConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "compliance.middleware.CompressedPages",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "compliance.middleware.persons_language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "compliance.middleware.private_pages",
    "compliance.middleware.ended_sessions",
    "compliance.middleware.refusals",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "compliance.pages.context.shell",
            ],
            "builtins": ["django.templatetags.i18n", "compliance.templatetags.tianheng"],
        },
    },
]

# --- what is stored -------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", VAR_DIR / "tianheng.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STORAGES = {
    "default": env.storage("STORAGE_URL", VAR_DIR / "storage"),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
EVIDENCE_MAX_BYTES = 25 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
CATALOGUE_CACHE_DIR = VAR_DIR / "cache"
FRAMEWORKS_FOLDER = env.folder("FRAMEWORKS_FOLDER", VAR_DIR / "frameworks")
REPORT_FONTS_DIR = VAR_DIR / "fonts"

# --- Celery: the database is the queue, the broker is the doorbell --------------------------------

_BROKER = env.broker("BROKER_URL", VAR_DIR / "broker")
CELERY_BROKER_URL = _BROKER.url
CELERY_BROKER_TRANSPORT_OPTIONS = _BROKER.transport_options
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False  # a row waits for the sweep; a page does not wait for a broker
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "sweep-reports": {
        "task": "compliance.tasks.sweep_reports",
        "schedule": 10.0,
        "options": {"expires": 10},  # while no worker runs, the calls do not pile up
    },
    "tell": {
        "task": "compliance.tasks.tell",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "tell-webhooks": {
        "task": "compliance.tasks.tell_webhooks",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "tell-of-the-day": {
        "task": "compliance.tasks.tell_of_the_day",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
}
REPORT_SECONDS = env.integer("REPORT_SECONDS", 90, low=5, high=600)  # wall clock of one render
# Whose key signs the reports: PEM with key and certificates, or PKCS #12. Without the variable an
# installation has a key of its own, made at set-up.
SIGNING_FILE_OF_ITS_OWN = VAR_DIR / "signing.pem"
SIGNING_FILE = env.file("SIGNING_FILE", SIGNING_FILE_OF_ITS_OWN)
SIGNING_PASSPHRASE = env.text("SIGNING_PASSPHRASE", "")
REPORT_MEGABYTES = env.integer("REPORT_MEGABYTES", 1024, low=512, high=8192)

# Lets webhooks go to addresses inside the network, and over plain HTTP.
WEBHOOK_ALLOW_PRIVATE = env.boolean("WEBHOOK_ALLOW_PRIVATE", default=False)

# --- people and sign-in ---------------------------------------------------------------------------

AUTH_USER_MODEL = "compliance.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "compliance.passwords.LongEnough",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "compliance.pages.account.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key,50/5m/ip", "login": "60/m/ip"}
SIGN_UP_OPEN = env.boolean("SIGN_UP_OPEN", default=False)
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 0, low=0, high=5)
ADMIN_ENABLED = True

# --- languages and time ---------------------------------------------------------------------------

LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LANGUAGE_CODE = env.one_of("LANGUAGE_CODE", "en", ("en", "zh-hans"))
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.time_zone("TIME_ZONE", "Asia/Shanghai")
USE_I18N = True
USE_TZ = True

# --- static files ---------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
# Of the API's documentation only what its page loads; the package holds twice as much again.
_SWAGGER_UI = Path(drf_spectacular_sidecar.__file__).parent / "static" / "drf_spectacular_sidecar"
STATICFILES_DIRS = [
    ("vendor", VAR_DIR / "vendor"),
    ("swagger-ui", _SWAGGER_UI / "swagger-ui-dist"),
]

# --- what a browser may do ------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SAMESITE = "Lax"
if not DEBUG:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SECURE_SSL_REDIRECT = env.boolean("SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = (
        ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
    )

# --- the API --------------------------------------------------------------------------------------

# The rest stands in compliance.api.endpoint, on the view that all calls share.
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "compliance.api.openapi.Description",
    "URL_FORMAT_OVERRIDE": None,  # ?format= says which export is wanted
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tianheng",
    "DESCRIPTION": (
        "Everything the pages of Tianheng can do, for a firm's own systems.\n\n"
        "Sign in with `POST /api/v1/auth/token/`, or make a token on your account page, and send "
        "it as `Authorization: Token …`. Errors are `application/problem+json` with a stable "
        "`code`. Lists come page by page: follow `next`. What can be edited has an `ETag`; send "
        "it back as `If-Match`. A request with an `Idempotency-Key` can be sent again without "
        "doing it twice. Times are UTC, decimals are text."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "Apache-2.0"},
    "PREPROCESSING_HOOKS": ["compliance.api.docs.only_documented"],
    "POSTPROCESSING_HOOKS": ["compliance.api.docs.tidied"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # tests/compliance/api holds the description
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

# --- e-mail and logs ------------------------------------------------------------------------------

vars().update(env.email("EMAIL_URL", "consolemail://"))
EMAIL_TIMEOUT = 10  # seconds: a page does not wait longer for a mail server
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "tianheng@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.db.backends": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
        "pikepdf": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
