"""Settings of the portal, from the environment. Every variable is listed in deploy/README.md.

Without any variable they describe the demo on the embedded servers; DEBUG stays off there too.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path

import environ
import fontpkg_noto_sans_devanagari
import pghistory
import pgtrigger
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import servers

BASE_DIR = servers.BASE_DIR
env = environ.Env()


def secret(name: str) -> str | None:
    """A secret from the variable, or from the file that `<name>_FILE` names (docker secrets)."""
    if path := env.str(f"{name}_FILE", default=""):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which cannot be read: {error}") from error
    return env.str(name, default=None)


def demo_secret(path: Path) -> str:
    """A key of this installation's own, made once; nobody else may read it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return demo_secret(path)
    key = secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w") as file:
        file.write(key)
    return key


# Embedded servers mean a demo or a test on one machine, reached by plain http.
DEMO = env.bool("DEMO", default=servers.embedded())
DEBUG = env.bool("DEBUG", default=False)

SECRET_KEY = secret("SECRET_KEY") or (demo_secret(servers.places().secret_key) if DEMO else None)
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY, or SECRET_KEY_FILE to a file that holds it.")

# Who the participants are is sealed with these; studyportal.identity.sealing is the only module that uses them. The
# first of IDENTITY_KEYS seals, all open. A process that never opens an identity says IDENTITY=closed and has none.
IDENTITY_CLOSED = env.str("IDENTITY", default="open") == "closed"


def identity_secret(name: str, made_at: Path) -> str:
    if IDENTITY_CLOSED:
        return ""
    found = secret(name) or (demo_secret(made_at) if DEMO else "")
    if not found.strip():
        raise ImproperlyConfigured(
            f"Set {name}, or {name}_FILE to a file that holds it (deploy/make-secrets.sh makes one). A process that"
            " never opens an identity, such as worker, beat and migrate, says IDENTITY=closed instead."
        )
    return found.strip()


IDENTITY_KEYS = tuple(
    identity_secret("IDENTITY_KEYS", servers.places().identity_keys).replace(",", " ").split()
)
IDENTITY_INDEX_KEY = identity_secret("IDENTITY_INDEX_KEY", servers.places().identity_index_key)

# Checkpoints of the consent log are signed with the first of these (apps.consent.chain_keys); only the process that runs
# jobs needs it. One without a key verifies the log and signs nothing.
CHECKPOINT_KEYS = tuple(
    (secret("CHECKPOINT_KEY") or (demo_secret(servers.places().checkpoint_key) if DEMO else ""))
    .replace(",", " ")
    .split()
)
# To whom each checkpoint is mailed: the ethics committee.
CHECKPOINT_RECIPIENTS = env.list("CHECKPOINT_RECIPIENTS", default=[])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEMO else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "knox",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "axes",
    "pgtrigger",
    "pghistory",
    "studyportal.ui",
    "studyportal.api",
    "studyportal.protocol",
    "studyportal.access",
    "studyportal.audit",
    "studyportal.mail",
    "studyportal.queries",
    "studyportal.deviations",
    "studyportal.jobs",
    "studyportal.identity",
    "studyportal.signatures",
    "studyportal.files",
    "studyportal.imports",
    "studyportal.crf",
    "studyportal.review",
    "studyportal.attachments",
    "studyportal.bulk",
    "apps.enrolment",
    "apps.consent",
    "apps.visits",
    "apps.labs",
    "apps.celldose",
    "apps.safety",
    "apps.matching",
    "apps.outcomes",
    "apps.exports",
    "apps.casebook",
    "apps.oversight",
    # Last: of templates with the same name ours are found first.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "studyportal.ui.policy.SecurityHeadersMiddleware",
    "studyportal.access.refusal_log.RefusalLogMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "studyportal.api.middleware.RequestLimitsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "studyportal.access.signing_in.sessions.SessionTimeoutMiddleware",
    "studyportal.access.middleware.WallMiddleware",
    "studyportal.audit.middleware.AuditContextMiddleware",
    "studyportal.crf.afterwards.AfterwardsMiddleware",
    "studyportal.access.middleware.DeclaredAccessMiddleware",
    "studyportal.access.middleware.GateMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "studyportal.ui.context.shell",
                "studyportal.access.signing_in.context.session",
                "studyportal.ui.navigation.navigation",
            ],
        },
    },
]

# --- Database, cache -------------------------------------------------------------------------------------
DATABASE_ROLE_IS_OWNER = os.environ.get("STUDYPORTAL_DATABASE_ROLE") == "owner"


