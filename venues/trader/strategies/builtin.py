"""The algorithms a strategies file may name without a path: pure functions of closed candles."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean
from typing import Any

from venues.trader.gateway import Candle
from venues.trader.strategies.base import Strategy, Wanted


def whole(name: str, value: Any, low: int, high: int) -> int:
    """Give a whole number of candles from low to high; ValueError names the parameter."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
    return value


def deviations(name: str, value: Any) -> float:
    """Give a number of standard deviations from 0 to 10; ValueError names the parameter."""
    try:
        number = float("nan") if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 <= number <= 10:
        raise ValueError(f"{name} must be a number from 0 to 10, not {value!r}")
    return number


def ema(closes: Sequence[float], length: int) -> float:
    """Give the exponential moving average, begun with the plain average of the first `length`."""
    average = fmean(closes[:length])
    weight = 2 / (length + 1)
    for close in closes[length:]:
        average += weight * (close - average)
    return average


class EmaCross(Strategy):
    """Follows the trend: long while the fast average stands above the slow one, else short."""

    defaults = {"fast": 12, "slow": 48}

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.fast = whole("fast", self.parameters["fast"], 1, 400)
        self.slow = whole("slow", self.parameters["slow"], 2, 500)
        if self.fast >= self.slow:
            raise ValueError(f"fast must be below slow, not {self.fast} and {self.slow}")
        self.history = min(500, 4 * self.slow)

    def wanted(self, candles: Sequence[Candle], held: Wanted) -> Wanted:
        """Give the side of the averages' order; flat until there are enough candles."""
        if len(candles) < self.slow:
            return "flat"
        closes = [float(candle.close) for candle in candles]
        fast, slow = ema(closes, self.fast), ema(closes, self.slow)
        if fast == slow:
            return held
        return "long" if fast > slow else "short"


class MeanReversion(Strategy):
    """Bets on the way back: long once the close lies `entry` deviations below its average, short above.

    A side is left `leave` deviations past the average on its other side; with `leave` equal to
    `entry` it turns around there, so that after its first signal it always holds a side.
    """

    defaults = {"window": 30, "entry": 1, "leave": 0}

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.window = whole("window", self.parameters["window"], 2, 400)
        self.entry = deviations("entry", self.parameters["entry"])
        self.leave = deviations("leave", self.parameters["leave"])
        if self.leave > self.entry:
            raise ValueError(f"leave must be at most entry, not {self.leave} and {self.entry}")
        self.history = min(500, 5 * self.window)

    def wanted(self, candles: Sequence[Candle], held: Wanted) -> Wanted:
        """Give the side that the candles lead to, whatever is held: a restart asks the same."""
        closes = [float(candle.close) for candle in candles]
        side: Wanted = "flat"
        for end in range(self.window, len(closes) + 1):
            window = closes[end - self.window : end]
            average = fmean(window)
            spread = sqrt(fmean([(close - average) ** 2 for close in window]))
            if spread > 0:
                side = self.step(side, (closes[end - 1] - average) / spread)
        return side

    def step(self, side: Wanted, score: float) -> Wanted:
        """Give the side after a close that lies `score` deviations above its average."""
        if score <= -self.entry:
            return "long"
        if score >= self.entry:
            return "short"
        left = (side == "long" and score >= self.leave) or (side == "short" and score <= -self.leave)
        return "flat" if left else side


class Breakout(Strategy):
    """Goes with the last break out of the channel of the `window` candles before it."""

    defaults = {"window": 20}

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.window = whole("window", self.parameters["window"], 2, 400)
        self.history = min(500, 10 * self.window)

    def wanted(self, candles: Sequence[Candle], held: Wanted) -> Wanted:
        """Give the side of the newest break among the candles; what is held where there is none."""
        for end in range(len(candles) - 1, self.window - 1, -1):
            before = candles[end - self.window : end]
            close = candles[end].close
            if close > max(candle.high for candle in before):
                return "long"
            if close < min(candle.low for candle in before):
                return "short"
        return held


class AlwaysLong(Strategy):
    """Holds the long side at all times."""

    def wanted(self, candles: Sequence[Candle], held: Wanted) -> Wanted:
        """Give long."""
        return "long"


class AlwaysShort(Strategy):
    """Holds the short side at all times."""

    def wanted(self, candles: Sequence[Candle], held: Wanted) -> Wanted:
        """Give short."""
        return "short"


BUILT_IN: dict[str, type[Strategy]] = {
    "ema_cross": EmaCross,
    "mean_reversion": MeanReversion,
    "breakout": Breakout,
    "always_long": AlwaysLong,
    "always_short": AlwaysShort,
}
