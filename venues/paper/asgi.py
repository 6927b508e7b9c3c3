"""The ASGI application of the exchange that this process serves."""

from django.core.asgi import get_asgi_application

from venues.paper.server import application as routed

application = routed(get_asgi_application())
