"""The PM's ASGI application: guard, then Django for HTTP and Channels for sockets."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portfolio.settings")

import django

django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402

from portfolio.handler import ThreadHandler  # noqa: E402
from portfolio.sockets import Doorkeeper  # noqa: E402
from portfolio.urls import websocket_urlpatterns  # noqa: E402
from venues.serving.guard import Guard  # noqa: E402

BULK_LIMIT = 4 * 1024 * 1024

http = ThreadHandler()
application = Guard(
    ProtocolTypeRouter(
        {
            "http": http,
            "websocket": Doorkeeper(URLRouter(websocket_urlpatterns), settings.PM_ORIGINS, {"/ws/risk"}),
        }
    ),
    {"/api/risk/bulk-update": BULK_LIMIT},
)
