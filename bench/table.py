"""Interleaved rounds, medians, and the lines that `make bench` prints."""

import statistics
import time
from collections.abc import Callable, Mapping

Step = Callable[[], object]
ROUNDS = 7


def seconds(step: Step, times: int) -> float:
    """Give the seconds one call takes, over `times` calls in a row."""
    began = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - began) / times


def interleaved(sides: Mapping[str, Step], times: int, rounds: int = ROUNDS) -> dict[str, float]:
    """Give each side's median seconds a call; in every round each side has its turn."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for step in sides.values():
        step()
    for _ in range(rounds):
        for name, step in sides.items():
            found[name].append(seconds(step, times))
    return {name: statistics.median(measured) for name, measured in found.items()}


def duration(value: float) -> str:
    """Give seconds in the unit a person reads them in."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= factor:
            return f"{value / factor:.2f} {unit}"
    return f"{value / 1e-9:.0f} ns"


def heading(title: str) -> None:
    """Print what the lines below are about."""
    print(f"\n{title}\n{'-' * len(title)}")


def alone(what: str, value: float) -> None:
    """Print one side that is compared with nothing."""
    print(f"{what:<58}{duration(value):>12}", flush=True)


def beside(what: str, ours: float, against: str, bare: float, goal: str = "") -> None:
    """Print both sides and their ratio, and the goal where performance has one."""
    said = f"   goal {goal}" if goal else ""
    print(
        f"{what:<58}{duration(ours):>12}   {against:<36}{duration(bare):>12}   × {ours / bare:.2f}{said}",
        flush=True,
    )
