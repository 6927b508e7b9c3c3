"""A trader's settings: one flat file, each variable through a loud parser (api.md, section 4)."""

import os

from django.core.exceptions import ImproperlyConfigured

from venues.serving import environment, secrets
from venues.serving.database import sqlite
from venues.serving.traders import TRADER_PORTS

BASE_DIR = environment.BASE_DIR
VAR_DIR = environment.var_dir()

# Which trader this process is; manage.py takes it from the command line
TRADER_VENUE = os.environ.get("TRADER_VENUE", "")
if TRADER_VENUE not in TRADER_PORTS:
    said = f"There is no venue {TRADER_VENUE!r}" if TRADER_VENUE else "No venue is named"
    raise ImproperlyConfigured(f"{said}: name one of {', '.join(TRADER_PORTS)}.")
TRADER_SOURCE = TRADER_VENUE
PREFIX = TRADER_SOURCE.upper().replace("-", "_")

# Where it listens, and who may come in
TRADER_PORT = environment.port(f"{PREFIX}_PORT", TRADER_PORTS[TRADER_VENUE])
TRADER_BIND = environment.host("BIND", "127.0.0.1")
TOKEN_NAME = f"{PREFIX}_TRADER_TOKEN"
TRADER_TOKEN = secrets.secret(TOKEN_NAME)
if not TRADER_TOKEN.isascii() or not TRADER_TOKEN.isprintable() or " " in TRADER_TOKEN:
    raise ImproperlyConfigured(f"{TOKEN_NAME} must be printable ASCII without blanks.")
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = [*LOOPBACK, f"[{TRADER_BIND}]" if ":" in TRADER_BIND else TRADER_BIND]

# What it trades, and what it does about losses (risk.md); PM cannot change any of it
TRADER_STRATEGIES = BASE_DIR / environment.text(
    f"{PREFIX}_STRATEGIES", f"venues/{TRADER_VENUE}/strategies.toml"
)
ON_KILL = environment.choice("ON_KILL", "close", ("close", "hold"))
KILL_ON = environment.choice("KILL_ON", "loss", ("loss", "drawdown"))
MAX_RISK_PER_TRADE = environment.decimal("MAX_RISK_PER_TRADE", "5", "0.0001", "100")
STOP_SLIPPAGE_PERCENT = environment.decimal("STOP_SLIPPAGE_PERCENT", "0.1", "0", "5")

DEBUG = False
INSTALLED_APPS = ["django.contrib.staticfiles", "venues.trader"]
# None at all: the API runs on the loop's own thread, and headers, hosts and access stand before Django.
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "venues.trader.urls"
ASGI_APPLICATION = "venues.trader.asgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {"default": sqlite(VAR_DIR / f"{TRADER_SOURCE}.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]

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
