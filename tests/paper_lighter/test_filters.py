"""Filters that the SDK may ask for: a trade's role, the side of what funding was paid on."""

import pytest

from tests.paper_lighter.newborn import INDEX, Lighter, lighter
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.fields import Query
from venues.lighter.paper.reads import READS
from venues.paper.funding import pay


def trades(paper: Lighter, **more: str) -> list[str]:
    query = Query({"account_index": str(INDEX), "limit": "100", "sort_by": "timestamp", **more})
    return [one["trade_id"] for one in READS["trades"](paper.x, query, None)["trades"]]


def test_trades_are_filtered_by_the_account_s_role() -> None:
    paper = lighter()
    paper.send(14, **paper.market())
    taken = trades(paper)
    paper.known(**paper.order())
    paper.price("ETH", 2_890)
    both = trades(paper)
    made = [one for one in both if one not in taken]
    assert taken
    assert made
    assert trades(paper, role="all") == both
    assert trades(paper, role="taker") == taken
    assert trades(paper, role="maker") == made
    with pytest.raises(Refusal):
        trades(paper, role="both")


def test_payments_are_filtered_by_the_side_they_were_paid_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("venues.lighter.paper.reads.check_token", lambda *_: None)
    paper = lighter()
    for ask in (False, True):
        paper.send(14, **paper.market(ask, 1000 if not ask else 2000))
        pay(paper.x)

    def paid(**more: str) -> list[str]:
        query = Query({"account_index": str(INDEX), "limit": "100", **more})
        rows = READS["positionFunding"](paper.x, query, "token")["position_fundings"]
        return [one["position_side"] for one in rows]

    assert paid() == paid(side="all") == ["short", "long"]
    assert (paid(side="long"), paid(side="short")) == (["long"], ["short"])
    with pytest.raises(Refusal):
        paid(side="flat")
