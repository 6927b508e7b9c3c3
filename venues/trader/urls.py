"""Every path of a trader (api.md, section 2); who may take it is decided before, in access.py."""

from django.urls import path

from venues.trader import api, pages
from venues.trader.api import endpoint

ONE = "api/strategies/<str:strategy_id>/<str:symbol>"

urlpatterns = [
    *pages.urlpatterns,
    path("api/strategies", endpoint(GET=api.strategies)),
    path("api/strategies/settings", endpoint(PUT=api.put_settings_list)),
    path(ONE, endpoint(GET=api.strategy)),
    path(f"{ONE}/settings", endpoint(PUT=api.put_settings)),
    path(f"{ONE}/enable", endpoint(POST=api.enable)),
    path(f"{ONE}/disable", endpoint(POST=api.disable)),
    path(f"{ONE}/reset-kill-switch", endpoint(POST=api.reset)),
    path(f"{ONE}/kill", endpoint(POST=api.kill)),
    path(f"{ONE}/close", endpoint(POST=api.close)),
    path("api/account", endpoint(GET=api.account)),
    path("api/positions", endpoint(GET=api.positions)),
    path("api/orders", endpoint(GET=api.orders)),
    path("api/trades", endpoint(GET=api.trades)),
    path("api/equity", endpoint(GET=api.equity)),
    path("healthz", endpoint(GET=api.healthz)),
    path("metrics", endpoint(GET=api.metrics)),
]

handler400 = "venues.serving.errors.bad_request"
handler404 = "venues.serving.errors.not_found"
handler500 = "venues.serving.errors.server_error"
