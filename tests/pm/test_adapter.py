"""The adapter: bad answers of every kind, deadlines, refusals with their codes."""

import time
from decimal import Decimal
from typing import Any

import pytest

from tests.pm.fake_trader import BTC, MINIMAL_FIELDS, FakeTrader, Handler, state
from venues.adapter import NotListening, TraderAdapter, read_json
from venues.contract.errors import BadAnswer, Conflict, NotFound, Refused, Unreachable
from venues.contract.listing import Unread, in_a_sentence
from venues.contract.names import StrategyKey
from venues.serving.parsers import dump_json


@pytest.fixture
def adapter(fake: FakeTrader) -> TraderAdapter:
    """PM's adapter of the trader that runs."""
    return TraderAdapter(fake.url, fake.token)


def answering(fake: FakeTrader, status: int, content: bytes) -> None:
    def answer(handler: Handler) -> bool:
        handler.raw(status, content)
        return True

    fake.answer = answer


def test_rows_are_read_exactly(adapter: TraderAdapter, fake: FakeTrader) -> None:
    fake.report(BTC, total_pnl=Decimal("-0.100001"))
    assert adapter.strategies().states == (fake.states[BTC],)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"garbage", b"null", b"3", b'"text"', b"{}", b'{"strategies": {}}', b"[1]", b"[NaN]",
        b"[1e999999]", b"[" * 50_000, b"\xff\xfe\x00", b'[{"strategy_id": "a/b"}]', b"1" * 5000,
        b'[{"strategy_id":"a","symbol":"B","enabled":"yes","is_killed":false}]',
        b'[{"strategy_id":"a","symbol":"B","enabled":true,"is_killed":false,"risk_per_trade":null}]',
    ],
)  # fmt: skip
def test_an_answer_not_to_be_believed_is_a_bad_answer(
    adapter: TraderAdapter, fake: FakeTrader, content: bytes
) -> None:
    answering(fake, 200, content)
    with pytest.raises(BadAnswer):
        adapter.strategies()


def test_a_strategy_reported_twice_is_a_bad_answer(adapter: TraderAdapter, fake: FakeTrader) -> None:
    row = b'{"strategy_id":"a","symbol":"B","enabled":true,"is_killed":false,"risk_per_trade":1,'
    row += b'"stop_loss_dollars":5,"max_strategy_loss":50}'
    answering(fake, 200, b"[" + row + b"]")
    assert len(adapter.strategies().states) == 1
    answering(fake, 200, b"[" + row + b"," + row + b"]")
    with pytest.raises(BadAnswer, match="a/B: reported twice"):
        adapter.strategies()
    other = row.replace(b'"B"', b'"C"')
    answering(fake, 200, b"[" + b",".join([row, other, row]) + b"]")
    listing = adapter.strategies()
    assert [one.symbol for one in listing.states] == ["C"]
    assert listing.unread == (Unread(StrategyKey("a", "B"), "a/B: reported twice"),)


def test_every_row_that_cannot_be_read_is_named_with_its_field(
    adapter: TraderAdapter, fake: FakeTrader
) -> None:
    good = {name: fake.states[BTC].to_json()[name] for name in MINIMAL_FIELDS}
    odd: tuple[Any, ...] = ("x", {})
    wrong = [(name, value) for name in MINIMAL_FIELDS[2:7] for value in odd]
    rows = [
        good,
        *({**good, "symbol": f"S{place}", name: value} for place, (name, value) in enumerate(wrong)),
    ]
    answering(fake, 200, dump_json(rows).encode())
    listing = adapter.strategies()
    assert len(listing.states) == 1
    for place, (name, _) in enumerate(wrong):
        assert listing.unread[place].key == StrategyKey("momentum", f"S{place}")
        assert f"momentum/S{place}: {name} is" in listing.unread[place].said
    assert in_a_sentence(listing.unread).endswith("and 7 more")


def test_an_answer_without_end_is_cut_off(adapter: TraderAdapter, fake: FakeTrader) -> None:
    answering(fake, 200, b"[" + b" " * (9 * 1024 * 1024) + b"]")
    with pytest.raises(BadAnswer, match="too large"):
        adapter.strategies()


def gives_up(adapter: TraderAdapter, timeout_s: float) -> None:
    began = time.monotonic()
    with pytest.raises(Unreachable):
        adapter.strategies(timeout_s=timeout_s)
    assert time.monotonic() - began < timeout_s + 0.5


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"])
def test_dripping_bytes_end_at_the_deadline(adapter: TraderAdapter, fake: FakeTrader, head: bytes) -> None:
    def drip(handler: Any) -> bool:
        handler.wfile.write(head)
        for _ in range(100):
            handler.wfile.write(b"H")
            time.sleep(0.05)
        return True

    fake.answer = drip
    gives_up(adapter, 0.3)


