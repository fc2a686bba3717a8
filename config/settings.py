"""All settings, from the environment. Secure by default: DEBUG must be asked for."""

import os
from datetime import timedelta
from pathlib import Path

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from config import env, safety

BASE_DIR = env.CHECKOUT
DEBUG = env.flag("DEBUG")
# `make run` on a private machine serves plain HTTP on loopback: cookies and redirects for HTTPS would lock people out.
LOCAL = env.flag("PACTA_LOCAL") or DEBUG

SECRET_KEY = env.required(
    "SECRET_KEY", debug=LOCAL, fallback="development-only-key-that-production-refuses-to-use-0123456789"
)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or (["127.0.0.1", "localhost", "[::1]"] if LOCAL else [])
if not ALLOWED_HOSTS:
    env.required("ALLOWED_HOSTS", debug=LOCAL, fallback="")
# Former keys, for as long as what they signed is to hold.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
if not LOCAL:
    for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS):
        safety.refuse_weak_key(key)
if DEBUG:
    safety.refuse_public_debug(ALLOWED_HOSTS)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "accounts",
    "partners",
    "agreements",
    "projects",
    "oversight",
    "webhooks",
    # For its commands: what concerns the whole installation.
    "config",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.inlines",
    "django.contrib.admin",
    "django_countries",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    # First, so that redirects, static files and refusals have it too.
    "config.middleware.RequestIdMiddleware",
    "accounts.addresses.ClientAddressMiddleware",
    # It needs the client's address, and its page neither a host's name nor HTTPS.
    "config.metrics.MetricsMiddleware",
    "config.middleware.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.TransportMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Before what makes a 304, which would drop its headers.
    "accounts.throttling.RateLimitMiddleware",
    "config.middleware.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.sessions.SessionLimitsMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.second_factor.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.NulMiddleware",
    "config.middleware.LoginRequiredMiddleware",
    "config.middleware.HistoryMiddleware",
    "config.middleware.AsOfMiddleware",
    "doors.caching.PrivateAnswersMiddleware",
    "axes.middleware.AxesMiddleware",
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
        },
    },
]

DATABASES = env.databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# What only reads changes nothing, and the context before each statement would keep it from being prepared.
PGHISTORY_MIDDLEWARE_METHODS = ("POST", "PUT", "PATCH", "DELETE")

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.OwnWordsValidator"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# A code from one's telephone after the password. One's own machine asks for none; behind a single sign-on that has
# its own, it is turned off.
SECOND_FACTOR = env.choice("SECOND_FACTOR", ("off", "staff", "everyone"), "off" if LOCAL else "staff")
OTP_TOTP_ISSUER = "Pacta"
# The single sign-on: all of these, or none.
OIDC_ISSUER = env.address("OIDC_ISSUER", https=not LOCAL)
OIDC_OP_AUTHORIZATION_ENDPOINT = env.address("OIDC_AUTHORIZATION_ENDPOINT", https=not LOCAL)
OIDC_OP_TOKEN_ENDPOINT = env.address("OIDC_TOKEN_ENDPOINT", https=not LOCAL)
OIDC_OP_JWKS_ENDPOINT = env.address("OIDC_JWKS_ENDPOINT", https=not LOCAL)
# Of the ID token alone is believed who somebody is.
OIDC_OP_USER_ENDPOINT = ""
OIDC_RP_CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "")
OIDC_RP_CLIENT_SECRET = os.environ.get("OIDC_CLIENT_SECRET", "")
OIDC_RP_SIGN_ALGO = env.choice("OIDC_SIGN_ALGO", ("rs256", "es256"), "rs256").upper()
OIDC_RP_SCOPES = "openid profile"
OIDC_USE_PKCE = True
OIDC_TIMEOUT = 10  # seconds
if OIDC_ISSUER:
    safety.refuse_half_single_sign_on(
        OIDC_OP_AUTHORIZATION_ENDPOINT, OIDC_OP_TOKEN_ENDPOINT, OIDC_OP_JWKS_ENDPOINT, OIDC_RP_CLIENT_ID
    )
    AUTHENTICATION_BACKENDS.append("accounts.single_sign_on.SingleSignOn")
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.client_network"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.locked_out"
# The single sign-on counts for itself, and a lock would be on everybody behind the address.
AXES_WHITELIST_CALLABLE = "accounts.lockout.is_without_password"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# What was tried stands out of reach of those who log in; `manage.py axes_reset_username` opens a lock.
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# The log says who was tried and from where; the password is never in it.
AXES_SENSITIVE_PARAMETERS: list[str] = []
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian")), ("be", _("Belarusian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Minsk"
USE_TZ = True

