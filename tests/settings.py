"""Settings of the tests and of mypy: PM's apps plus the trader's and the exchange's, a VAR_DIR of its own."""

import atexit
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

_directory = tempfile.mkdtemp(prefix="pm-tests-")
_owner = os.getpid()


def _clear() -> None:
    if os.getpid() == _owner:  # not in what a test has forked
        shutil.rmtree(_directory, ignore_errors=True)


atexit.register(_clear)
for _name in ("DATABASE_URL", "PM_ORIGINS", "TRADER_HOSTS", "BIND", "PM_ADMIN_PASSWORD"):
    os.environ.pop(_name, None)
os.environ.update(VAR_DIR=_directory, ENV_FILE=str(Path(_directory) / "none"), PM_SECRET_KEY="s" * 50)
os.environ["TRADER_VENUE"] = "hyperliquid"

from portfolio.settings import *  # noqa: E402, F403
from portfolio.settings import DATABASES, INSTALLED_APPS  # noqa: E402
from venues.trader.settings import (  # noqa: E402, F401
    KILL_ON,
    MAX_RISK_PER_TRADE,
    ON_KILL,
    STOP_SLIPPAGE_PERCENT,
    TOKEN_NAME,
    TRADER_BIND,
    TRADER_PORT,
    TRADER_SOURCE,
    TRADER_STRATEGIES,
    TRADER_TOKEN,
    TRADER_VENUE,
)

INSTALLED_APPS += [app for app in ("venues.trader", "venues.paper") if find_spec(f"{app}.models")]
DATABASES["default"]["TEST"] = {"NAME": str(Path(_directory) / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING = {}
