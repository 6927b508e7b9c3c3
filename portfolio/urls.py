"""Every path of PM."""

from typing import Any, cast

from channels.security.websocket import WebsocketDenier
from django.contrib import admin
from django.contrib.staticfiles.storage import staticfiles_storage
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from portfolio import api, metrics, schema
from riskcontrol.console import ConsoleSocket
from riskcontrol.live import RiskSocket
from riskcontrol.metrics import families

FAVICON = lazy(staticfiles_storage.url, str)("favicon.svg")

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("favicon.ico", RedirectView.as_view(url=FAVICON, permanent=True), name="favicon"),
    path("healthz", api.HealthView.as_view(), name="healthz"),
    path("readyz", api.ReadyView.as_view(), name="readyz"),
    path("api/traders", api.TradersView.as_view(), name="api-traders"),
    path("api/traders/<str:source>", api.TraderView.as_view(), name="api-trader"),
    path("api/portfolio/summary", api.SummaryView.as_view(), name="api-summary"),
    path("api/schema", schema.SchemaView.as_view(), name="api-schema"),
    path("api/docs", schema.DocsView.as_view(), name="api-docs"),
    path("api/risk/", include("riskcontrol.urls")),
    path("metrics", api.MetricsView.as_view(collectors=(metrics.families, families)), name="metrics"),
    path("", include("portfolio.pages")),
    path("", include("riskcontrol.pages")),
]
websocket_urlpatterns: list[Any] = [
    path("ws/risk", RiskSocket.as_asgi()),
    path("ws/console", cast(Any, ConsoleSocket.as_asgi())),  # an ASGI application, not a view
    re_path(r"", WebsocketDenier.as_asgi()),
]

handler400 = "portfolio.rest.bad_request"
handler403 = "portfolio.rest.forbidden"
handler404 = "portfolio.rest.not_found"
handler500 = "portfolio.rest.server_error"
