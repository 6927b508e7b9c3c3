"""The official SDK, unchanged, as a stranger's script: every action the exchange knows."""

import time
from typing import Any

import pytest
import requests
from hyperliquid.exchange import Exchange
from hyperliquid.utils.types import Cloid

from tests.paper.conftest import Stranger

GTC: Any = {"limit": {"tif": "Gtc"}}
IOC: Any = {"limit": {"tif": "Ioc"}}
ALO: Any = {"limit": {"tif": "Alo"}}
DONE = {"status": "ok", "response": {"type": "default"}}


def stop_at(trigger: float, tpsl: str = "sl") -> Any:
    return {"trigger": {"isMarket": True, "triggerPx": trigger, "tpsl": tpsl}}


def statuses(answer: Any) -> list[Any]:
    assert answer["status"] == "ok", answer
    found: list[Any] = answer["response"]["data"]["statuses"]
    return found


def wire(buy: bool, size: float, price: float, kind: Any, reduce: bool = False) -> Any:
    return {
        "coin": "BTC",
        "is_buy": buy,
        "sz": size,
        "limit_px": price,
        "order_type": kind,
        "reduce_only": reduce,
    }


def test_a_limit_order_rests_is_shown_and_is_cancelled(stranger: Stranger) -> None:
    cloid = Cloid.from_int(7)
    (status,) = statuses(stranger.exchange.order("BTC", True, 0.01, 95_000, GTC, cloid=cloid))
    oid = status["resting"]["oid"]
    assert status["resting"]["cloid"] == cloid.to_raw()
    (shown,) = stranger.info.frontend_open_orders(stranger.address)
    assert (shown["oid"], shown["limitPx"], shown["sz"], shown["side"]) == (oid, "95000.0", "0.01", "B")
    assert (shown["orderType"], shown["tif"], shown["isTrigger"]) == ("Limit", "Gtc", False)
    assert stranger.info.query_order_by_oid(stranger.address, oid)["order"]["status"] == "open"
    assert statuses(stranger.exchange.cancel("BTC", oid)) == ["success"]
    assert stranger.info.open_orders(stranger.address) == []
    found = stranger.info.query_order_by_cloid(stranger.address, cloid)
    assert found["order"]["status"] == "canceled"


def test_cancel_by_cloid_and_of_what_is_gone(stranger: Stranger) -> None:
    cloid = Cloid.from_int(8)
    stranger.exchange.order("BTC", True, 0.01, 95_000, GTC, cloid=cloid)
    assert statuses(stranger.exchange.cancel_by_cloid("BTC", cloid)) == ["success"]
    gone = {"error": "Order was never placed, already canceled, or filled. asset=0"}
    assert statuses(stranger.exchange.cancel_by_cloid("BTC", cloid)) == [gone]
    assert statuses(stranger.exchange.cancel("BTC", 123)) == [gone]


def test_market_open_and_close(stranger: Stranger) -> None:
    stranger.exchange.update_leverage(10, "BTC")
    (opened,) = statuses(stranger.exchange.market_open("BTC", True, 0.01))
    assert opened["filled"]["totalSz"] == "0.01"
    assert opened["filled"]["avgPx"] == "96005.0"
    state = stranger.info.user_state(stranger.address)
    (held,) = state["assetPositions"]
    assert (held["position"]["szi"], held["position"]["entryPx"]) == ("0.01", "96005.0")
    assert held["position"]["leverage"] == {"type": "cross", "value": 10}
    assert state["marginSummary"]["totalMarginUsed"] == "96.0"
    (closed,) = statuses(stranger.exchange.market_close("BTC"))
    assert closed["filled"]["totalSz"] == "0.01"
    assert stranger.info.user_state(stranger.address)["assetPositions"] == []
    newest, oldest = stranger.info.user_fills(stranger.address)
    assert (newest["dir"], oldest["dir"]) == ("Close Long", "Open Long")
    assert newest["closedPnl"] == "-0.1"
    assert stranger.exchange.market_close("BTC") is None


def test_an_ioc_that_meets_nobody_and_a_post_only_that_would_match(stranger: Stranger) -> None:
    assert statuses(stranger.exchange.order("BTC", True, 0.01, 95_000, IOC)) == [
        {"error": "Order could not immediately match against any resting orders. asset=0"}
    ]
    assert statuses(stranger.exchange.order("BTC", True, 0.01, 97_000, ALO)) == [
        {"error": "Post only order would have immediately matched, bbo was 95995@96005. asset=0"}
    ]
    (status,) = statuses(stranger.exchange.order("BTC", True, 0.01, 95_000, ALO))
    assert "resting" in status


