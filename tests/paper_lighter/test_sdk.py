"""Lighter's official SDK, unchanged, at the paper exchange's URL."""

import json
import time

import lighter
import pytest
from lighter.signer_client import CreateOrderTxReq, SignerClient

from tests.paper_lighter.conftest import KEY, Stranger, done

ETH, BTC = 0, 1
LIMIT, SL, TP = SignerClient.ORDER_TYPE_LIMIT, SignerClient.ORDER_TYPE_STOP_LOSS, 4
GTT, IOC, POST_ONLY = 1, 0, 2
# A group's orders end together: -1, the SDK's 28 days, is counted from each order's own millisecond.
IN_28_DAYS = int(time.time() * 1000) + 28 * 86_400_000


async def limit(stranger: Stranger, client: int, price: int = 290_000, **more: object) -> None:
    fields = {"base_amount": 1000, "is_ask": False, "order_type": LIMIT, "time_in_force": GTT, **more}
    done(await stranger.client.create_order(ETH, client, price=price, **fields))


async def buy(stranger: Stranger, client: int, lots: int = 1000) -> None:
    done(await stranger.client.create_market_order(ETH, client, lots, 315_000, is_ask=False))


async def test_the_key_belongs_to_the_account(stranger: Stranger) -> None:
    assert stranger.client.check_client() is None
    (key,) = stranger.get("apikeys", account_index=stranger.index)["api_keys"]
    assert (key["public_key"], key["nonce"]) == (stranger.public, 1)


async def test_a_limit_order_rests_and_is_cancelled_by_either_index(stranger: Stranger) -> None:
    await limit(stranger, 11)
    await limit(stranger, 12)
    orders = await lighter.OrderApi(stranger.api).account_active_orders(
        account_index=stranger.index, market_id=ETH, authorization=stranger.token
    )
    assert [(one.client_order_index, one.status, one.price) for one in orders.orders] == [
        (12, "open", "2900.00"),
        (11, "open", "2900.00"),
    ]
    done(await stranger.client.cancel_order(ETH, 11))
    done(await stranger.client.cancel_order(ETH, orders.orders[0].order_index))
    inactive = await lighter.OrderApi(stranger.api).account_inactive_orders(
        account_index=stranger.index, limit=10, authorization=stranger.token
    )
    assert {one.client_order_index: one.status for one in inactive.orders} == {11: "canceled", 12: "canceled"}


async def test_orders_by_client_index_are_those_of_the_token_s_account(stranger: Stranger) -> None:
    await limit(stranger, 15)
    api = lighter.OrderApi(stranger.api)
    for named in ({}, {"account_index": stranger.index}):
        found = await api.account_orders(stranger.token, "15,16", **named)
        assert [(one.client_order_index, one.status) for one in found.orders] == [(15, "open")]
    with pytest.raises(lighter.exceptions.BadRequestException, match="20013"):
        await api.account_orders("nobody", "15")


async def test_a_market_order_fills_and_its_trade_names_my_side(stranger: Stranger) -> None:
    await buy(stranger, 21)
    assert stranger.size() == "0.1"
    order = stranger.order(21)
    assert (order["status"], order["filled_base_amount"], order["type"]) == ("filled", "0.1000", "market")
    (trade,) = (
        await lighter.OrderApi(stranger.api).trades(
            sort_by="timestamp", limit=10, account_index=stranger.index
        )
    ).trades
    assert (trade.bid_account_id, trade.is_maker_ask) == (stranger.index, True)
    assert (trade.bid_id, trade.bid_client_id) == (order["order_index"], 21)
    assert trade.usd_amount == order["filled_quote_amount"]
    assert trade.taker_fee is None


async def test_a_market_order_by_slippage_reads_the_book(stranger: Stranger) -> None:
    answer = await stranger.client.create_market_order_limited_slippage(ETH, 22, 1000, 0.01, is_ask=True)
    done(answer)
    (trade,) = stranger.get("trades", sort_by="timestamp", limit=1, account_index=stranger.index)["trades"]
    assert (trade["ask_account_id"], trade["is_maker_ask"]) == (stranger.index, False)
    assert stranger.size() == "-0.1"


async def test_a_stop_waits_for_the_mark_and_closes(stranger: Stranger) -> None:
    await buy(stranger, 31)
    done(await stranger.client.create_sl_order(ETH, 32, 1000, 294_000, 285_000, True, True))
    waiting = stranger.order(32)
    assert (waiting["status"], waiting["trigger_status"], waiting["type"]) == (
        "pending",
        "mark-price",
        "stop-loss",
    )
    stranger.paper.price("ETH", 2_950)
    assert stranger.order(32)["status"] == "pending"
    stranger.paper.price("ETH", 2_930)
    assert (stranger.order(32)["status"], stranger.size()) == ("filled", "0")


