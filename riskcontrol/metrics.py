"""What the master of risk settings counts, for Prometheus."""

from collections.abc import Iterable

from django.db.models import Count
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from riskcontrol.models import Change, Delivery


def families() -> Iterable[Metric]:
    """Give what waits for a trader, by kind, and audit records by action and outcome."""
    waiting = GaugeMetricFamily("pm_deliveries_pending", "Commands not yet acknowledged.", labels=["kind"])
    pending = Delivery.objects.filter(state=Delivery.State.PENDING).order_by()
    for kind, count in pending.values_list("kind").annotate(count=Count("id")):
        waiting.add_metric([kind], count)
    changes = CounterMetricFamily("pm_changes", "Audit records.", labels=["action", "outcome"])
    counted = Change.objects.order_by().values_list("action", "outcome").annotate(count=Count("id"))
    for action, outcome, count in counted:
        changes.add_metric([action, outcome], count)
    return [waiting, changes]