@pytest.mark.parametrize(
    ("coin", "size", "price", "said"),
    [
        ("BTC", 0.01, 95_000.5, "Price must be divisible by tick size. asset=0"),
        ("BTC", 0.00001, 95_000, "Order must have minimum value of $10. asset=0"),
        ("BTC", 0.000001, 95_000, "Order has invalid size. asset=0"),
        ("BTC", 0, 95_000, "Order has zero size. asset=0"),
        ("BTC", 0.01, 10_000, "Order price cannot be more than 80% away from the reference price. asset=0"),
        ("ETH", 1_000, 3_000, "Insufficient margin to place order. asset=1"),
    ],
)
def test_the_venues_own_sentences(
    stranger: Stranger, coin: str, size: float, price: float, said: str
) -> None:
    assert statuses(stranger.exchange.order(coin, True, size, price, GTC)) == [{"error": said}]


def test_a_stop_rests_fires_and_closes(stranger: Stranger) -> None:
    stranger.exchange.market_open("BTC", True, 0.01)
    stop = stop_at(93_000)
    (status,) = statuses(stranger.exchange.order("BTC", False, 0.01, 83_700, stop, reduce_only=True))
    (shown,) = stranger.info.frontend_open_orders(stranger.address)
    assert shown["oid"] == status["resting"]["oid"]
    assert (shown["orderType"], shown["triggerCondition"]) == ("Stop Market", "Price below 93000")
    assert (shown["triggerPx"], shown["reduceOnly"], shown["tif"]) == ("93000.0", True, None)
    stranger.paper.price("BTC", 92_900)
    assert stranger.size() == "0"
    done = stranger.info.query_order_by_oid(stranger.address, shown["oid"])
    assert done["order"]["status"] == "filled"


def test_a_stop_on_the_wrong_side_is_refused(stranger: Stranger) -> None:
    stranger.exchange.market_open("BTC", True, 0.01)
    answer = stranger.exchange.order("BTC", False, 0.01, 90_000, stop_at(97_000), reduce_only=True)
    assert statuses(answer) == [{"error": "Invalid TP/SL price. asset=0"}]


def test_an_entry_with_its_stop_in_one_request(stranger: Stranger) -> None:
    entry = wire(True, 0.01, 97_000, IOC)
    stop = wire(False, 0.01, 83_700, stop_at(93_000), reduce=True)
    filled, child = statuses(stranger.exchange.bulk_orders([entry, stop], grouping="normalTpsl"))
    assert (filled["filled"]["totalSz"], child) == ("0.01", "waitingForTrigger")
    stranger.paper.price("BTC", 92_000)
    assert stranger.size() == "0"


def test_a_resting_entry_carries_its_children(stranger: Stranger) -> None:
    entry = wire(True, 0.01, 95_000, GTC)
    stop = wire(False, 0.01, 83_700, stop_at(93_000), reduce=True)
    profit = wire(False, 0.01, 83_700, stop_at(99_000, "tp"), reduce=True)
    answer = stranger.exchange.bulk_orders([entry, stop, profit], grouping="normalTpsl")
    resting, *children = statuses(answer)
    assert children == ["waitingForFill", "waitingForFill"]
    shown = {one["oid"]: one for one in stranger.info.frontend_open_orders(stranger.address)}
    parent = shown.pop(resting["resting"]["oid"])
    assert {one["oid"] for one in parent["children"]} == set(shown)
    stranger.exchange.cancel("BTC", parent["oid"])
    assert stranger.info.frontend_open_orders(stranger.address) == []


def test_a_changed_order_gets_another_number_and_a_stop_cannot_be_changed(stranger: Stranger) -> None:
    (status,) = statuses(stranger.exchange.order("BTC", True, 0.01, 95_000, GTC))
    oid = status["resting"]["oid"]
    (changed,) = statuses(stranger.exchange.modify_order(oid, "BTC", True, 0.02, 94_000, GTC))
    assert changed["resting"]["oid"] != oid
    (shown,) = stranger.info.open_orders(stranger.address)
    assert (shown["limitPx"], shown["sz"]) == ("94000.0", "0.02")
    refused = {"error": "Cannot modify canceled or filled order"}
    assert statuses(stranger.exchange.modify_order(oid, "BTC", True, 0.02, 93_000, GTC)) == [refused]