# The side whose ministries, zones and universities we are (ISO 3166).
HOME_COUNTRY = "BY"

# What changed in the register, for whoever is told of it without being asked.
FEED = "config.api.FEED"

UNFOLD = {
    "SITE_TITLE": "Pacta",
    "SITE_HEADER": "Pacta",
    "SITE_SUBHEADER": _("what was agreed is to be kept"),
    "SITE_ICON": lambda request: static("pacta.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("pacta.svg")}],
    "SITE_URL": "/",
    "DASHBOARD_CALLBACK": "config.attention.for_admin",
    "COLORS": {
        "primary": {
            "50": "#eefaf6",
            "100": "#d5f2e9",
            "200": "#aee4d4",
            "300": "#78cfb9",
            "400": "#43b299",
            "500": "#1f967e",
            "600": "#0b5c4f",
            "700": "#0a5045",
            "800": "#08443b",
            "900": "#073830",
            "950": "#03211c",
        },
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False},
}

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# On one's own machine static files are served from where they are; production collects them.
WHITENOISE_USE_FINDERS = LOCAL
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT", BASE_DIR / "var" / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Files of records: no address, readable by the server's own account only.
    "private": {
        "BACKEND": "partners.storing.PrivateStorage",
        "OPTIONS": {
            "location": MEDIA_ROOT,
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        # The manifest needs collectstatic, which development and tests do without.
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedStaticFilesStorage",
    },
}

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# How long a log-in holds: accounts/sessions.py. The cookie may live as long as the longest.
SESSION_COOKIE_AGE = 12 * 3600
# A browser takes a name that begins so only over HTTPS and from this very host, for all its paths.
SESSION_COOKIE_NAME = "sessionid" if LOCAL else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if LOCAL else "__Host-csrftoken"
CSRF_COOKIE_HTTPONLY = True
# Not in a cookie of its own, whose name has no such beginning.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_SECURE = not LOCAL
CSRF_COOKIE_SECURE = not LOCAL
SECURE_SSL_REDIRECT = not LOCAL
# Programs are refused instead: config/middleware.py.
SECURE_REDIRECT_EXEMPT = ["^api/v1/"]
SECURE_HSTS_SECONDS = 0 if LOCAL else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not LOCAL
SECURE_HSTS_PRELOAD = not LOCAL
# Whom X-Forwarded-For and X-Forwarded-Proto are believed from.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Who may read /metrics; nobody, and nothing is counted, unless one of the two is said.
METRICS_NETWORKS = env.networks("METRICS_NETWORKS")
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
CSRF_FAILURE_VIEW = "config.failures.forged"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.WithinToken", "doors.rest.RegisterPermission"],
    "DEFAULT_RENDERER_CLASSES": ["doors.rest.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["doors.rest.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["doors.rest.StrictFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "doors.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "doors.schema.RegisterSchema",
    "EXCEPTION_HANDLER": "doors.problems.problem_details",
    "PAGE_SIZE": 50,
    # OPTIONS is answered by 405 and Allow: what there is stands in the schema.
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "doors.rest.Negotiation",
    # REMOTE_ADDR is the client's by then (accounts/addresses.py).
    "NUM_PROXIES": 0,
}
# How many requests of the API in which time; accounts/throttling.py says of whom.
RATE_LIMITS = {
    "token": env.rate("RATE_LIMIT_TOKEN", "3000/minute"),
    "user": env.rate("RATE_LIMIT_USER", "1200/minute"),
    "anonymous": env.rate("RATE_LIMIT_ANONYMOUS", "60/minute"),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Pacta",
    "DESCRIPTION": "The register of agreements, roadmaps and committed projects with partners abroad.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "ENUM_NAME_OVERRIDES": {
        "OriginEnum": "partners.models.Origin",
        "QualifierEnum": "agreements.models.Qualifier",
        "StageEnum": "projects.models.Stage",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "doors.schema.say_what_every_answer_carries",
    ],
    # What is written differs from what is read: no ids and labels, and an empty text is none.
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "config.logs.RequestIdFilter"}},
    "formatters": {
        "line": {
            "()": "config.logs.LineFormatter",
            "format": "{asctime} {levelname} {name} [{request_id}] {message}",
            "style": "{",
        },
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line" if LOCAL else "json",
            "filters": ["request_id"],
        }
    },
    "loggers": {
        # It tells of every trigger that a migration installs.
        "pgtrigger": {"level": "WARNING"},
        # Failures and locks; each log-in stands in pacta.audit.
        "axes": {"level": "WARNING"},
        # A line a request; at one's own terminal it would hide the rest.
        "pacta.requests": {"level": "WARNING" if LOCAL else "INFO"},
    },
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}
