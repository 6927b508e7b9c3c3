"""Every path of PM."""

from typing import Any

from channels.security.websocket import WebsocketDenier
from django.contrib import admin
from django.urls import URLPattern, URLResolver, path, re_path

websocket_urlpatterns: list[Any] = [re_path(r"", WebsocketDenier.as_asgi())]

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
]

handler400 = "portfolio.rest.bad_request"
handler403 = "portfolio.rest.forbidden"
handler404 = "portfolio.rest.not_found"
handler500 = "portfolio.rest.server_error"
