"""Cash accounting against a Decimal oracle (I10), and the trades it closes."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from venues.trader.ledger import Ledger

lots = st.integers(-500, 500).filter(bool)
fills = st.lists(
    st.tuples(
        lots, st.integers(1, 200_000).map(lambda dollars: dollars * 1_000_000), st.integers(-50, 90_000)
    ),
    min_size=1,
    max_size=30,
)


def booked(parts: list[tuple[int, int, int]], funding: list[int]) -> Ledger:
    ledger = Ledger(5)
    for at_ms, (size, price, fee) in enumerate(parts):
        ledger.fill(size, price, fee, at_ms)
    for amount in funding:
        ledger.pay_funding(amount)
    return ledger


@given(fills, st.lists(st.integers(-10_000, 10_000)), st.integers(1, 200_000), st.randoms())
def test_i10_total_pnl_is_the_same_after_any_order_and_equals_the_oracle(
    parts: list[tuple[int, int, int]], funding: list[int], mark: int, random: object
) -> None:
    """I10, to the micro-dollar."""
    shuffled = sorted(parts, key=lambda part: hash((part, id(random))))
    first, second = booked(parts, funding), booked(shuffled, funding[::-1])
    mark_micros = mark * 1_000_000
    assert first.total(mark_micros) == second.total(mark_micros)
    oracle = sum((Decimal(-size) / 100_000 * price / 1_000_000 for size, price, _ in parts), Decimal(0))
    oracle += Decimal(sum(size for size, _, _ in parts)) / 100_000 * mark
    oracle -= Decimal(sum(fee for _, _, fee in parts)) / 1_000_000
    oracle += Decimal(sum(funding)) / 1_000_000
    assert Decimal(first.total(mark_micros)) / 1_000_000 == oracle


@given(fills)
def test_closed_trades_add_up_to_the_total_when_flat(parts: list[tuple[int, int, int]]) -> None:
    ledger = Ledger(5)
    closed = [ledger.fill(size, price, fee, at) for at, (size, price, fee) in enumerate(parts)]
    if ledger.lots:
        closed.append(ledger.fill(-ledger.lots, 50_000_000_000, 7, 99))
    assert sum(trade.pnl for trade in closed if trade) == ledger.total(0)


def test_a_round_trip_names_its_prices() -> None:
    ledger = Ledger(5)
    ledger.fill(100, 50_000_000_000, 20_000, 1)
    ledger.fill(100, 52_000_000_000, 20_000, 2)
    assert ledger.entry_price == 51_000
    assert ledger.unrealized(53_000_000_000) == 4_000_000
    ledger.pay_funding(-1000)
    closed = ledger.fill(-200, 53_000_000_000, 50_000, 3)
    assert closed is not None
    assert (closed.side, closed.size, closed.entry_price, closed.exit_price) == (
        "long",
        Decimal("0.002"),
        Decimal(51_000),
        Decimal(53_000),
    )
    assert (closed.pnl, closed.fees, closed.funding) == (4_000_000 - 90_000 - 1000, 90_000, -1000)
    assert ledger.entry_price is None


def test_a_fill_through_zero_closes_one_trade_and_opens_the_next() -> None:
    ledger = Ledger(5)
    ledger.fill(100, 50_000_000_000, 0, 1)
    closed = ledger.fill(-150, 51_000_000_000, 300, 2)
    assert closed is not None
    assert closed.fees == 200
    assert ledger.lots == -50
    assert ledger.entry_price == 51_000


def test_what_was_held_at_a_venue_time() -> None:
    ledger = Ledger(5)
    ledger.fill(100, 50_000_000_000, 0, 10)
    ledger.fill(-100, 50_000_000_000, 0, 20)
    assert [ledger.lots_at(at) for at in (9, 10, 19, 20, 30)] == [0, 100, 100, 0, 0]
