"""The PM's settings: one flat file, each variable through a loud parser (api.md, section 4)."""

from datetime import timedelta
from urllib.parse import urlsplit

from venues.serving import environment, secrets, traders
from venues.serving.database import configured

BASE_DIR = environment.BASE_DIR
VAR_DIR = environment.var_dir()

# Where PM listens, and what may talk to it
PM_PORT = environment.port("PM_PORT", 9004)
BIND = environment.host("BIND", "127.0.0.1")
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
ANYWHERE = {"0.0.0.0", "::"}  # nosec B104  # compared with, never listened on
OWN_HOST = [] if BIND in {*ANYWHERE, *LOOPBACK, "::1"} else [environment.in_url(BIND)]
PM_ORIGINS = environment.origins("PM_ORIGINS", [f"http://{host}:{PM_PORT}" for host in LOOPBACK + OWN_HOST])
TRADER_HOSTS = environment.hosts("TRADER_HOSTS", LOOPBACK + OWN_HOST)
ORIGIN_HOSTS = [environment.in_url(urlsplit(origin).hostname or "") for origin in PM_ORIGINS]
ALLOWED_HOSTS = [*LOOPBACK, *OWN_HOST, *ORIGIN_HOSTS]

# The venues whose traders and accounts `prepare` makes
TRADER_PORTS = {
    venue: environment.port(f"{venue.upper()}_PORT", port) for venue, port in traders.TRADER_PORTS.items()
}
VENUES = tuple(TRADER_PORTS)

SECRET_KEY = secrets.secret("PM_SECRET_KEY")
DEBUG = False

INSTALLED_APPS = [
    "portfolio.adminsite.AdminSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "knox",
    "axes",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "portfolio",
    "riskcontrol",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portfolio.urls"
ASGI_APPLICATION = "portfolio.asgi.application"
APPEND_SLASH = False

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
            ]
        },
    }
]

DATABASES = {"default": configured(VAR_DIR / "pm.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "portfolio.formats"  # the language's own would win over a format given here
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

# Who may come in
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "portfolio.access.RoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 8},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "portfolio.access.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "portfolio.access.client_ip"
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTO_REFRESH": False}

# Cookies are secure where every origin is; names of our own: loopback shares cookies between ports
SECURE_COOKIES = all(origin.startswith("https://") for origin in PM_ORIGINS)
SESSION_COOKIE_NAME = f"pm_session_{PM_PORT}"
SESSION_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = f"pm_csrf_{PM_PORT}"
CSRF_COOKIE_SECURE = SECURE_COOKIES
CSRF_TRUSTED_ORIGINS = PM_ORIGINS
CSRF_FAILURE_VIEW = "portfolio.rest.csrf_failed"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "media-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portfolio.access.TokenAuthentication",  # first, so that refusals carry WWW-Authenticate: Token
        "portfolio.access.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["portfolio.access.Viewer"],
    "DEFAULT_PARSER_CLASSES": [
        "portfolio.rest.StrictJSONParser",
        "portfolio.rest.FormParser",
        "portfolio.rest.MultiPartParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portfolio.rest.Negotiation",
    "DEFAULT_RENDERER_CLASSES": ["portfolio.rest.ExactJSONRenderer", "portfolio.rest.FormsRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "portfolio.rest.exception_handler",
    "COERCE_DECIMAL_TO_STRING": False,
    "UNICODE_JSON": True,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "PoG PM",
    "DESCRIPTION": "The portfolio manager (PM): reads, changes, kills and resets automated traders.\n\n"
    "[Back to the risk table](/)",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["portfolio.access.Viewer"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"SourceStatusEnum": ("online", "stale", "offline")},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portfolio.schema.as_it_is_read",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["err"], "level": "INFO"},
    "loggers": {
        "daphne": {"level": "WARNING"},
        "django.channels.server": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}