def test_leverage_and_isolated_margin(stranger: Stranger) -> None:
    assert stranger.exchange.update_leverage(5, "ETH", is_cross=False) == DONE
    stranger.exchange.market_open("ETH", True, 1)
    held = stranger.info.user_state(stranger.address)["assetPositions"][0]["position"]
    assert held["leverage"]["type"] == "isolated"
    assert stranger.exchange.update_isolated_margin(100, "ETH") == DONE
    more = stranger.info.user_state(stranger.address)["assetPositions"][0]["position"]
    assert float(more["marginUsed"]) - float(held["marginUsed"]) == pytest.approx(100)
    assert float(more["liquidationPx"]) < float(held["liquidationPx"])
    assert stranger.exchange.update_leverage(5, "ETH") == {
        "status": "err",
        "response": "Cannot switch leverage type with open position.",
    }
    assert stranger.exchange.update_leverage(26, "ETH", is_cross=False)["status"] == "err"


def test_the_dead_mans_switch_wants_a_million_of_volume(stranger: Stranger) -> None:
    answer = stranger.exchange.schedule_cancel(int(time.time() * 1000) + 10_000)
    assert answer == {
        "status": "err",
        "response": "Cannot set scheduled cancel time until enough volume traded. "
        "Required: $1000000. Traded: $0.00.",
    }


def test_an_agent_approved_by_its_master_may_trade_and_an_agent_approves_nobody(stranger: Stranger) -> None:
    master = Exchange(stranger.account.master, stranger.paper.url, timeout=5)
    answer, key = master.approve_agent("bot1")
    assert answer == DONE
    from eth_account import Account

    agent = Exchange(Account.from_key(key), stranger.paper.url, account_address=stranger.address, timeout=5)
    assert "resting" in statuses(agent.order("BTC", True, 0.01, 95_000, GTC))[0]
    role = stranger.info.user_role(agent.wallet.address)
    assert role == {"role": "agent", "data": {"user": stranger.address}}
    named = {one["name"]: one["address"] for one in stranger.info.extra_agents(stranger.address)}
    assert named["bot1"] == agent.wallet.address.lower()
    refused, _ = stranger.exchange.approve_agent("bot2")
    assert refused["status"] == "err"


def test_an_approved_name_replaces_the_agent_that_had_it(stranger: Stranger) -> None:
    from eth_account import Account

    master = Exchange(stranger.account.master, stranger.paper.url, timeout=5)
    _, first = master.approve_agent("bot")
    master.approve_agent("bot")
    old = Exchange(Account.from_key(first), stranger.paper.url, account_address=stranger.address, timeout=5)
    assert old.noop(int(time.time() * 1000))["status"] == "err"


def test_the_master_may_sign_too_and_nobody_else(stranger: Stranger) -> None:
    from eth_account import Account

    master = Exchange(stranger.account.master, stranger.paper.url, timeout=5)
    assert "resting" in statuses(master.order("BTC", True, 0.01, 95_000, GTC))[0]
    thief = Account.create()
    other = Exchange(thief, stranger.paper.url, account_address=stranger.address, timeout=5)
    assert other.order("BTC", True, 0.01, 95_000, GTC) == {
        "status": "err",
        "response": f"User or API Wallet {thief.address.lower()} does not exist.",
    }


def test_a_nonce_is_good_once(stranger: Stranger) -> None:
    nonce = int(time.time() * 1000)
    assert stranger.exchange.noop(nonce) == DONE
    assert stranger.exchange.noop(nonce) == {
        "status": "err",
        "response": f"Invalid nonce: duplicate nonce {nonce}",
    }
    assert stranger.exchange.noop(nonce - 3 * 86_400_000)["status"] == "err"
    assert stranger.exchange.noop(nonce + 2 * 86_400_000)["status"] == "err"
    assert stranger.exchange.noop(nonce - 1_000) == DONE  # out of order is fine


def test_an_action_past_its_expiry_does_nothing(stranger: Stranger) -> None:
    now = int(time.time() * 1000)
    stranger.exchange.set_expires_after(now - 1_000)
    assert stranger.exchange.order("BTC", True, 0.01, 95_000, GTC)["status"] == "err"
    stranger.exchange.set_expires_after(now + 10_000)
    assert "resting" in statuses(stranger.exchange.order("BTC", True, 0.01, 95_000, GTC))[0]
    assert len(stranger.info.open_orders(stranger.address)) == 1


