"""The replayed feed: recorded minutes or trades from a CSV file, the last price held at its end."""

import csv
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from venues.paper.bars import Bar, flat

BAR_COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
TRADE_COLUMNS = ("timestamp", "price", "size")


class Replay:
    """Recorded minutes; the file's first minute is the market's first after its birth."""

    def __init__(self, name: str, minutes: dict[int, Bar], first: int) -> None:
        """`first` is the earliest minute of all files that are replayed together."""
        self.name = name
        self.minutes = minutes
        self.first = first

    def start(self) -> dict[str, Any]:
        """Give the state before the first minute."""
        return {"close": next(iter(self.minutes.values())).open, "row": 0}

    def next(self, minute: int, state: dict[str, Any]) -> tuple[Bar, dict[str, Any]]:
        """Give the bar of the next recorded minute, a flat one where the file has none."""
        bar = self.minutes.get(self.first + state["row"]) or flat(state["close"])
        return bar, {"close": bar.close, "row": state["row"] + 1}


def read_rows(file: Path) -> dict[int, Bar]:
    """Give the bars of a CSV file by minute, in order; raises ImproperlyConfigured with a sentence."""
    try:
        with file.open(newline="") as lines:
            reader = csv.DictReader(lines)
            columns = tuple(reader.fieldnames or ())
            if set(BAR_COLUMNS) <= set(columns):
                found = dict(_bars(reader))
            elif set(TRADE_COLUMNS) <= set(columns):
                found = _from_trades(reader)
            else:
                raise ImproperlyConfigured(
                    f"EXCHANGE_FEED: {file} must have the columns {','.join(BAR_COLUMNS)}"
                    f" or {','.join(TRADE_COLUMNS)}."
                )
    except OSError as error:
        raise ImproperlyConfigured(f"EXCHANGE_FEED: cannot read {file}: {error.strerror}.") from None
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"EXCHANGE_FEED: {file} has a row that cannot be read: {error}.") from None
    if not found:
        raise ImproperlyConfigured(f"EXCHANGE_FEED: {file} has no rows.")
    return dict(sorted(found.items()))


def _bars(rows: Iterator[dict[str, str]]) -> Iterator[tuple[int, Bar]]:
    for row in rows:
        opened, high, low, close = (_price(row[name]) for name in BAR_COLUMNS[1:5])
        if not low <= min(opened, close) <= max(opened, close) <= high:
            raise ValueError(f"{row['timestamp']}: high and low do not hold open and close")
        yield _minute(row["timestamp"]), Bar(opened, high, low, close, max(0.0, float(row["volume"])))


def _from_trades(rows: Iterator[dict[str, str]]) -> dict[int, Bar]:
    trades: dict[int, list[tuple[float, float]]] = {}
    for row in rows:
        trades.setdefault(_minute(row["timestamp"]), []).append((_price(row["price"]), float(row["size"])))
    found = {}
    for minute, group in trades.items():
        prices = tuple(price for price, _ in group)
        volume = sum(abs(size) for _, size in group)
        found[minute] = Bar(prices[0], max(prices), min(prices), prices[-1], volume, prices)
    return found


def _price(text: str) -> float:
    price = float(text)
    if not math.isfinite(price) or price <= 0:
        raise ValueError(f"not a price: {text!r}")
    return price


def _minute(text: str) -> int:
    """Give the minute since 1970 of an ISO time (UTC where it names no zone) or of epoch s or ms."""
    if text.replace(".", "", 1).isdigit():
        number = float(text)
        return int(number / (60_000 if number > 1e11 else 60))
    time = datetime.fromisoformat(text)
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() // 60)
