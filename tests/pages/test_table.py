"""The table: page or part by one address, filters and order in it, what a row says."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.test import Client

from portfolio import book
from portfolio.models import Strategy, Trader
from riskcontrol import screen
from riskcontrol.console import Console
from riskcontrol.models import RiskSettings
from riskcontrol.shown import Shown
from tests.pages.conftest import Page
from tests.pm.conftest import adopted
from tests.pm.fake_trader import BTC, ETH, FakeTrader, state
from venues.contract.states import Account, Kill, Position


@pytest.fixture
def two(known: FakeTrader) -> FakeTrader:
    """Two strategies, the second killed."""
    kill = Kill(
        0, "2026-11-22T08:00:00Z", "loss", Decimal("-50.5"), limit=Decimal(50), state="flat_confirmed"
    )
    killed = state(ETH, total_pnl=Decimal("-50.5"), is_killed=True, kill=kill)
    adopted(known.states[BTC], killed)
    return known


def test_one_address_gives_page_or_table(operator_page: Page, plain_page: Page, two: FakeTrader) -> None:
    page, part = plain_page.get(), operator_page.get()
    assert "<!DOCTYPE html>" in page.text
    assert "<!DOCTYPE html>" not in part.text
    for answer in (page, part):
        assert "HX-Request" in answer["Vary"]
        assert "no-store" in answer["Cache-Control"]
        assert answer.text.count('role="rowgroup"') == 4


def test_the_page_has_the_hooks_that_others_rely_on(plain_page: Page, known: FakeTrader) -> None:
    markup, number = plain_page.get().text, plain_page.row["_id"]
    names = 'data-source="hyperliquid" data-strategy-id="momentum" data-symbol="BTC" data-revision="0"'
    row = f'id="row-{number}" {names}'
    hooks = [
        row,
        'id="stale"',
        'id="totals"',
        'data-action="enabled"',
        'data-action="save"',
        'data-action="undo"',
    ]
    hooks += [f'name="{name}"' for name in ("risk_per_trade", "stop_loss_dollars", "max_strategy_loss")]
    hooks += [
        f'data-cell="{name}"'
        for name in ("status", "total_pnl", "meter", "reward", "position", "age", "sync")
    ]
    hooks += [f'data-error="{name}"' for name in ("risk_per_trade", "stop_loss_dollars", "max_strategy_loss")]
    for hook in hooks:
        assert markup.count(hook) == 1
    drawer = plain_page.get(f"/rows/{number}/drawer").text
    assert 'data-action="kill"' in drawer
    assert 'data-action="close"' in drawer


def test_the_head_says_what_each_figure_of_a_position_is(plain_page: Page, two: FakeTrader) -> None:
    page = plain_page.get().text
    assert "Position: side, value ($); <br>resting stop: price, distance (%)</th>" in page
    assert 'title="Long or short, what it is worth at the mark price in dollars;' in page


def test_nothing_inline_stands_in_the_page(plain_page: Page, two: FakeTrader) -> None:
    markup = plain_page.get().text
    for forbidden in ("<style", " style=", " onclick", "javascript:", "hx-on"):
        assert forbidden not in markup
    assert "<script>" not in markup


@pytest.mark.parametrize(
    ("query", "symbols"),
    [
        ("", ["ETH", "BTC"]),
        ("?status=Killed", ["ETH"]),
        ("?status=nonsense", ["ETH", "BTC"]),
        ("?q=moment", ["BTC"]),
        ("?source=hyperliquid", ["ETH", "BTC"]),
        ("?source=lighter", []),
        ("?ordering=symbol", ["BTC", "ETH"]),
        ("?ordering=-loss_used", ["ETH", "BTC"]),
        ("?ordering=loss_used", ["BTC", "ETH"]),
        ("?ordering=password", ["ETH", "BTC"]),
    ],
)
def test_filter_and_order_are_in_the_address(
    operator_page: Page, two: FakeTrader, query: str, symbols: list[str]
) -> None:
    markup = operator_page.get(f"/{query}").text
    found = [part.split('"')[0] for part in markup.split('data-symbol="')[1:]]
    assert found == symbols
    if not symbols:
        assert "Nothing matches" in markup


def test_a_killed_row_says_when_at_what_and_why(operator_page: Page, two: FakeTrader) -> None:
    markup = operator_page.get("/?status=Killed").text
    for words in (
        "KILLED",
        "Killed 22 Nov 08:00:00 UTC at −50.50",
        "limit 50.00, cause loss, epoch 0",
        "flat confirmed",
        "Reset",
    ):
        assert words in markup


@pytest.mark.parametrize(
    ("kill_on", "share", "left", "kills_on"),
    [("loss", "24", "37.66", "loss"), ("drawdown", "60", "20.00", "drawdown"), (None, "24", "37.66", "")],
)
def test_what_kills_is_what_the_meter_counts_and_the_page_says_which(
    operator_page: Page, known: FakeTrader, kill_on: str | None, share: str, left: str, kills_on: str
) -> None:
    adopted(replace(known.states[BTC], drawdown=Decimal(30), kill_on=kill_on))
    meter = operator_page.get().text.partition('data-cell="meter"')[2].partition("</td>")[0]
    assert f'value="{share}"' in meter
    assert f"</span>{left}</span>" in meter
    assert f'data-kills-on="{kills_on}"' in meter
    assert "Loss 12.34, drawdown 30.00, Max DD 50.00." in meter
    drawer = operator_page.get(f"/rows/{operator_page.row['_id']}/drawer").text
    assert f"<dt>Kills on</dt><dd>{kills_on or '–'}</dd>" in drawer
    asked = operator_page.post("save", max_strategy_loss="25", **operator_page.seen()).text
    assert ("kills now: the drawdown is already 30.00" in asked) == (kill_on == "drawdown")
    loosened = operator_page.post("save", max_strategy_loss="60", **operator_page.seen()).text
    assert f"It may lose {'30.00' if kill_on == 'drawdown' else '47.66'} from here" in loosened


def test_a_strategy_without_a_name_goes_by_its_id(operator_page: Page, known: FakeTrader) -> None:
    adopted(replace(known.states[BTC], name=None))
    markup = operator_page.get().text
    assert ">momentum</a>" in markup
    assert "None" not in markup
    assert "momentum, BTC</h2>" in operator_page.get(f"/rows/{operator_page.row['_id']}/drawer").text
    assert "momentum BTC" in operator_page.post("kill").headers["HX-Trigger"]
    assert 'Nothing matches "none"' in operator_page.get("/?q=none").text.replace("&quot;", '"')


def test_a_name_cannot_bring_markup_along(operator_page: Page, known: FakeTrader) -> None:
    adopted(replace(known.states[BTC], name='<img src=x onerror="alert(1)">', warnings=("<b>no</b>",)))
    markup = operator_page.get().text
    assert "<img" not in markup
    assert "<b>no</b>" not in markup


def test_a_row_is_rendered_again_only_when_something_in_it_has_changed(
    operator_page: Page, known: FakeTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[int] = []
    plain = screen.row_html

    def counted(shown: Shown, operator: bool) -> str:
        rendered.append(shown.number)
        return plain(shown, operator)

    monkeypatch.setattr(screen, "row_html", counted)
    operator_page.get()
    book.heard("hyperliquid")
    operator_page.get()
    assert len(rendered) == 1
    adopted(replace(known.states[BTC], total_pnl=Decimal("-13.00")))
    assert "−13.00" in operator_page.get().text
    assert len(rendered) == 2


def test_each_session_has_its_own_form_token_in_a_kept_row(operator_page: Page, known: FakeTrader) -> None:
    first, second = operator_page.get().text, operator_page.get().text
    assert screen.CSRF_MARK not in first
    assert "age-" not in first
    assert (
        first.split('csrfmiddlewaretoken" value="')[1][:64]
        != second.split('csrfmiddlewaretoken" value="')[1][:64]
    )


def test_the_reason_why_a_trader_opens_nothing_stands_on_the_page(
    viewer_page: Page, known: FakeTrader
) -> None:
    book.record_account("hyperliquid", Account(halted="LIGHTER_API_KEY must be set.", network="testnet"))
    page = viewer_page.client.get("/", headers={"HX-Request": ""}).text
    assert "halted: LIGHTER_API_KEY must be set." in page


@pytest.mark.parametrize("refused", [True, False])
def test_a_silent_trader_is_not_said_to_enforce_where_it_does_not_run(
    plain_page: Page, known: FakeTrader, refused: bool
) -> None:
    book.failed("hyperliquid", "It does not answer.", refused=refused)
    book.link("hyperliquid").heard = None
    page = plain_page.get().text
    assert ("Nobody watches Max DD there" in page) == refused
    assert ("If it runs, it enforces its limits by itself" in page) == (not refused)


def test_what_is_not_there_is_said_with_what_to_do(plain_page: Page, known: FakeTrader) -> None:
    assert "1 strategy is hidden by search and filters." in plain_page.get("/?q=nobody").text
    RiskSettings.objects.all().delete()
    assert "No strategies yet" in plain_page.get().text
    Strategy.objects.all().delete()
    Trader.objects.all().delete()
    page = plain_page.get().text
    assert "No traders yet" in page
    assert "An admin adds one" in page


def test_large_amounts_fit_their_columns_and_are_exact_in_the_title(
    operator_page: Page, known: FakeTrader
) -> None:
    trade = Position("long", Decimal("1234.5"), Decimal(1), mark_price=Decimal("105230.55"))
    adopted(replace(known.states[BTC], total_pnl=Decimal("-9999999.99"), position=trade))
    page = operator_page.get().text.replace("\u202f", " ")
    assert 'data-cell="total_pnl" data-micros="-9999999990000">−10 000 000<' in page
    assert '<span class="worth">130 M</span>' in page
    assert "worth 129 907 113.98" in page


def test_a_viewer_gets_no_field_and_no_button(viewer_page: Page, two: FakeTrader) -> None:
    table = viewer_page.get().text
    for control in ("<input", "<form", "<button"):
        assert control not in table
    assert "<form" not in viewer_page.get(f"/rows/{viewer_page.row['_id']}/drawer").text


def test_no_row_of_a_stale_trader_looks_live(plain_page: Page, known: FakeTrader) -> None:
    assert 'class="badge active"' in plain_page.get().text
    link = book.link("hyperliquid")
    assert link.heard is not None
    link.heard -= 6
    page = plain_page.get().text
    assert link.status() == "stale"
    assert 'class="badge active"' not in page
    assert "was Active" in page
    assert 'class="row silent' in page


def test_a_link_turns_on_the_page_together_with_its_rows(known: FakeTrader) -> None:
    console = Console(True)
    console.snapshot()
    link = book.link("hyperliquid")
    assert link.heard is not None
    link.heard -= 6
    told = dict(console.changes({"source:hyperliquid"}))
    assert 'data-status="stale"' in told["heartbeat"]
    assert any("was Active" in text for key, text in told.items() if key.startswith("row:"))


@pytest.mark.parametrize("operator", [True, False])
def test_a_push_holds_no_field(two: FakeTrader, operator: bool) -> None:
    console = Console(operator)
    adopted(
        replace(
            two.states[BTC],
            position=Position(
                "long", Decimal("0.012"), Decimal("64210.5"), Decimal(64198), stop_price=Decimal(63801)
            ),
        )
    )
    pushed = console.snapshot()
    assert "63\u202f801" in pushed
    for control in ("<input", "<form", "<select", "<textarea"):
        assert control not in pushed
    assert ("<button" in pushed) is operator


def test_flat_is_not_said_of_a_trader_that_tells_no_positions(plain_page: Page, known: FakeTrader) -> None:
    assert ">Flat<" in plain_page.get().text
    adopted(replace(known.states[BTC], revision=None, position=None))
    told = plain_page.get().text
    assert "Position unknown" in told
    assert ">Flat<" not in told


def test_numbers_beyond_any_market_are_shown_and_break_nothing(
    plain_page: Page, known: FakeTrader, client: Client
) -> None:
    most = Decimal(10**18)
    position = Position("long", most, most, mark_price=most, stop_price=Decimal("1e-18"), unrealized_pnl=most)
    adopted(replace(known.states[BTC], position=position, total_pnl=-most, drawdown=most, model_reward=most))
    account = Account(equity=most, margin_used=most, network=None)
    book.record_account("hyperliquid", account)
    assert plain_page.get().status_code == 200
    assert plain_page.get(f"/rows/{plain_page.row['_id']}/drawer").status_code == 200
    assert plain_page.post("save", stop_loss_dollars="4", **plain_page.seen()).status_code < 500
    assert client.get("/login").status_code == 200