def test_a_vault_that_nobody_has_is_refused(stranger: Stranger) -> None:
    vault = "0x1563915e194D8CfBA1943570603F7606A3115508"
    other = Exchange(stranger.account.agent, stranger.paper.url, vault_address=vault, timeout=5)
    assert other.noop(int(time.time() * 1000)) == {
        "status": "err",
        "response": f"Vault not registered: {vault.lower()}",
    }


def test_the_books_agree_to_the_micro_dollar(stranger: Stranger) -> None:
    stranger.exchange.market_open("BTC", True, 0.0123)
    stranger.paper.price("BTC", 97_111)
    stranger.exchange.market_open("ETH", False, 0.777)
    stranger.exchange.order("BTC", False, 0.005, 90_000, IOC, reduce_only=True)
    stranger.paper.price("ETH", 2_987.65)
    state = stranger.state()

    def number(name: str) -> int:
        return round(float(state[name]) * 1e6)

    unrealised = sum(round(float(one["unrealized_pnl"]) * 1e6) for one in state["positions"])
    assert number("equity") == (
        number("balance") + number("realized_pnl") - number("fees") + number("funding") + unrealised
    )
    shown = stranger.info.user_state(stranger.address)["marginSummary"]["accountValue"]
    assert round(float(shown) * 1e6) == number("equity")
    fills = stranger.info.user_fills(stranger.address)
    assert sum(round(float(one["fee"]) * 1e6) for one in fills) == number("fees")
    assert sum(round(float(one["closedPnl"]) * 1e6) for one in fills) == number("realized_pnl")


def test_every_read_of_the_sdk_answers(stranger: Stranger) -> None:
    stranger.exchange.market_open("BTC", True, 0.01)
    info, address = stranger.info, stranger.address
    now = int(time.time() * 1000)
    assert [one["name"] for one in info.meta()["universe"]][:4] == ["BTC", "ETH", "SOL", "HYPE"]
    assert len(info.meta_and_asset_ctxs()[1]) == len(info.meta()["universe"])
    assert info.all_mids()["BTC"] == "96000.0"
    assert len(info.l2_snapshot("BTC")["levels"][0]) == 20
    candles = info.candles_snapshot("BTC", "1m", now - 600 * 60_000, now)
    assert len(candles) >= 500
    assert len(info.candles_snapshot("BTC", "1h", now - 600 * 60_000, now)) >= 8
    assert len(info.funding_history("BTC", now - 30 * 3_600_000)) == 24
    assert info.user_funding_history(address, 0) == []
    assert len(info.user_fills_by_time(address, 0)) == 1
    assert info.user_fees(address)["userCrossRate"] == "0.00045"
    assert info.historical_orders(address)[0]["status"] == "filled"
    assert info.user_rate_limit(address)["nRequestsCap"] > 10_000
    assert info.query_sub_accounts(address) is None
    assert info.spot_user_state(address)["balances"][0]["coin"] == "USDC"
    post = info.post
    assert post("/info", {"type": "exchangeStatus"})["specialStatuses"] is None
    assert post("/info", {"type": "userAbstraction", "user": address}) == "default"
    active = post("/info", {"type": "activeAssetData", "user": address, "coin": "BTC"})
    assert active["leverage"] == {"type": "cross", "value": 20}
    assert post("/info", {"type": "perpDexs"}) == [None]
    assert post("/info", {"type": "userRole", "user": "0x" + "0" * 40}) == {"role": "missing"}


def test_an_order_that_is_filled_in_part_rests_with_what_is_left(stranger: Stranger) -> None:
    deposit = {"venue": "hyperliquid", "address": stranger.address, "deposit": "90000000"}
    assert requests.post(f"{stranger.paper.url}/paper/accounts", json=deposit, timeout=5).ok
    (status,) = statuses(stranger.exchange.order("BTC", True, 200, 96_100, GTC))
    (shown,) = stranger.info.open_orders(stranger.address)
    assert status == {"resting": {"oid": shown["oid"]}}
    assert 0 < float(shown["sz"]) < float(shown["origSz"]) == 200
    assert float(stranger.size()) == pytest.approx(200 - float(shown["sz"]))