def test_silence_after_a_late_byte_ends_at_the_deadline(adapter: TraderAdapter, fake: FakeTrader) -> None:
    def stall(handler: Any) -> bool:
        time.sleep(0.4)
        handler.wfile.write(b"HTTP/1.1 ")
        time.sleep(2)
        return True

    fake.answer = stall
    gives_up(adapter, 0.5)


def test_what_is_no_http_is_a_bad_answer(adapter: TraderAdapter, fake: FakeTrader) -> None:
    def babble(handler: Any) -> bool:
        handler.wfile.write(b"SSH-2.0-hello\r\n")
        handler.close_connection = True
        return True

    fake.answer = babble
    with pytest.raises(BadAnswer, match="not HTTP"):
        adapter.strategies()


def test_a_frozen_trader_ends_at_the_deadline(adapter: TraderAdapter, fake: FakeTrader) -> None:
    adapter.strategies()
    fake.freeze()
    with pytest.raises(Unreachable, match="in time"):
        adapter.kill(BTC, None, "", timeout_s=0.2)


def test_nobody_listening_is_told_apart(adapter: TraderAdapter, fake: FakeTrader) -> None:
    fake.stop()
    with pytest.raises(NotListening):
        adapter.strategies()


def test_a_restarted_trader_is_reached_over_a_new_connection(
    adapter: TraderAdapter, fake: FakeTrader
) -> None:
    adapter.strategies()
    fake.stop()
    fake.start()
    assert adapter.strategies()


@pytest.mark.parametrize(
    ("status", "code", "error", "kept"),
    [
        (409, "killed", Conflict, "killed"),
        (409, "not_flat", Conflict, "not_flat"),
        (404, "not_found", NotFound, "not_found"),
        (400, "invalid", Refused, "invalid"),
        (503, "not_durable", Unreachable, "not_durable"),
        (503, "starting", Unreachable, "trader_unreachable"),
        (401, "not_authenticated", BadAnswer, "trader_bad_answer"),
        (500, "error", BadAnswer, "trader_bad_answer"),
        (302, "elsewhere", BadAnswer, "trader_bad_answer"),
        (204, "nothing", BadAnswer, "trader_bad_answer"),
    ],
)
def test_refusals_keep_their_code(
    adapter: TraderAdapter, fake: FakeTrader, status: int, code: str, error: type[Exception], kept: str
) -> None:
    answering(fake, status, b'{"code": "%s", "detail": "So it is."}' % code.encode())
    with pytest.raises(error) as caught:
        adapter.close(BTC)
    assert caught.value.code == kept  # type: ignore[attr-defined]


def test_a_refusal_keeps_what_it_says_of_the_settings_and_nothing_else(
    adapter: TraderAdapter, fake: FakeTrader
) -> None:
    said = (
        b'{"risk_per_trade": ["Too high.", 5], "stop_loss_dollars": "No.", "b": [], "max_strategy_loss": []}'
    )
    answering(fake, 409, b'{"code": "rejected", "detail": "No.", "fields": %s}' % said)
    with pytest.raises(Conflict) as caught:
        adapter.put_settings(BTC, {}, None)
    assert caught.value.fields == {"risk_per_trade": ["Too high."]}
    many = b'{"risk_per_trade": [%s]}' % b", ".join([b'"%s"' % (b"x" * 900)] * 30)
    answering(fake, 409, b'{"code": "rejected", "detail": "No.", "fields": %s}' % many)
    with pytest.raises(Conflict) as caught:
        adapter.put_settings(BTC, {}, None)
    assert caught.value.fields == {"risk_per_trade": ["x" * 300] * 5}


def test_a_redirect_is_not_followed(adapter: TraderAdapter, fake: FakeTrader) -> None:
    paths: list[str] = []

    def redirect(handler: Any) -> bool:
        paths.append(handler.path)
        handler.send_response(307)
        handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    fake.answer = redirect
    with pytest.raises(BadAnswer):
        adapter.kill(BTC, None, "")
    assert paths == ["/api/strategies/momentum/BTC/kill"]


def test_an_answer_for_another_strategy_is_not_believed(adapter: TraderAdapter, fake: FakeTrader) -> None:
    other = StrategyKey("other", "BTC")
    fake.states[other] = state(other)

    def wrong(handler: Any) -> bool:
        handler.say(200, fake.states[other].to_json())
        return True

    fake.answer = wrong
    with pytest.raises(BadAnswer, match="another strategy"):
        adapter.close(BTC)


@pytest.mark.parametrize("name", [b'"\\ud800"', b'"\\uDC01 x"', b'{"\\udfff": 1}', b'"\xed\xa0\x80"'])
def test_half_a_character_is_no_text(name: bytes) -> None:
    with pytest.raises(BadAnswer):
        read_json(b"[" + name + b"]")
    assert read_json(b'["\\ud83d\\ude00"]') == ["\N{GRINNING FACE}"]


def test_numbers_with_exponents_are_read_from_traders() -> None:
    assert read_json(b"[1e-05, 2E3]") == [Decimal("0.00001"), Decimal(2000)]
