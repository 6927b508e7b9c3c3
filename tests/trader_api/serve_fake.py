"""Serves a trader's faces over the fake engine: `python -m tests.trader_api.serve_fake`."""

from venues.serving.server import serve  # isort: skip  # must be the process's first Twisted import

import sys

import django
from django.conf import settings

from tests.trader_api.fake_engine import FakeEngine
from venues.trader import facade


def main() -> int:
    django.setup()
    engine = FakeEngine()
    facade.set_engine(engine)
    from venues.trader.asgi import application

    return serve(application, settings.TRADER_BIND, settings.TRADER_PORT, run=engine.run, stop=engine.stop)


if __name__ == "__main__":
    sys.exit(main())
