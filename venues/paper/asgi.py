"""The ASGI application of the exchange that this process serves."""

from typing import cast

from django.core.asgi import get_asgi_application

from venues.paper.server import application as routed
from venues.serving.guard import Application

application = routed(cast(Application, get_asgi_application()))