def database() -> dict[str, object]:
    """One database; `DATABASE_URL` names the role that this process should be.

    `DATABASE_PASSWORD_FILE` keeps the password out of the URL and of the process list.
    """
    configuration = environ.Env.db_url_config(servers.database_url())
    options = configuration.setdefault("OPTIONS", {})
    if socket_directory := options.pop("host", None):
        configuration["HOST"] = socket_directory
    if path := env.str("DATABASE_PASSWORD_FILE", default=""):
        configuration["PASSWORD"] = Path(path).read_text().strip()
    configuration["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    configuration["CONN_HEALTH_CHECKS"] = True
    configuration["ATOMIC_REQUESTS"] = False
    return configuration


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": servers.cache_url(),
        "KEY_PREFIX": "portal",
    }
}

# --- People ----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "access.User"
KNOX_TOKEN_MODEL = "access.ApiToken"  # noqa: S105 (a model's name)
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Length and a list of what everybody tries first; no rules of composition (NIST SP 800-63B, 5.1.1.2).
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# scrypt needs memory as well as time, which a guesser's hardware has less of; it comes with Python.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
CSRF_FAILURE_VIEW = "studyportal.crf.draft_views.csrf_failure"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL

# Proxies before us that set X-Forwarded-For; without one the header is a stranger's own words.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0 if DEMO else 1)

# Ten wrong passwords or codes for one name from one address: a quarter of an hour's rest.
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "studyportal.access.views.sign_in.lockout"
AXES_CLIENT_IP_CALLABLE = "studyportal.access.address.client_address"

# Whose role asks for a second factor (TOTP or a passkey): role keys, or "all".
SECOND_FACTOR_ROLES = frozenset(env.list("SECOND_FACTOR_ROLES", default=[] if DEMO else ["all"]))

ACCOUNT_ADAPTER = "studyportal.access.signing_in.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "studyportal.access.signing_in.forms.SignInForm",
    "change_password": "studyportal.access.signing_in.forms.ChangePasswordForm",
    "reauthenticate": "studyportal.access.signing_in.forms.PasswordAgainForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Passwords are counted by axes alone. This one is left for codes: a person's own limit, from all addresses together.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/15m/key"}
MFA_ADAPTER = "studyportal.access.signing_in.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "studyportal.access.signing_in.forms.CodeForm",
    "reauthenticate": "studyportal.access.signing_in.forms.CodeAgainForm",
    "activate_totp": "studyportal.access.signing_in.forms.AddAppForm",
    "add_webauthn": "studyportal.access.signing_in.forms.AddPasskeyForm",
    "edit_webauthn": "studyportal.access.signing_in.forms.RenamePasskeyForm",
    "authenticate_webauthn": "studyportal.access.signing_in.forms.PasskeyForm",
    "reauthenticate_webauthn": "studyportal.access.signing_in.forms.PasskeyAgainForm",
    "login_webauthn": "studyportal.access.signing_in.forms.PasskeySignInForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # no address is verified by mail

# What a token can be narrowed to: a function that gives key → title of every dataset.
TOKEN_DATASETS = "apps.exports.selectors.dataset_titles"  # noqa: S105 (a function's name)
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=90),
    "AUTO_REFRESH": False,
    "AUTH_HEADER_PREFIX": "Token",
}

# --- History ---------------------------------------------------------------------------------------------
# The context (who, from where, why) is written into each history row itself: a shared context table would
# need UPDATE, and the application's role has none on logs.
PGHISTORY_APPEND_ONLY = True
PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()
PGHISTORY_FIELD = pghistory.Field()
PGHISTORY_OBJ_FIELD = pghistory.ObjForeignKey(related_name="events", db_constraint=False)
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(
    related_name="+", related_query_name="+", db_constraint=False
)
# One trigger call per statement, not per row: bulk writes cost about half.
PGHISTORY_LEVEL = pgtrigger.Statement

# --- API -------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "studyportal.audit.authentication.TokenAuthentication",
        "studyportal.audit.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["studyportal.access.declare.DeclaredPermission"],
    "EXCEPTION_HANDLER": "studyportal.api.problems.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "studyportal.api.pagination.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["studyportal.api.parsers.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["studyportal.api.throttling.PerMinute"],
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "StudyPortal API",
    "DESCRIPTION": "Records of a cohort study: participants, forms, queries, jobs, exports.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
}
# Requests answered in one minute: a script may be quick, a guesser may not.
RATES = {
    "person": env.int("RATE_PERSON", default=60_000),  # by signed-in person
    "stranger": env.int("RATE_STRANGER", default=300),  # by address
    "tokens": env.int("RATE_TOKENS", default=20),  # sign-ins for a token, by address
    "wrong_tokens": env.int("RATE_WRONG_TOKENS", default=60),  # unknown or ended tokens, by address
}
DOWNLOADS_AT_ONCE = env.int("DOWNLOADS_AT_ONCE", default=4)  # by person
# Wide forms have many fields; a body beyond this is refused before it is read.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
UPLOAD_LIMIT = 10_000_000  # bytes of one document
IMPORT_BYTES = 32_000_000  # of one file of an import
IMPORT_ROWS = 300_000
IMPORT_CELL = 4_000  # characters
IMPORT_ROWS_AT_ONCE = 2_000  # written while the person waits; more by a job
# What is uploaded never touches the disk: a list that carries names is refused, and must leave nothing behind.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = IMPORT_BYTES + DATA_UPLOAD_MAX_MEMORY_SIZE