async def test_a_take_profit_limit_and_a_stop_limit_rest_once_triggered(stranger: Stranger) -> None:
    await buy(stranger, 33)
    done(await stranger.client.create_tp_limit_order(ETH, 34, 500, 305_000, 309_000, True, True))
    done(await stranger.client.create_sl_limit_order(ETH, 35, 500, 295_000, 299_000, True, True))
    stranger.paper.price("ETH", 3_060)
    assert [stranger.order(34)[name] for name in ("status", "trigger_status")] == ["open", "ready"]
    stranger.paper.price("ETH", 3_095)
    assert (stranger.order(34)["status"], stranger.size()) == ("filled", "0.05")
    assert stranger.order(35)["status"] == "pending"


def child(kind: int, trigger: int, price: int) -> CreateOrderTxReq:
    return CreateOrderTxReq(
        MarketIndex=ETH,
        ClientOrderIndex=0,
        BaseAmount=0,
        Price=price,
        IsAsk=1,
        Type=kind,
        TimeInForce=IOC,
        ReduceOnly=1,
        TriggerPrice=trigger,
        OrderExpiry=IN_28_DAYS,
    )


def entry(price: int, kind: int = LIMIT, tif: int = IOC, expiry: int = 0) -> CreateOrderTxReq:
    return CreateOrderTxReq(
        MarketIndex=ETH,
        ClientOrderIndex=0,
        BaseAmount=1000,
        Price=price,
        IsAsk=0,
        Type=kind,
        TimeInForce=tif,
        ReduceOnly=0,
        TriggerPrice=0,
        OrderExpiry=expiry,
    )


async def test_an_otoco_protects_its_entry_and_one_child_cancels_the_other(stranger: Stranger) -> None:
    orders = [entry(301_000), child(TP, 310_000, 300_000), child(SL, 294_000, 285_000)]
    done(await stranger.client.create_grouped_orders(3, orders))
    active = stranger.get("accountActiveOrders", account_index=stranger.index)["orders"]
    assert {(one["type"], one["status"], one["initial_base_amount"]) for one in active} == {
        ("take-profit", "pending", "0.1000"),
        ("stop-loss", "pending", "0.1000"),
    }
    stranger.paper.price("ETH", 2_935)
    inactive = stranger.get("accountInactiveOrders", account_index=stranger.index, limit=10)["orders"]
    assert {one["type"]: one["status"] for one in inactive} == {
        "limit": "filled",
        "stop-loss": "filled",
        "take-profit": "canceled-oco",
    }
    assert stranger.size() == "0"


async def test_children_go_with_an_entry_that_is_cancelled(stranger: Stranger) -> None:
    orders = [entry(290_000, tif=GTT, expiry=IN_28_DAYS), child(SL, 280_000, 270_000)]
    done(await stranger.client.create_grouped_orders(1, orders))
    active = stranger.get("accountActiveOrders", account_index=stranger.index)["orders"]
    by_type = {one["type"]: one for one in active}
    assert by_type["stop-loss"]["trigger_status"] == "parent-order"
    assert by_type["stop-loss"]["parent_order_index"] == by_type["limit"]["order_index"]
    done(await stranger.client.cancel_order(ETH, by_type["limit"]["order_index"]))
    inactive = stranger.get("accountInactiveOrders", account_index=stranger.index, limit=10)["orders"]
    assert {one["type"]: one["status"] for one in inactive} == {
        "limit": "canceled",
        "stop-loss": "canceled-child",
    }


async def test_an_oco_of_two_resting_exits(stranger: Stranger) -> None:
    await buy(stranger, 41)
    pair = [child(TP, 310_000, 300_000), child(SL, 294_000, 285_000)]
    for one in pair:
        one.BaseAmount = 1000
    done(await stranger.client.create_grouped_orders(2, pair))
    stranger.paper.price("ETH", 3_110)
    inactive = stranger.get("accountInactiveOrders", account_index=stranger.index, limit=2)["orders"]
    assert {one["type"]: one["status"] for one in inactive} == {
        "take-profit": "filled",
        "stop-loss": "canceled-oco",
    }


async def test_cancel_all_takes_stops_too_and_one_market_only_where_asked(stranger: Stranger) -> None:
    await buy(stranger, 51)
    await limit(stranger, 52)
    done(await stranger.client.create_sl_order(ETH, 53, 1000, 294_000, 285_000, True, True))
    done(
        await stranger.client.create_order(
            BTC, 54, base_amount=100, price=900_000, is_ask=False, order_type=LIMIT, time_in_force=GTT
        )
    )
    done(await stranger.client.cancel_all_orders(0, 0, cancel_all_market_index=BTC))
    assert [stranger.order(one)["status"] for one in (52, 53, 54)] == ["open", "pending", "canceled"]
    done(await stranger.client.cancel_all_orders(0, 0))
    assert stranger.state()["orders"] == []


