"""An account's money adds up, whatever is traded: integers all the way."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.paper.newborn import account, newborn
from venues.hyperliquid.paper.markets import VENUE
from venues.paper.accounts import Account, Leverage, Position
from venues.paper.engine import jump, step
from venues.paper.funding import pay
from venues.paper.instruments import divide
from venues.paper.orders import Wanted
from venues.paper.placing import place

BTC = VENUE.instruments["BTC"]
trades = st.lists(
    st.tuples(st.integers(-300_000, 300_000).filter(bool), st.integers(90_000, 99_999)), max_size=30
)


@given(trades)
def test_realised_and_unrealised_pnl_add_up_to_the_trades_made(made: list[tuple[int, int]]) -> None:
    position, realised, spent, held, mark = Position(), 0, 0, 0, 95_000_300_000
    for lots, dollars in made:
        price = dollars * 1_000_000
        realised += position.trade(BTC, lots, price)
        spent += BTC.notional(lots, price)
        held += lots
    assert position.lots == held
    assert realised + position.unrealised(BTC, mark) == BTC.notional(held, mark) - spent


@given(trades)
def test_a_flat_position_has_cost_nothing(made: list[tuple[int, int]]) -> None:
    position = Position()
    for lots, dollars in made:
        position.trade(BTC, lots, dollars * 1_000_000)
    position.trade(BTC, -position.lots, 95_000_000_000)
    assert (position.lots, position.cost, position.margin) == (0, 0, 0)


def test_a_part_closed_leaves_the_entry_price() -> None:
    position = Position()
    position.trade(BTC, 200_000, 96_000_000_000)
    realised = position.trade(BTC, -50_000, 97_000_000_000)
    assert realised == 500_000_000
    assert (position.lots, position.cost) == (150_000, 144_000_000_000)


def test_a_trade_through_zero_realises_the_old_side_and_opens_the_other() -> None:
    position = Position()
    position.trade(BTC, 100_000, 96_000_000_000)
    assert position.trade(BTC, -300_000, 95_000_000_000) == -1_000_000_000
    assert (position.lots, position.cost) == (-200_000, -190_000_000_000)
    assert position.unrealised(BTC, 94_000_000_000) == 2_000_000_000


steps = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.booleans(), st.integers(20, 3000)),
        st.tuples(st.just("jump"), st.booleans(), st.integers(94_000, 98_000)),
        st.tuples(st.just("fund"), st.booleans(), st.integers(1, 3)),
    ),
    max_size=15,
)


@settings(deadline=None, max_examples=50)
@given(steps)
def test_equity_is_balance_realised_fees_funding_and_unrealised_to_the_micro(
    taken: list[tuple[str, bool, int]],
) -> None:
    x = newborn()
    mine = account(x)
    for kind, buy, number in taken:
        if kind == "jump":
            jump(x, "BTC", number * 1_000_000)
        elif kind == "fund":
            pay(x)
        else:
            limit = 99_000_000_000 if buy else 93_000_000_000
            size = BTC.size(number * 10)
            place(x, mine, [Wanted("BTC", buy, limit, size, tif="ioc")])
    fills, paid = x.fills[mine.venue, mine.name], x.payments[mine.venue, mine.name]
    mark = x.markets["BTC"].marks["hyperliquid"]
    flows = sum(-BTC.notional(f.lots if f.buy else -f.lots, f.price) - f.fee for f in fills)
    held = BTC.notional(mine.position("BTC").lots, mark)
    assert x.margins(mine).value == 10_000_000_000 + flows + sum(p.amount for p in paid) + held
    assert mine.realised == sum(f.pnl for f in fills)


def test_the_fee_is_the_venues_share_of_each_fill() -> None:
    x = newborn()
    place(x, account(x), [Wanted("BTC", True, 96_500_000_000, BTC.size(2_000), tif="ioc")])
    (fill,) = x.fills["hyperliquid", account(x).name]
    assert fill.fee == divide(BTC.notional(2_000, fill.price) * 450, 1_000_000) == 864_045


def test_leverage_decides_the_margin_in_use() -> None:
    x = newborn()
    mine = account(x)
    mine.leverages["BTC"] = Leverage(10)
    place(x, mine, [Wanted("BTC", True, 96_500_000_000, BTC.size(10_000), tif="ioc")])
    assert x.margins(mine).used == 960_000_000
    assert x.margins(mine).cross_maintenance == 120_000_000


def test_isolated_margin_is_kept_apart_and_comes_back() -> None:
    x = newborn()
    mine = account(x)
    mine.leverages["BTC"] = Leverage(10, cross=False)
    place(x, mine, [Wanted("BTC", True, 96_500_000_000, BTC.size(10_000), tif="ioc")])
    assert mine.position("BTC").margin == 960_050_000
    assert x.margins(mine).cross_value == mine.cash - 960_050_000
    place(x, mine, [Wanted("BTC", False, 95_000_000_000, BTC.size(10_000), tif="ioc")])
    assert x.margins(mine).value == x.margins(mine).cross_value == mine.cash


def test_an_empty_account_has_no_margins() -> None:
    x = newborn()
    stranger = Account("hyperliquid", "0x" + "b" * 40)
    assert x.margins(stranger).value == x.margins(stranger).free == 0


def test_a_second_of_the_market_changes_no_cash() -> None:
    x = newborn(speed=1)
    step(x)
    assert account(x).cash == 10_000_000_000


def test_a_part_closed_gives_its_share_of_isolated_margin_back() -> None:
    x = newborn()
    mine = account(x)
    mine.leverages["BTC"] = Leverage(10, cross=False)
    place(x, mine, [Wanted("BTC", True, 96_500_000_000, BTC.size(10_000), tif="ioc")])
    place(x, mine, [Wanted("BTC", False, 95_000_000_000, BTC.size(2_500), tif="ioc")])
    assert mine.position("BTC").margin == 960_050_000 * 3 // 4
