"""Settings of the paper exchange; api.md, section 4, names the variables."""

from django.core.exceptions import ImproperlyConfigured

from venues.serving import environment, secrets
from venues.serving.database import sqlite
from venues.serving.traders import TRADER_PORTS

BASE_DIR = environment.BASE_DIR
VAR_DIR = environment.var_dir()
DEBUG = False
SECRET_KEY = secrets.generated_token()  # nothing is signed with it; no session outlives the process
BIND = environment.host("BIND", "127.0.0.1")
EXCHANGE_PORT = environment.port("EXCHANGE_PORT", 9010)
ALLOWED_HOSTS = ["*"]  # the venues' paths are open to any client that reaches them; /paper checks its own

EXCHANGE_FEED = environment.text("EXCHANGE_FEED", "synthetic")
EXCHANGE_SPEED = environment.integer("EXCHANGE_SPEED", 1, 0, 3600)
EXCHANGE_SEED = environment.integer("EXCHANGE_SEED", 1)
PAPER_BALANCE = environment.decimal("PAPER_BALANCE", "10000", "0", "1000000000")

# Models that a test may switch off by EXCHANGE_WITHOUT=spread,parts,… (paper-exchange.md).
MODELS = (
    "mark",  # mark and oracle apart from mid
    "spread",
    "depth",
    "jumps",  # of the synthetic feed
    "parts",  # one execution in up to five fills
    "partial_ioc",  # some IOC orders filled only partly
    "late_events",  # half of the orders are told of up to 0.2 s after the reply, part by part
    "funding",
    "late_funding",  # told up to three seconds late, now and then twice
    "minimum_volume",  # what scheduleCancel asks for
    "delay",  # between a transaction's acceptance and its execution (Lighter)
    "rejects",  # some orders cancelled by the sequencer after they were accepted (Lighter)
    "rate_limits",  # 60 requests and 60 transactions a minute (Lighter)
)
EXCHANGE_PATH = environment.choice("EXCHANGE_PATH", "nearer", ("nearer", "adverse"))
EXCHANGE_WITHOUT = frozenset(environment.words("EXCHANGE_WITHOUT"))
if unknown := EXCHANGE_WITHOUT - set(MODELS):
    raise ImproperlyConfigured(
        f"EXCHANGE_WITHOUT: {', '.join(sorted(unknown))} is none of {', '.join(MODELS)}."
    )

FACES = tuple(f"venues.{venue}.paper" for venue in TRADER_PORTS)
DATABASES = {"default": sqlite(VAR_DIR / "exchange.sqlite3")}
INSTALLED_APPS = ["venues.paper"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "venues.paper.urls"
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"venues": {"level": "INFO"}},
}
