"""An account's orders are its own: no other account cancels them by their number."""

from tests.paper.newborn import account, newborn, order
from venues.hyperliquid.paper import VENUE
from venues.hyperliquid.paper.ordering import cancel_orders
from venues.paper.accounts import Account
from venues.paper.placing import place


def test_an_order_is_cancelled_by_its_own_account_alone() -> None:
    x = newborn()
    stranger = Account(VENUE.name, "0x" + "9" * 40, deposits=10_000_000_000)
    x.add_account(stranger)
    resting = place(x, account(x), [order(True, "0.01", 95_000)])[0].order
    named = {"cancels": [{"a": x.instrument(VENUE.name, "BTC").number, "o": resting.oid}]}
    (refused,) = cancel_orders(x, stranger, named)["data"]["statuses"]
    assert "never placed" in refused["error"]
    assert not resting.is_final
    assert cancel_orders(x, account(x), named)["data"]["statuses"] == ["success"]
    assert resting.is_final
