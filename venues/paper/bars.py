"""One minute of a market: its four prices, and the path a price takes inside them."""

from dataclasses import dataclass
from itertools import pairwise

POINTS = 60


@dataclass(frozen=True)
class Bar:
    """Open, high, low and close of a minute in USD; `points` where the feed knows the path itself."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    points: tuple[float, ...] = ()


def flat(price: float) -> Bar:
    """Give a minute in which nothing trades."""
    return Bar(price, price, price, price, 0.0)


def path(bar: Bar, low_first: bool | None = None) -> list[float]:
    """Give 60 prices from open to close, one a market second, touching both extremes.

    Without `low_first` the extreme nearer to the open comes first (paper-exchange.md, "path inside a
    bar"); a feed's own points are spread over the minute.
    """
    if bar.points:
        return [bar.points[second * len(bar.points) // POINTS] for second in range(POINTS)]
    if low_first is None:
        low_first = bar.open - bar.low < bar.high - bar.open
    first, second = (bar.low, bar.high) if low_first else (bar.high, bar.low)
    corners = [bar.open, first, second, bar.close]
    lengths = [abs(b - a) for a, b in pairwise(corners)]
    steps = _shares(lengths)
    prices = [bar.open]
    for start, end, count in zip(corners[:-1], corners[1:], steps, strict=True):
        prices += [start + (end - start) * n / count for n in range(1, count)] + [end]
    return prices


def _shares(lengths: list[float]) -> list[int]:
    """Share 59 steps among three legs by their length, at least one each."""
    total = sum(lengths) or 1.0
    free = POINTS - 1 - len(lengths)
    steps = [1 + int(free * length / total) for length in lengths]
    steps[lengths.index(max(lengths))] += POINTS - 1 - sum(steps)
    return steps
