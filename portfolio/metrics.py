"""What the book counts, for Prometheus."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from portfolio import book
from portfolio.models import Trader


def families() -> Iterable[Metric]:
    """Give one family per number: links up and their age, strategies, kills, equity, open PnL."""
    up = GaugeMetricFamily("pm_link_online", "Whether the trader was heard within 5 s.", labels=["source"])
    age = GaugeMetricFamily("pm_link_age_seconds", "Since the trader's last message.", labels=["source"])
    for source in Trader.objects.values_list("source", flat=True):
        link = book.link(source)
        up.add_metric([source], float(link.status() == "online"))
        age_s = link.age_s()
        if age_s is not None:
            age.add_metric([source], age_s)
    return [up, age, *_sums()]


def _sums() -> list[Metric]:
    said = {
        "equity": "Equity of the account in USD.",
        "open_pnl": "Unrealised PnL in USD.",
        "margin_used": "Margin used in USD.",
        "strategies": "Strategies known.",
        "killed": "Strategies killed.",
    }
    found: list[Metric] = []
    sources = book.summary()["sources"]
    for name, sentence in said.items():
        family = GaugeMetricFamily(f"pm_{name}", sentence, labels=["source"])
        for one in sources:
            if one[name] is not None:
                family.add_metric([one["source"]], float(one[name]))
        found.append(family)
    return found
