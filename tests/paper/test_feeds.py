"""The feeds: what the seed decides, what a file says, and what is refused at the start."""

import itertools
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from venues.paper.bars import Bar
from venues.paper.feeds import Feed, feeds
from venues.paper.symbols import SYMBOLS
from venues.paper.synthetic import Synthetic

MINUTE = 30_000_000
BARS = "timestamp,open,high,low,close,volume\n"


def minutes(feed: Feed, count: int) -> list[Bar]:
    state, bars = feed.start(), []
    for number in range(count):
        bar, state = feed.next(MINUTE + number, state)
        bars.append(bar)
    return bars


def test_one_seed_gives_one_market_and_another_gives_another() -> None:
    first, second, other = (minutes(Synthetic(SYMBOLS["BTC"], seed), 300) for seed in (1, 1, 2))
    assert first == second != other


def test_the_synthetic_market_is_no_white_noise() -> None:
    bars = minutes(Synthetic(SYMBOLS["BTC"], 1), 20_000)
    moves = [bar.close / bar.open - 1 for bar in bars]
    quiet = sum(map(abs, moves)) / len(moves)
    hours = [sum(map(abs, moves[at : at + 60])) / 60 for at in range(0, len(moves), 60)]
    gaps = [abs(b.open / a.close - 1) for a, b in itertools.pairwise(bars)]
    assert max(hours) > 2 * quiet > 3 * min(hours)  # storms and calms last
    assert 3 <= sum(gap > 0.004 for gap in gaps) <= 40  # and now and then it jumps
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)


def test_jumps_can_be_switched_off() -> None:
    bars = minutes(Synthetic(SYMBOLS["BTC"], 1, jumps=False), 20_000)
    assert all(abs(b.open / a.close - 1) < 0.004 for a, b in itertools.pairwise(bars))


def test_a_file_is_replayed_from_its_first_minute_and_its_last_price_holds(tmp_path: Path) -> None:
    file = tmp_path / "btc.csv"
    file.write_text(
        BARS
        + "2022-01-01 00:00:00.000000,100,110,90,105,7\n"
        + "2022-01-01 00:02:00.000000,106,107,101,102,3\n"  # the minute between is missing
    )
    found = feeds(f"replay:{file}", 1)
    bars = minutes(found["BTC"], 5)
    assert bars[0] == Bar(100, 110, 90, 105, 7)
    assert bars[1] == Bar(105, 105, 105, 105, 0)
    assert bars[2].close == bars[3].close == bars[4].close == 102
    assert isinstance(found["ETH"], Synthetic)


def test_two_files_are_replayed_on_one_clock(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(BARS + "1640995200,1,1,1,1,1\n1640995260,2,2,2,2,1\n")
    (tmp_path / "b.csv").write_text(BARS + "1640995260000,20,20,20,20,1\n")
    found = feeds("replay:BTC=a.csv,ETH=b.csv", 1, base=tmp_path)
    assert [bar.open for bar in minutes(found["BTC"], 2)] == [1, 2]
    assert [bar.open for bar in minutes(found["ETH"], 2)] == [20, 20]
    assert [bar.volume for bar in minutes(found["ETH"], 2)] == [0, 1]


def test_recorded_trades_make_minutes(tmp_path: Path) -> None:
    file = tmp_path / "trades.csv"
    file.write_text(
        "timestamp,price,size\n2022-01-01T00:00:01+00:00,100,1\n"
        "2022-01-01T00:00:30+00:00,95,2\n2022-01-01T00:01:00+00:00,98,1\n"
    )
    first, second = minutes(feeds(f"replay:{file}", 1)["BTC"], 2)
    assert first == Bar(100, 100, 95, 95, 3, (100, 95))
    assert second.open == 98


@pytest.mark.parametrize(
    ("setting", "content", "said"),
    [
        ("random", "", "EXCHANGE_FEED must be"),
        ("replay:", "", "EXCHANGE_FEED must be"),
        ("synthetic:3", "", "EXCHANGE_FEED must be"),
        ("replay:none.csv", None, "cannot read"),
        ("replay:NOPE=a.csv", "", "must be SYMBOL=FILE"),
        ("replay:a.csv", "", "must have the columns"),
        ("replay:a.csv", "when,price\n1,2\n", "must have the columns"),
        ("replay:a.csv", BARS, "has no rows"),
        ("replay:a.csv", BARS + "2022-01-01,1,2,0.5,nan,1\n", "cannot be read"),
        ("replay:a.csv", BARS + "2022-01-01,1,1,1,2,1\n", "cannot be read"),
        ("replay:a.csv", BARS + "yesterday,1,1,1,1,1\n", "cannot be read"),
        ("replay:a.csv", BARS + "2022-01-01,1,1\n", "cannot be read"),
    ],
)
def test_a_feed_that_cannot_be_read_stops_the_start(
    tmp_path: Path, setting: str, content: str | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "a.csv").write_text(content)
    with pytest.raises(ImproperlyConfigured, match=said) as stopped:
        feeds(setting, 1, base=tmp_path)
    assert str(stopped.value).startswith("EXCHANGE_FEED")
