"""When the switch trips, which marks count, and what a client id says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.trader.clientid import KINDS, ClientId, full_epoch, is_ours, unpack
from venues.trader.killswitch import MarkFilter, trips


@pytest.mark.parametrize(
    ("total", "peak", "kill_on", "tripped"),
    [
        (-50_000_000, 0, "loss", False),  # exactly the limit does not exceed it
        (-50_000_001, 0, "loss", True),
        (-49_999_999, 90_000_000, "loss", False),
        (20_000_000, 70_000_000, "drawdown", False),
        (19_999_999, 70_000_000, "drawdown", True),
        (-50_000_001, 0, "drawdown", True),
    ],
)
def test_it_trips_beyond_the_limit(total: int, peak: int, kill_on: str, tripped: bool) -> None:
    assert trips(total, peak, 50_000_000, "drawdown" if kill_on == "drawdown" else "loss") is tripped


def test_a_mark_within_five_percent_counts() -> None:
    marks = MarkFilter()
    assert marks.read(1000, None, None) == (True, 1000, 1000)
    assert marks.read(950, None, None) == (True, 950, 950)


def test_a_jump_counts_at_once_when_mid_or_oracle_is_near() -> None:
    marks = MarkFilter()
    marks.read(1000, 1000, 1000)
    assert marks.read(900, 1000, 920) == (True, 900, 900)


def test_a_lone_jump_gives_each_side_its_best_price_and_the_next_counts() -> None:
    marks = MarkFilter()
    marks.read(1000, 1000, 1000)
    assert marks.read(900, 1001, 999) == (False, 1001, 900)
    assert marks.read(900, 1001, 999) == (True, 900, 900)


@given(
    strategy=st.integers(1, 900),
    epoch=st.integers(0, 255),
    kind=st.sampled_from(KINDS),
    number=st.integers(0, 2**22 - 1),
    bits=st.sampled_from([48, 128]),
)
def test_a_client_id_says_whose_it_is(strategy: int, epoch: int, kind: str, number: int, bits: int) -> None:
    written = ClientId(strategy, epoch, kind, number)  # type: ignore[arg-type]
    packed = written.pack(bits)
    assert packed.bit_length() <= bits
    assert is_ours(packed, bits)
    assert unpack(packed, bits) == written


@pytest.mark.parametrize(
    ("short", "current", "full"), [(0, 256, 256), (255, 256, 255), (3, 3, 3), (4, 259, 4)]
)
def test_a_short_epoch_is_the_newest_that_fits(short: int, current: int, full: int) -> None:
    assert full_epoch(short, current, 48) == full


def test_foreign_ids_are_not_ours() -> None:
    assert unpack(None, 128) is None
    assert unpack(7, 128) is None
    assert not is_ours(2**127, 128)