async def test_a_modify_keeps_the_order_index(stranger: Stranger) -> None:
    await limit(stranger, 61)
    before = stranger.order(61)
    done(await stranger.client.modify_order(ETH, before["order_index"], 2000, 280_000))
    after = stranger.order(61)
    assert (after["price"], after["initial_base_amount"]) == ("2800.00", "0.2000")
    assert after["order_index"] == before["order_index"]
    await buy(stranger, 62)
    done(await stranger.client.create_sl_order(ETH, 63, 1000, 294_000, 285_000, True, True))
    done(await stranger.client.modify_order(ETH, 63, 1000, 290_000, trigger_price=297_000))
    stranger.paper.price("ETH", 2_960)
    assert stranger.order(63)["status"] == "filled"


async def test_leverage_is_a_margin_fraction(stranger: Stranger) -> None:
    done(await stranger.client.update_leverage(ETH, SignerClient.CROSS_MARGIN_MODE, 3))
    await buy(stranger, 71)
    (account,) = (
        await lighter.AccountApi(stranger.api).account(by="index", value=str(stranger.index))
    ).accounts
    (position,) = account.positions
    assert position.initial_margin_fraction == "33.33"
    value = float(position.position_value)
    assert float(account.cross_initial_margin_requirement) == pytest.approx(value * 0.3333, abs=1e-5)
    assert float(account.total_asset_value) == pytest.approx(
        float(account.collateral) + float(position.unrealized_pnl)
    )
    _, _, error = await stranger.client.update_leverage(ETH, SignerClient.CROSS_MARGIN_MODE, 51)
    assert "21113" in error
    _, _, error = await stranger.client.update_leverage(ETH, SignerClient.ISOLATED_MARGIN_MODE, 3)
    assert "21132" in error


async def test_a_batch_is_taken_whole_or_not_at_all(stranger: Stranger) -> None:
    client, nonce = stranger.client, stranger.nonce()

    def wire(number: int, use: int, price: int = 290_000) -> tuple[int, str]:
        kind, text, _, error = client.sign_create_order(
            ETH, number, 1000, price, 0, LIMIT, GTT, nonce=use, api_key_index=KEY
        )
        assert error is None, error
        return kind, text

    pair = [wire(81, nonce), wire(82, nonce + 1)]
    answer = await client.send_tx_batch([one for one, _ in pair], [text for _, text in pair])
    assert (answer.code, len(answer.tx_hash)) == (200, 2)
    bad = [wire(83, nonce + 2), wire(81, nonce + 3)]
    with pytest.raises(lighter.exceptions.BadRequestException, match="21728"):
        await client.send_tx_batch([one for one, _ in bad], [text for _, text in bad])
    assert stranger.order(83) is None
    assert stranger.nonce() == nonce + 2
    jumped = [wire(84, nonce + 2), wire(85, nonce + 4)]
    with pytest.raises(lighter.exceptions.BadRequestException, match="21105"):
        await client.send_tx_batch([one for one, _ in jumped], [text for _, text in jumped])


async def test_the_book_the_tape_and_candles(stranger: Stranger) -> None:
    orders = lighter.OrderApi(stranger.api)
    book = await orders.order_book_orders(market_id=ETH, limit=5)
    assert len(book.asks) == book.total_asks == 5
    assert float(book.bids[0].price) < 3_000 < float(book.asks[0].price)
    details = (await orders.order_book_details(market_id=ETH)).order_book_details
    assert [(one.symbol, one.min_initial_margin_fraction, one.size_decimals) for one in details] == [
        ("ETH", 200, 4)
    ]
    tape = await orders.recent_trades(market_id=ETH, limit=3)
    assert len(tape.trades) == 3
    candles = await lighter.CandlestickApi(stranger.api).candles(
        market_id=ETH, resolution="5m", start_timestamp=0, end_timestamp=2**45, count_back=7
    )
    assert len(candles.c) == 7
    assert {after.t - before.t for before, after in zip(candles.c, candles.c[1:], strict=False)} == {300_000}
    rates = await lighter.FundingApi(stranger.api).funding_rates()
    assert {one.symbol for one in rates.funding_rates} >= {"ETH", "BTC", "1000PEPE"}


async def test_the_venue_says_that_it_is_up(stranger: Stranger) -> None:
    root = lighter.RootApi(stranger.api)
    assert (await root.status()).status == 200
    assert (await root.info()).contract_address.startswith("0x")


async def test_accounts_of_a_wallet_limits_and_a_transaction(stranger: Stranger) -> None:
    accounts = lighter.AccountApi(stranger.api)
    mine = (await accounts.account(by="index", value=str(stranger.index))).accounts[0]
    wallet = await accounts.accounts_by_l1_address(l1_address=mine.l1_address)
    assert [one.index for one in wallet.sub_accounts] == [stranger.index]
    limits = await accounts.account_limits(account_index=stranger.index, authorization=stranger.token)
    assert (limits.user_tier, limits.current_taker_fee_tick) == ("standard", 0)
    answer = done(await stranger.client.create_market_order(ETH, 91, 1000, 315_000, is_ask=False))
    tx = await lighter.TransactionApi(stranger.api).tx(by="hash", value=answer.tx_hash)
    assert (tx.type, tx.status, json.loads(tx.info)["ClientOrderIndex"]) == (14, 2, 91)