# --- Jobs ------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = servers.broker_url()
CELERY_TASK_IGNORE_RESULT = True  # results are kept in the jobs' own table
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# After this many seconds without acknowledgement the broker gives a task to another worker.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "rescue-stale-jobs": {"task": "jobs.rescue_stale", "schedule": 15.0, "options": {"expires": 15}},
    "forget-what-ended": {"task": "access.forget_what_ended", "schedule": timedelta(days=1)},
    # Mails of a deadline are as punctual as this; what is written once is not told twice.
    "remind-of-safety": {"task": "safety.remind", "schedule": 300.0, "options": {"expires": 300}},
    # Before the working day where the sites are.
    "mail-of-queries": {
        "task": "queries.digest",
        "schedule": crontab(hour=1, minute=0),  # UTC
        "options": {"expires": 6 * 3600},
    },
    # Each hour: it is morning at every site in turn, and nobody is told twice on a day.
    "remind-of-visits": {"task": "visits.remind", "schedule": 3600.0, "options": {"expires": 3600}},
    "forget-old-drafts": {"task": "crf.forget_old_drafts", "schedule": timedelta(days=1)},
    "forget-old-submissions": {"task": "crf.forget_old_submissions", "schedule": timedelta(days=1)},
    # At two in the night where the sites are.
    "verify-consent-log": {
        "task": "consent.verify_log_nightly",
        "schedule": crontab(hour=20, minute=30),  # UTC
        "options": {"expires": 6 * 3600},
    },
}
CELERY_BEAT_SCHEDULE_FILENAME = str(servers.places().var / "celerybeat-schedule")

# --- Mail ------------------------------------------------------------------------------------------------
# smtp+tls://<user>:<password>@host:587 (EMAIL_URL, or EMAIL_URL_FILE); the demo writes what it would send into var/mail.
_email_url = secret("EMAIL_URL") or ""
MAIL_IS_SET_UP = bool(_email_url) or DEMO
if _email_url:
    vars().update(environ.Env.email_url_config(_email_url))
elif DEMO:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(servers.places().var / "mail")
else:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="studyportal@localhost")

# --- Language, time --------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("hi", _("Hindi")), ("mr", _("Marathi"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(servers.places().var / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = False
# What is signed in Hindi or Marathi is readable on a machine that has no letters for it.
STATICFILES_DIRS = [("fonts", Path(fontpkg_noto_sans_devanagari.ROOT) / "files")]

# --- The study -------------------------------------------------------------------------------------------
PARTICIPANT_MODEL = "enrolment.Participant"
PROTOCOL_FILE = Path(
    env.str("PROTOCOL_FILE", default=str(BASE_DIR / "config" / "protocol" / "t1dm_cell_therapy.yaml"))
)

# --- Transport -------------------------------------------------------------------------------------------
HTTPS = env.bool("HTTPS", default=not DEMO)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
# A browser takes a __Host- cookie only over https, from this very host, for the whole of it: no neighbour plants one.
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SESSION_IDLE = timedelta(minutes=env.int("SESSION_IDLE_MINUTES", default=30))
SESSION_LONGEST = timedelta(hours=env.int("SESSION_HOURS", default=12))
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = int(SESSION_LONGEST.total_seconds())
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SECURE_SSL_REDIRECT = False  # the proxy redirects
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# Preloading binds a whole domain for years and is its owner's to decide: `HSTS_PRELOAD=on`.
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if HTTPS:
    # Only the proxy reaches us, and it sets this header itself.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # the proxy redirects from http: Django would only see requests that came by TLS
    *([] if SECURE_HSTS_PRELOAD else ["security.W021"]),  # see HSTS_PRELOAD
]

# A traceback shows the code and none of the values that it worked on.
DEFAULT_EXCEPTION_REPORTER_FILTER = "studyportal.identity.reports.NoValues"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "studyportal.api.logs.PlainFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        # Refusals are told by studyportal.security; these would quote what was sent.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
        "studyportal.access": {"level": "INFO"},
        # Its debug lines hold whole contexts of templates, and with them who somebody is.
        "django.template": {"level": "INFO"},
        "axes": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
