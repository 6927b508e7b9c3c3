"""The paths of risk settings, under /api/risk/.

Names are matched as any segment and checked in one function, so that a bad one is 400 with
fields and not a page that does not exist (stack.md, "Paths").
"""

from django.urls import path

from riskcontrol import api

ROW = "<str:source>/<str:strategy_id>/<str:symbol>"

urlpatterns = [
    path("strategies", api.StrategiesView.as_view(), name="api-strategies"),
    path("bulk-update", api.BulkView.as_view(), name="api-bulk-update"),
    path("changes", api.ChangesView.as_view(), name="api-changes"),
    path(ROW, api.RowView.as_view(), name="api-row"),
    path(f"{ROW}/enable", api.EnableView.as_view(), name="api-enable"),
    path(f"{ROW}/disable", api.DisableView.as_view(), name="api-disable"),
    path(f"{ROW}/reset-kill-switch", api.ResetView.as_view(), name="api-reset"),
    path(f"{ROW}/kill", api.KillView.as_view(), name="api-kill"),
    path(f"{ROW}/close", api.CloseView.as_view(), name="api-close"),
    path(f"{ROW}/changes", api.RowChangesView.as_view(), name="api-row-changes"),
]
