"""The traders of the registry, each with its link as api.md, "Rows", shows a source."""

from typing import Any

from django.db.models import Count, QuerySet

from portfolio import book
from portfolio.memory import Link
from portfolio.models import Trader
from venues.contract.errors import NotFound
from venues.contract.listing import in_a_sentence

SWITCHED_OFF = "PM does not follow this trader: it is switched off here."


def registered() -> QuerySet[Any]:
    """Give the registry by name, each trader with `count`, its number of strategies."""
    return Trader.objects.annotate(count=Count("strategies")).order_by("source")


def named(source: str) -> Any:
    """Give one trader as `registered` does; raises NotFound."""
    trader = registered().filter(source=source).first()
    if trader is None:
        raise NotFound(f"There is no trader {source}.")
    return trader


def as_source(trader: Any) -> dict[str, Any]:
    """Give a trader of `registered` as a source: status and age of its link, network, halt, error."""
    link = book.link(trader.source)
    age_s, heard_at = link.age_s(), link.heard_at or trader.heard_at
    return {
        "source": trader.source,
        "status": link.status() if trader.enabled else "offline",
        "network": link.account.network if link.account else None,
        "as_of": heard_at.isoformat().replace("+00:00", "Z") if heard_at else None,
        "age_ms": None if age_s is None else int(age_s * 1000),
        "strategies": trader.count,
        "halted": link.account.halted if link.account else None,
        "error": (link.error or _unread(link)) if trader.enabled else SWITCHED_OFF,
    }


def _unread(link: Link) -> str | None:
    return in_a_sentence(link.unread) if link.unread else None


def as_trader(trader: Any) -> dict[str, Any]:
    """Give a trader of `registered` as /api/traders shows it: the source, its URL, whether it is followed."""
    return {**as_source(trader), "url": trader.url, "enabled": trader.enabled}
